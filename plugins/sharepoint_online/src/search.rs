//! Search over all of SharePoint.

use innkeeper_guest::prelude::*;

use crate::listing::Collection;
use crate::{ANSWER_LIMIT, GRAPH, checked, is_app_only};

pub(crate) fn action() -> Action {
    Action::new("search", search)
        .title("Search SharePoint")
        .description(
            "Finds sites, lists, list items, document libraries and files by words and properties \
                     (Keyword Query Language).",
        )
        .read()
        .tool()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Search {
    /// The query, in the Keyword Query Language: `budget filetype:xlsx`, `author:"Ada" AND title:plan`.
    #[schemars(length(max = 4096))]
    query: String,
    /// Kinds of items to find. Not all can be combined: use one, or `driveItem` with `listItem`, or `site` with `list`.
    #[serde(default = "sites")]
    #[schemars(length(min = 1, max = 5))]
    entity_types: Vec<EntityType>,
    /// The region of the tenant's data. It is required for an app without a user, and not sent for a user.
    #[serde(default)]
    region: Region,
    /// The number of results to skip, to continue after the previous page.
    #[serde(default)]
    from: u32,
    /// The maximum number of results to return.
    #[serde(default = "default_size")]
    #[schemars(range(min = 1, max = 500))]
    size: u32,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum EntityType {
    Site,
    List,
    ListItem,
    Drive,
    DriveItem,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Region {
    #[default]
    Nam,
    Eur,
    Apc,
    Lam,
    Mea,
}

fn sites() -> Vec<EntityType> {
    vec![EntityType::Site]
}

fn default_size() -> u32 {
    25
}

fn search(ctx: &Ctx, Search { query, entity_types, region, from, size }: Search) -> Result<Collection, Error> {
    if query.trim().is_empty() {
        let message =
            "search requires a query. Use getAllSites to see all sites, getDriveItems to see all files of a drive.";
        return Err(Error::invalid_input(message));
    }
    let mut request = json!({
        "entityTypes": entity_types,
        "query": { "queryString": query },
        "from": from,
        "size": size,
    });
    // Graph requires the region from an app, and refuses it from a user.
    if is_app_only(ctx) {
        request["region"] = json!(region);
    }
    let body = json!({ "requests": [request] });
    let answer = checked(ctx.post(url!(GRAPH; "/search/query")).json(&body).send()?)?;
    answer.limit(ANSWER_LIMIT).json()
}
