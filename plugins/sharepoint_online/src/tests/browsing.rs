use super::*;

const SITE_FIELDS: (&str, &str) = ("$select", "id,displayName,webUrl,siteCollection");
const FULL_SITE: (&str, &str) =
    ("$select", "id,displayName,webUrl,siteCollection,createdDateTime,lastModifiedDateTime");

#[test]
fn an_app_lists_all_sites() {
    let expected = sent("/sites/getAllSites/", &[SITE_FIELDS]);
    for app in APPS {
        for input in [json!({}), json!({ "search": "*" }), json!({ "search": "" })] {
            let called = call_by(app, "getAllSites", &input, &expected).expect("sites");
            assert_eq!(called.value["value"][0]["id"], SITE);
            assert!(called.value["@odata.context"].is_string(), "the answer is passed on unchanged");
        }
    }
}

#[test]
fn a_user_searches_for_sites() {
    for (input, words) in [(json!({}), "*"), (json!({ "search": "hr team" }), "hr team")] {
        let expected = sent("/sites", &[("search", words), SITE_FIELDS]);
        call_as(Token::User, "getAllSites", &input, &expected).expect("sites");
    }
}

#[test]
fn an_app_that_names_words_gets_what_matches_them() {
    for app in APPS {
        let expected = sent("/sites", &[("search", "hr"), SITE_FIELDS]);
        call_by(app, "getAllSites", &json!({ "search": "hr" }), &expected).expect("sites");
    }
}

#[test]
fn each_listing_asks_for_its_own_fields() {
    let cases = [
        ("getSitePages", "/pages/", "id,title,description,webUrl,createdDateTime,lastModifiedDateTime"),
        (
            "getSiteDrives",
            "/drives/",
            "id,name,driveType,webUrl,createdDateTime,lastModifiedDateTime,description,owner",
        ),
        ("getSiteLists", "/lists/", "id,displayName,name,webUrl,description,createdDateTime,lastModifiedDateTime"),
    ];
    for (action, path, fields) in cases {
        let expected = sent(&format!("{}{path}", site_path()), &[("$select", fields)]);
        let called = call(action, &json!({ "siteId": SITE }), &expected).expect("a listing");
        assert_eq!(called.value["value"].as_array().map(Vec::len), Some(1), "{action}");
    }
    let fields = "id,webUrl,createdDateTime,lastModifiedDateTime,createdBy,lastModifiedBy";
    let expected = sent(&format!("{}/lists/{LIST}/items/", site_path()), &[("$select", fields)]);
    call("getSiteListItems", &json!({ "siteId": SITE, "listId": LIST }), &expected).expect("a listing");
}

#[test]
fn a_listing_goes_on_with_the_query_of_its_link() {
    let path = format!("{}/lists/{LIST}/items/", site_path());
    let input = json!({ "siteId": SITE, "listId": LIST });
    let fields = "id,webUrl,createdDateTime,lastModifiedDateTime,createdBy,lastModifiedBy";
    let first = call("getSiteListItems", &input, &sent(&path, &[("$select", fields)])).expect("the first page");
    let next = json!({ "siteId": SITE, "listId": LIST, "nextLink": first.value["@odata.nextLink"] });
    let expected = sent(&path, &[("$select", "id"), ("$skiptoken", "UGFnZWQ9VFJVRSZwX0lEPTI=")]);
    let last = call("getSiteListItems", &next, &expected).expect("the last page");
    assert_eq!(last.value["value"], json!([]));
}

#[test]
fn a_link_leads_nowhere_but_to_the_same_listing() {
    let link = "https://graph.microsoft.com/v1.0/users?$select=id&$skiptoken=UGFnZWQ9VFJVRSZwX0lEPTI%3d";
    let expected = sent("/sites/getAllSites/", &[("$select", "id"), ("$skiptoken", "UGFnZWQ9VFJVRSZwX0lEPTI=")]);
    call("getAllSites", &json!({ "nextLink": link }), &expected).expect("the path is the action's own");
    for link in [
        "https://evil.test/v1.0/sites?$skiptoken=x",
        "https://graph.microsoft.com/v1.0/sites",
        "https://graph.microsoft.com/v1.0/sites?",
        "https://graph.microsoft.com/v1.0/sites?a#b",
        "https://graph.microsoft.com/beta/sites?$skiptoken=x",
        "https://contoso.sharepoint.com/?$skiptoken=x",
        "$skiptoken=x",
    ] {
        assert!(refused("getAllSites", &json!({ "nextLink": link })).contains("nextLink"), "{link}");
        assert!(refused("getSiteLists", &json!({ "siteId": SITE, "nextLink": link })).contains("nextLink"), "{link}");
    }
}

#[test]
fn a_page_comes_with_its_layout() {
    let path = format!("{}/pages/{PAGE}/microsoft.graph.sitePage", site_path());
    let fields = "id,title,description,webUrl,createdDateTime,lastModifiedDateTime,canvasLayout";
    let expected = sent(&path, &[("$expand", "canvasLayout"), ("$select", fields)]);
    let called = call("getSitePageContents", &json!({ "siteId": SITE, "pageId": PAGE }), &expected).expect("a page");
    assert_eq!(
        called.value.pointer("/canvasLayout/horizontalSections/0/columns/0/webparts/0/innerHtml"),
        Some(&json!("<p>Welcome</p>"))
    );
}

#[test]
fn a_site_is_found_by_id_or_by_address() {
    for (input, path) in [
        (json!({ "siteId": SITE }), site_path()),
        (json!({ "siteId": "root" }), "/sites/root".to_owned()),
        (json!({ "relativeUrl": "contoso.sharepoint.com:/sites/hr" }), hr("hr")),
        (json!({ "relativeUrl": "contoso.sharepoint.com:/sites/hr/" }), hr("hr")),
        (json!({ "relativeUrl": "contoso.sharepoint.com:/sites/hr:" }), hr("hr:")),
        (json!({ "relativeUrl": "contoso.sharepoint.com:/sites/R&D 50%" }), hr("R%26D%2050%25")),
        (json!({ "relativeUrl": "contoso.sharepoint.com" }), "/sites/contoso.sharepoint.com".to_owned()),
        (json!({ "siteId": SITE, "relativeUrl": "" }), site_path()),
        (json!({ "siteId": " ", "relativeUrl": "contoso.sharepoint.com:/sites/hr" }), hr("hr")),
    ] {
        let called = call("getSite", &input, &sent(&path, &[FULL_SITE])).expect("the site is there");
        assert_eq!(called.value["displayName"], "Human Resources", "{input}");
    }
}

fn hr(name: &str) -> String {
    format!("/sites/contoso.sharepoint.com:/sites/{name}")
}

#[test]
fn a_site_is_asked_for_in_exactly_one_way() {
    let both = json!({ "siteId": SITE, "relativeUrl": "contoso.sharepoint.com:/sites/hr" });
    for input in [json!({}), json!({ "siteId": "", "relativeUrl": " " }), both] {
        let message = refused("getSite", &input);
        assert!(message.contains("either") && message.contains("getAllSites"), "{message}");
    }
    assert!(refused("getSite", &json!({ "siteId": "" })).contains("getAllSites"));
    assert!(refused("getSite", &json!({ "relativeUrl": " " })).contains("getAllSites"));
    refused("getSite", &json!({ "siteId": SITE, "more": 1 }));
}

#[test]
fn an_address_of_a_site_cannot_become_another_path() {
    for relative in [
        "../me",
        "/sites/hr",
        "contoso.sharepoint.com:/sites/../../me",
        "contoso.sharepoint.com:/sites//hr",
        "contoso.sharepoint.com/../me",
        "contoso.sharepoint.com?x=1:/sites/hr",
        "..",
        ".:/sites",
        "https://contoso.sharepoint.com/sites/hr",
        "a@b:/sites/hr",
    ] {
        assert!(refused("getSite", &json!({ "relativeUrl": relative })).contains("relativeUrl"), "{relative}");
    }
    let escaped = sent("/sites/contoso.sharepoint.com:/sites/hr%3F%24expand%3Dlists%23", &[FULL_SITE]);
    let input = json!({ "relativeUrl": "contoso.sharepoint.com:/sites/hr?$expand=lists#" });
    assert!(matches!(call("getSite", &input, &escaped), Err(Error::NotFound(_) | Error::Upstream { .. })));
}

#[test]
fn an_empty_id_names_the_action_that_finds_it() {
    for (action, input, what, finder) in [
        ("getSitePages", json!({ "siteId": "" }), "a siteId", "getAllSites"),
        ("getSitePageContents", json!({ "siteId": "", "pageId": PAGE }), "a siteId", "getAllSites"),
        ("getSitePageContents", json!({ "siteId": SITE, "pageId": "" }), "a pageId", "getSitePages"),
        ("getSiteDrives", json!({ "siteId": " " }), "a siteId", "getAllSites"),
        ("getSiteLists", json!({ "siteId": "" }), "a siteId", "getAllSites"),
        ("getSiteListItems", json!({ "siteId": "", "listId": LIST }), "a siteId", "getAllSites"),
        ("getSiteListItems", json!({ "siteId": SITE, "listId": "" }), "a listId", "getSiteLists"),
        ("getDriveItems", json!({ "driveId": "" }), "a driveId", "getSiteDrives"),
        ("downloadDriveItem", json!({ "driveId": "", "itemId": ITEM }), "a driveId", "getSiteDrives"),
        ("downloadDriveItem", json!({ "driveId": DRIVE, "itemId": "" }), "an itemId", "getDriveItems"),
        ("downloadItemFromURL", json!({ "downloadUrl": "" }), "a downloadUrl", "getDriveItems"),
    ] {
        assert_eq!(refused(action, &input), format!("{action} requires {what}. Use {finder} to find it."));
    }
    assert!(refused("search", &json!({ "query": "" })).contains("search requires a query"));
}

#[test]
fn an_id_stays_one_segment_of_the_path() {
    for (id, segment) in
        [("../me", "..%2Fme"), ("a/b", "a%2Fb"), ("x?$top=1", "x%3F%24top%3D1"), ("%2e%2e", "%252e%252e")]
    {
        let fields = "id,title,description,webUrl,createdDateTime,lastModifiedDateTime";
        let expected = sent(&format!("/sites/{segment}/pages/"), &[("$select", fields)]);
        let error = call("getSitePages", &json!({ "siteId": id }), &expected).expect_err("no such site");
        assert!(matches!(&error, Error::NotFound(text) if text.contains(id)), "{error}");
    }
    for id in [".", ".."] {
        refused("getSitePages", &json!({ "siteId": id }));
        refused("getDriveItems", &json!({ "driveId": id }));
        refused("downloadDriveItem", &json!({ "driveId": DRIVE, "itemId": id }));
    }
    assert!(refused("getSitePages", &json!({ "siteId": "a".repeat(513) })).contains("/siteId"));
}

const ITEM_FIELDS: (&str, &str) =
    ("select", "id,name,webUrl,createdDateTime,lastModifiedDateTime,size,@microsoft.graph.downloadUrl");

#[test]
fn files_are_listed_at_the_top_or_in_a_folder() {
    for (path, segments) in [
        (None, "/root/children"),
        (Some(""), "/root/children"),
        (Some("/"), "/root/children"),
        (Some("Reports"), "/root:/Reports:/children"),
        (Some("/Reports/"), "/root:/Reports:/children"),
        (Some("Reports/2025 Q1#"), "/root:/Reports/2025%20Q1%23:/children"),
    ] {
        let mut input = json!({ "driveId": DRIVE });
        if let Some(path) = path {
            input["path"] = path.into();
        }
        let expected = sent(&format!("{}{segments}", drive_path()), &[ITEM_FIELDS]);
        let called = call("getDriveItems", &input, &expected).expect("files");
        assert_eq!(called.value["value"][0]["@microsoft.graph.downloadUrl"], service::DOWNLOAD);
    }
    for path in ["a/../b", "..", "a//b", "./a", "a\nb"] {
        assert!(refused("getDriveItems", &json!({ "driveId": DRIVE, "path": path })).contains("path"), "{path:?}");
    }
}

#[test]
fn files_of_the_next_page_are_listed_at_the_same_place() {
    let next = "https://graph.microsoft.com/v1.0/drives('d')/items('i')/children?$skiptoken=cA%3D%3D";
    let expected = sent(&format!("{}/root:/Reports:/children", drive_path()), &[("$skiptoken", "cA==")]);
    let input = json!({ "driveId": DRIVE, "path": "Reports", "nextLink": next });
    assert_eq!(call("getDriveItems", &input, &expected).expect("the last page").value, json!({ "value": [] }));
}

#[test]
fn the_check_asks_for_the_root_site() {
    let root = sent("/sites/root", &[("$select", "displayName")]);
    let ctx = connection(Token::App).on(get(&root.url)).reply_with(service::answer(&root, Token::App)).into_ctx();
    let said = ctx.check(connector).expect("connected");
    assert_eq!(said, "Connected to SharePoint Online: the root site is Human Resources");
    assert_eq!(ctx.sent(), [root]);
}

#[test]
fn the_check_tells_selected_sites_from_no_permission() {
    let check =
        |answer| connection(Token::App).on(get(format!("{GRAPH}/sites/root"))).reply_with(answer).check(connector);
    let selected = check(service::refusal(403, "accessDenied", "Access denied")).expect("the token was accepted");
    assert!(selected.contains("Sites.Selected") && selected.contains("Access denied"), "{selected}");
    let message = "Either scp or roles claim need to be present in the token.";
    for (code, message) in [
        ("AccessDenied", message),
        ("accessDenied", message),
        ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
        ("notAllowed", "The account is locked."),
    ] {
        assert_eq!(check(service::refusal(403, code, message)), Err(Error::denied(format!("{message} ({code})"))));
    }
    let of_a_proxy = Answer::new(403).body("accessDenied", "text/plain");
    assert_eq!(check(of_a_proxy), Err(Error::denied("accessDenied")));
    let expired = service::refusal(401, "InvalidAuthenticationToken", "Lifetime validation failed.");
    assert_eq!(check(expired), Err(Error::NeedsAuthorization));
}

#[test]
fn refusals_become_typed_errors_with_graphs_words() {
    let cases = [
        (service::refusal(401, "InvalidAuthenticationToken", "Expired."), Error::NeedsAuthorization),
        (service::refusal(403, "accessDenied", "Access denied"), Error::denied("Access denied (accessDenied)")),
        (service::refusal(404, "itemNotFound", "Gone."), Error::not_found("Gone. (itemNotFound)")),
        (
            service::refusal(429, "activityLimitReached", "Slow.").header("Retry-After", "12"),
            Error::RateLimited(Some(12)),
        ),
        (service::refusal(400, "invalidRequest", ""), Error::upstream(400, "invalidRequest")),
        (service::refusal(503, "serviceNotAvailable", "Busy."), Error::upstream(503, "Busy. (serviceNotAvailable)")),
        (Answer::new(502).body("<html>", "text/html"), Error::upstream(502, "status 502")),
    ];
    for (answer, expected) in cases {
        let script = connection(Token::App).on(get(format!("{GRAPH}/sites/getAllSites/"))).reply_with(answer);
        assert_eq!(script.call(connector, "getAllSites", &json!({})).expect_err("a refusal"), expected);
    }
    let script =
        connection(Token::App).on(get(format!("{GRAPH}/sites/getAllSites/"))).fail(HttpError::Connect("reset".into()));
    assert!(matches!(script.call(connector, "getAllSites", &json!({})), Err(Error::Upstream { status: 502, .. })));
}
