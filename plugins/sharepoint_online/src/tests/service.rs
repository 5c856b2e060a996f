//! A small Microsoft Graph and SharePoint that refuse what the real ones refuse: <https://learn.microsoft.com/graph/api>.

use innkeeper_guest::testing::{Answer, Sent};
use innkeeper_guest::{Value, json};
use percent_encoding::percent_decode_str;

pub(super) const SITE: &str =
    "contoso.sharepoint.com,2c712604-1370-44e7-a1f5-426573fda80a,2d2244c3-251a-49ea-93a8-39e1c3a060fe";
pub(super) const PAGE: &str = "9334f90a-75e5-41f9-b3ef-d7b2a8f4c6d1";
pub(super) const LIST: &str = "3f1d5a60-9c0b-4d0a-8c7e-3a1f5f4b1b11";
pub(super) const DRIVE: &str = "b!t18F8ybsHUq1z3LTz8xvZqP8zaSWjkFNhsME-Fepo75dTf9vQKfeRblBZjoSQrd7";
pub(super) const ITEM: &str = "01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK";
pub(super) const FILE: &str = "Größe: 42\n";
pub(super) const DOWNLOAD: &str =
    "https://contoso.sharepoint.com/sites/hr/_layouts/15/download.aspx?UniqueId=b60cd9a4&tempauth=v1.eyJz%2Fw.e30";

/// Whose token it is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Token {
    App,
    User,
}

/// What the service answers at the end of the redirects that the host follows.
pub(super) fn answer(request: &Sent, token: Token) -> Answer {
    let respond = if request.url.starts_with("https://graph.microsoft.com/") { graph } else { sharepoint };
    respond(request, token).unwrap_or_else(|refusal| refusal)
}

/// An error in Graph's form.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let inner = json!({ "date": "2025-09-03T10:00:00", "request-id": PAGE, "client-request-id": PAGE });
    Answer::json(status, &json!({ "error": { "code": code, "message": message, "innerError": inner } }))
}

fn graph(request: &Sent, token: Token) -> Result<Answer, Answer> {
    if !request.with_credential {
        return Err(refusal(401, "InvalidAuthenticationToken", "Access token is empty."));
    }
    let unknown = || refusal(400, "BadRequest", "Resource not found for the segment.");
    let path = request.url.strip_prefix("https://graph.microsoft.com/v1.0/").ok_or_else(unknown)?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<_> = path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let body = match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["sites", "getAllSites"]) if token == Token::User => {
            return Err(refusal(403, "accessDenied", "This operation supports application permissions only."));
        }
        ("GET", ["sites", "getAllSites"]) => listing(request, &SITE_FIELDS, &site(), "sites/getAllSites", &[])?,
        ("GET", ["sites"]) if request.query("search").is_some() => {
            listing(request, &SITE_FIELDS, &site(), "sites", &["search"])?
        }
        (
            "GET",
            ["sites", "root" | "contoso.sharepoint.com"]
            | ["sites", "contoso.sharepoint.com:", "sites", "hr" | "hr:" | "R&D 50%"],
        ) => {
            selected(request, &SITE_FIELDS, &[])?;
            site()
        }
        ("GET", ["sites", id]) => {
            known(id, SITE, "site")?;
            selected(request, &SITE_FIELDS, &[])?;
            site()
        }
        ("GET", ["sites", id, rest @ ..]) => {
            known(id, SITE, "site")?;
            of_site(request, rest)?
        }
        ("GET", ["drives", id, rest @ ..]) => {
            known(id, DRIVE, "drive")?;
            return of_drive(request, rest);
        }
        ("GET", ["me"]) => json!({ "displayName": "Ada" }),
        ("POST", ["search", "query"]) => search(request, token)?,
        ("POST", ["sites", id, "lists"]) => {
            known(id, SITE, "site")?;
            return Ok(Answer::json(201, &json!({ "id": LIST, "displayName": json_body(request)?["displayName"] })));
        }
        _ => return Err(unknown()),
    };
    Ok(Answer::json(200, &body))
}

const SITE_FIELDS: [&str; 6] =
    ["id", "displayName", "webUrl", "siteCollection", "createdDateTime", "lastModifiedDateTime"];

fn of_site(request: &Sent, path: &[&str]) -> Result<Value, Answer> {
    const PAGE_FIELDS: [&str; 7] =
        ["id", "title", "description", "webUrl", "createdDateTime", "lastModifiedDateTime", "canvasLayout"];
    let dated = json!({ "id": PAGE, "webUrl": "https://contoso.sharepoint.com/sites/hr", "createdDateTime": "2025-01-01T00:00:00Z" });
    match path {
        ["pages"] => listing(request, &PAGE_FIELDS[..6], &dated, "sites/s/pages", &[]),
        ["pages", id, "microsoft.graph.sitePage"] => {
            known(id, PAGE, "page")?;
            selected(request, &PAGE_FIELDS, &["$expand"])?;
            let expands = request.query("$expand") == Some("canvasLayout");
            let part = json!({ "@odata.type": "#microsoft.graph.textWebPart", "innerHtml": "<p>Welcome</p>" });
            let canvas = json!({ "horizontalSections": [{ "columns": [{ "webparts": [part] }] }] });
            Ok(json!({ "id": PAGE, "title": "Home", "canvasLayout": if expands { canvas } else { Value::Null } }))
        }
        ["drives"] => {
            let fields = "id name driveType webUrl createdDateTime lastModifiedDateTime description owner";
            let fields: Vec<_> = fields.split(' ').collect();
            let drive = json!({ "id": DRIVE, "name": "Documents", "driveType": "documentLibrary" });
            listing(request, &fields, &drive, "sites/s/drives", &[])
        }
        ["lists"] => {
            let fields =
                ["id", "displayName", "name", "webUrl", "description", "createdDateTime", "lastModifiedDateTime"];
            listing(request, &fields, &json!({ "id": LIST, "displayName": "Tasks" }), "sites/s/lists", &[])
        }
        ["lists", id, "items"] => {
            known(id, LIST, "list")?;
            let fields = ["id", "webUrl", "createdDateTime", "lastModifiedDateTime", "createdBy", "lastModifiedBy"];
            listing(request, &fields, &json!({ "id": "1" }), "sites/s/lists/l/items", &["$expand"])
        }
        _ => Err(refusal(400, "BadRequest", "Resource not found for the segment.")),
    }
}

fn of_drive(request: &Sent, path: &[&str]) -> Result<Answer, Answer> {
    match path {
        ["root", "children"]
        | ["root:", "Reports" | "Reports:", "children"]
        | ["root:", "Reports", "2025 Q1#:", "children"] => {
            let names = ["$select", "$skiptoken", "select"];
            if let Some((name, _)) = request.query.iter().find(|(name, _)| !names.contains(&name.as_str())) {
                return Err(refusal(400, "invalidRequest", &format!("The query parameter '{name}' is not supported.")));
            }
            if request.query("$select").is_some_and(|fields| fields.contains('@')) {
                return Err(refusal(400, "BadRequest", "Parsing OData Select and Expand failed: Term is not valid."));
            }
            let fields = request.query("select").or(request.query("$skiptoken"));
            let fields = fields.ok_or_else(|| refusal(400, "invalidRequest", "The test selects its fields."))?;
            let mut item =
                json!({ "id": ITEM, "name": "sizes.txt", "size": FILE.len(), "file": { "mimeType": "text/plain" } });
            if fields.contains("@microsoft.graph.downloadUrl") {
                item["@microsoft.graph.downloadUrl"] = DOWNLOAD.into();
            }
            let next = "https://graph.microsoft.com/v1.0/drives('d')/items('i')/children?$skiptoken=cA%3D%3D";
            let mut body = json!({ "value": [item], "@odata.nextLink": next });
            if request.query("$skiptoken") == Some("cA==") {
                body = json!({ "value": [] });
            }
            Ok(Answer::json(200, &body))
        }
        ["items", id, "content"] => {
            known(id, ITEM, "item")?;
            Ok(file())
        }
        _ => Err(refusal(404, "itemNotFound", "The resource could not be found.")),
    }
}

/// A listing of two pages; the link to the second has another form than the address of the first.
fn listing(request: &Sent, fields: &[&str], item: &Value, path: &str, others: &[&str]) -> Result<Value, Answer> {
    let context = format!("https://graph.microsoft.com/v1.0/$metadata#{path}");
    match request.query("$skiptoken") {
        None => {
            selected(request, fields, others)?;
            let next =
                format!("https://graph.microsoft.com/v1.0/{path}?$select=id&$skiptoken=UGFnZWQ9VFJVRSZwX0lEPTI%3d");
            Ok(json!({ "@odata.context": context, "value": [item], "@odata.nextLink": next }))
        }
        Some("UGFnZWQ9VFJVRSZwX0lEPTI=") => Ok(json!({ "@odata.context": context, "value": [] })),
        Some(_) => Err(refusal(400, "invalidRequest", "The skip token is malformed.")),
    }
}

fn selected(request: &Sent, fields: &[&str], others: &[&str]) -> Result<(), Answer> {
    for (name, value) in &request.query {
        match name.as_str() {
            "$select" => {
                if let Some(field) = value.split(',').find(|field| !fields.contains(field)) {
                    let message = format!("Could not find a property named '{field}' on the type.");
                    return Err(refusal(400, "BadRequest", &message));
                }
            }
            name if others.contains(&name) => {}
            name => {
                let message = format!("The query parameter '{name}' is not supported.");
                return Err(refusal(400, "invalidRequest", &message));
            }
        }
    }
    Ok(())
}

fn search(request: &Sent, token: Token) -> Result<Value, Answer> {
    let invalid = |message: &str| refusal(400, "BadRequest", &format!("SearchRequest Invalid ({message})"));
    let body = json_body(request)?;
    let [search] = body["requests"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(invalid("Exactly one request is expected."));
    };
    let fields = search.as_object().ok_or_else(|| invalid("A request is an object."))?;
    let known = ["entityTypes", "query", "region", "from", "size"];
    if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(invalid(&format!("Unknown property {name}.")));
    }
    let kinds = search["entityTypes"].as_array().filter(|kinds| !kinds.is_empty());
    let all = ["site", "list", "listItem", "drive", "driveItem"];
    if !kinds.is_some_and(|kinds| kinds.iter().all(|kind| kind.as_str().is_some_and(|kind| all.contains(&kind)))) {
        return Err(invalid("entityTypes"));
    }
    match (token, search["region"].as_str()) {
        (Token::App, None) => return Err(invalid("Region is required when request with application permission.")),
        (Token::User, Some(_)) => {
            return Err(invalid("Region is not supported when request with delegated permission."));
        }
        (Token::App, Some(region)) if !["NAM", "EUR", "APC", "LAM", "MEA"].contains(&region) => {
            return Err(invalid("Requested region is not valid."));
        }
        _ => {}
    }
    let words = search["query"]["queryString"].as_str().filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| invalid("queryString"))?;
    let size = search.get("size").map_or(Some(25), Value::as_u64).filter(|size| (1..=500).contains(size));
    size.ok_or_else(|| invalid("The size is out of range."))?;
    search.get("from").map_or(Some(0), Value::as_u64).ok_or_else(|| invalid("from"))?;
    let hit =
        json!({ "hitId": SITE, "rank": 1, "summary": "", "resource": { "@odata.type": "#microsoft.graph.site" } });
    let container = json!({ "hits": [hit], "total": 1, "moreResultsAvailable": false });
    Ok(json!({ "value": [{ "searchTerms": [words], "hitsContainers": [container] }] }))
}

/// Pre-signed addresses: SharePoint refuses a token of Graph, and whoever comes without permission in the address.
fn sharepoint(request: &Sent, _: Token) -> Result<Answer, Answer> {
    if request.with_credential {
        return Err(Answer::new(401).header("WWW-Authenticate", "Bearer realm=\"contoso\""));
    }
    if request.method != "GET" || request.query("tempauth").is_none() {
        return Err(Answer::new(302).header("Location", "/_forms/default.aspx?ReturnUrl=%2f"));
    }
    Ok(file())
}

fn file() -> Answer {
    let name = "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%2F1.txt";
    Answer::new(200).body(FILE, "text/plain").header("Content-Disposition", name)
}

fn site() -> Value {
    json!({
        "id": SITE,
        "displayName": "Human Resources",
        "webUrl": "https://contoso.sharepoint.com/sites/hr",
        "siteCollection": { "hostname": "contoso.sharepoint.com" },
    })
}

fn known(id: &str, known: &str, what: &str) -> Result<(), Answer> {
    if id == known {
        return Ok(());
    }
    Err(refusal(404, "itemNotFound", &format!("The {what} with ID {id} could not be found.")))
}

fn json_body(request: &Sent) -> Result<Value, Answer> {
    let body = request.json().filter(|_| request.header("content-type") == Some("application/json"));
    body.ok_or_else(|| refusal(400, "BadRequest", "Unable to read JSON request payload."))
}
