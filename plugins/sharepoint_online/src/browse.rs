//! Browsing: sites, pages, lists, document libraries and their contents.

use innkeeper_guest::Address;
use innkeeper_guest::prelude::*;

use crate::address::is_relative;
use crate::ids::Ids;
use crate::listing::{Collection, list};
use crate::{ANSWER_LIMIT, GRAPH, checked, given, is_app_only};

/// In the order from the top down.
pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("getAllSites", get_all_sites)
            .title("List sites")
            .description(
                "Lists the SharePoint sites that this connection may see, with the ids that other actions take. \
                     For an app without a user, these are all sites; for a user, those that match `search`.",
            )
            .read()
            .tool(),
        Action::new("getSitePages", get_site_pages)
            .title("List pages of a site")
            .description(
                "Lists the pages of a site: ids, titles, descriptions, addresses. Their text comes from \
                     getSitePageContents.",
            )
            .read()
            .tool(),
        Action::new("getSitePageContents", get_site_page_contents)
            .title("Read a page")
            .description(
                "Returns a page of a site with its canvas layout: sections, columns and web parts, texts as HTML.",
            )
            .read()
            .tool(),
        Action::new("getSite", get_site)
            .title("Get a site")
            .description("Returns name, address, dates and id of one site, by its id or by host and path.")
            .read()
            .tool(),
        Action::new("getSiteDrives", get_site_drives)
            .title("List document libraries")
            .description(
                "Lists the document libraries (drives) of a site, with the drive ids that getDriveItems and \
                     downloadDriveItem take.",
            )
            .read()
            .tool(),
        Action::new("getSiteLists", get_site_lists)
            .title("List lists of a site")
            .description("Returns the lists of a site, with the list ids that getSiteListItems takes.")
            .read()
            .tool(),
        Action::new("getSiteListItems", get_site_list_items)
            .title("List items of a list")
            .description(
                "Returns the items of a list: ids, addresses, dates, and who created and changed them. Column \
                     values come from callGraphAPI with `$expand=fields`.",
            )
            .read()
            .tool(),
        Action::new("getDriveItems", get_drive_items)
            .title("List files and folders")
            .description(
                "Lists files and folders in the root or a folder of a document library: ids, names, sizes, dates \
                     and, for files, a download address that works for about an hour.",
            )
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AllSites {
    /// Only sites that match these words. Use `*` or nothing for all.
    search: Option<String>,
    /// `@odata.nextLink` from the previous page, unchanged.
    #[schemars(length(max = 8192))]
    next_link: Option<String>,
}

/// Graph lists all sites only to an app, and lets a user search for those that the user may see.
fn get_all_sites(ctx: &Ctx, input: AllSites) -> Result<Collection, Error> {
    let select = ("$select", "id,displayName,webUrl,siteCollection");
    let words = given(input.search).filter(|words| words.trim() != "*");
    let next = given(input.next_link);
    match words {
        None if is_app_only(ctx) => list(ctx, &url!(GRAPH; "/sites/getAllSites/"), &[select], next),
        words => {
            let words = words.as_deref().unwrap_or("*");
            list(ctx, &url!(GRAPH; "/sites"), &[("search", words), select], next)
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfSite {
    /// The id of the site, such as `contoso.sharepoint.com,<GUID>,<GUID>`: getAllSites finds it. `root` is the root
    /// site.
    #[schemars(length(max = 512))]
    site_id: String,
    /// `@odata.nextLink` from the previous page, unchanged.
    #[schemars(length(max = 8192))]
    next_link: Option<String>,
}

fn get_site_pages(ctx: &Ctx, input: OfSite) -> Result<Collection, Error> {
    let site = Ids("getSitePages").site(&input.site_id)?;
    let select = "id,title,description,webUrl,createdDateTime,lastModifiedDateTime";
    list(ctx, &url!(GRAPH; "/sites/{}/pages/", site), &[("$select", select)], given(input.next_link))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PageContents {
    /// The id of the site: getAllSites finds it.
    #[schemars(length(max = 512))]
    site_id: String,
    /// The id of the page: getSitePages finds it.
    #[schemars(length(max = 512))]
    page_id: String,
}

fn get_site_page_contents(ctx: &Ctx, PageContents { site_id, page_id }: PageContents) -> Result<Value, Error> {
    let ids = Ids("getSitePageContents");
    let (site, page) = (ids.site(&site_id)?, ids.page(&page_id)?);
    let request = ctx
        .get(url!(GRAPH; "/sites/{}/pages/{}/microsoft.graph.sitePage", site, page))
        .query("$expand", "canvasLayout")
        .query("$select", "id,title,description,webUrl,createdDateTime,lastModifiedDateTime,canvasLayout");
    checked(request.send()?)?.limit(ANSWER_LIMIT).json()
}

/// A schema without alternatives at its top level, because many language models accept no other.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetSite {
    /// The id of the site: getAllSites finds it. Give either this or `relativeUrl`.
    #[schemars(length(max = 512))]
    site_id: Option<String>,
    /// The host and path of the site, `contoso.sharepoint.com:/sites/hr`. Give either this or `siteId`.
    #[schemars(length(max = 2048))]
    relative_url: Option<String>,
}

fn get_site(ctx: &Ctx, input: GetSite) -> Result<Value, Error> {
    let address = match (given(input.site_id), given(input.relative_url)) {
        (Some(id), None) => url!(GRAPH; "/sites/{}", Ids("getSite").site(&id)?),
        (None, Some(relative)) => site_at(&relative)?,
        _ => {
            let message =
                "getSite requires either a siteId or a relativeUrl, and not both. Use getAllSites to find one.";
            return Err(Error::invalid_input(message));
        }
    };
    let select = "id,displayName,webUrl,siteCollection,createdDateTime,lastModifiedDateTime";
    checked(ctx.get(address).query("$select", select).send()?)?.limit(ANSWER_LIMIT).json()
}

/// `host:/path`, `host:/path:` or only `host`, where the colons are Graph's and the path is encoded.
fn site_at(relative: &str) -> Result<Address, Error> {
    let relative = relative.trim();
    let (host, path) = relative.split_once(":/").unwrap_or((relative, ""));
    let is_host = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let (path, end) = path.strip_suffix(':').map_or((path, ""), |path| (path, ":"));
    let path = path.trim_end_matches('/');
    if !is_host(host) || host.starts_with('.') || (!path.is_empty() && !is_relative(path)) {
        let message = format!("relativeUrl: `{relative}` is not of the form contoso.sharepoint.com:/sites/hr");
        return Err(Error::invalid_input(message));
    }
    Ok(match (path, end) {
        ("", _) => url!(GRAPH; "/sites/{}", host),
        (path, "") => url!(GRAPH; "/sites/{}:/{*}", host, path),
        (path, _) => url!(GRAPH; "/sites/{}:/{*}:", host, path),
    })
}

fn get_site_drives(ctx: &Ctx, input: OfSite) -> Result<Collection, Error> {
    let site = Ids("getSiteDrives").site(&input.site_id)?;
    let select = "id,name,driveType,webUrl,createdDateTime,lastModifiedDateTime,description,owner";
    list(ctx, &url!(GRAPH; "/sites/{}/drives/", site), &[("$select", select)], given(input.next_link))
}

fn get_site_lists(ctx: &Ctx, input: OfSite) -> Result<Collection, Error> {
    let site = Ids("getSiteLists").site(&input.site_id)?;
    let select = "id,displayName,name,webUrl,description,createdDateTime,lastModifiedDateTime";
    list(ctx, &url!(GRAPH; "/sites/{}/lists/", site), &[("$select", select)], given(input.next_link))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListItems {
    /// The id of the site: getAllSites finds it.
    #[schemars(length(max = 512))]
    site_id: String,
    /// The id of the list: getSiteLists finds it.
    #[schemars(length(max = 512))]
    list_id: String,
    /// `@odata.nextLink` from the previous page, unchanged.
    #[schemars(length(max = 8192))]
    next_link: Option<String>,
}

fn get_site_list_items(ctx: &Ctx, input: ListItems) -> Result<Collection, Error> {
    let ids = Ids("getSiteListItems");
    let (site, of) = (ids.site(&input.site_id)?, ids.list(&input.list_id)?);
    let select = "id,webUrl,createdDateTime,lastModifiedDateTime,createdBy,lastModifiedBy";
    list(ctx, &url!(GRAPH; "/sites/{}/lists/{}/items/", site, of), &[("$select", select)], given(input.next_link))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DriveItems {
    /// The id of the document library (drive): getSiteDrives finds it.
    #[schemars(length(max = 512))]
    drive_id: String,
    /// The folder within the drive, such as `Reports/2025`. The default is the root of the drive.
    #[schemars(length(max = 2048))]
    path: Option<String>,
    /// `@odata.nextLink` from the previous page, unchanged.
    #[schemars(length(max = 8192))]
    next_link: Option<String>,
}

fn get_drive_items(ctx: &Ctx, input: DriveItems) -> Result<Collection, Error> {
    let drive = Ids("getDriveItems").drive(&input.drive_id)?;
    let path = input.path.as_deref().unwrap_or_default().trim().trim_matches('/');
    let address = if path.is_empty() {
        url!(GRAPH; "/drives/{}/root/children", drive)
    } else if is_relative(path) {
        url!(GRAPH; "/drives/{}/root:/{*}:/children", drive, path)
    } else {
        let message = "path: separate the names of folders with single slashes, without `.` and `..`";
        return Err(Error::invalid_input(message));
    };
    // `$select` refuses the name of an annotation; Graph accepts it without the dollar sign.
    let select = "id,name,webUrl,createdDateTime,lastModifiedDateTime,size,@microsoft.graph.downloadUrl";
    list(ctx, &address, &[("select", select)], given(input.next_link))
}
