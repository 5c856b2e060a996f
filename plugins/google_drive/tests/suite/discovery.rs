//! Google's own description of the Drive API, and whether a request or an answer agrees with it.
//!
//! `drive.v3.json` is `googleapiclient/discovery_cache/documents/drive.v3.json` of the Python package
//! `google-api-python-client` (Copyright Google LLC, Apache License 2.0), unchanged. `docs/connectors/google_drive.md`
//! says how to take a newer one.

use std::sync::LazyLock;

use innkeeper_guest::Value;
use innkeeper_guest::serde_json::{self, Map, json};
use innkeeper_guest::testing::{Sent, SentBody};

use super::field_mask::{self, Field};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../drive.v3.json")).expect("the document is JSON"));

/// What in this request Google's description does not know or forbids, a line each. `scopes` are those that the
/// connection was granted.
pub(super) fn mistakes_of_request(sent: &Sent, scopes: &[&str]) -> Vec<String> {
    let Some(method) = method_of(sent) else { return vec![format!("{} {} is no method", sent.method, sent.url)] };
    let mut mistakes = Vec::new();
    if !sent.with_credential {
        mistakes.push("the credential is left out".to_owned());
    }
    if !texts(&method["scopes"]).any(|scope| scopes.contains(&scope)) {
        mistakes.push(format!("{} is not opened by the scopes {scopes:?}", method["id"]));
    }
    if method.get("request").is_none() && sent.body != SentBody::Empty {
        mistakes.push("there is a body".to_owned());
    }
    let is_media = sent.query("alt") == Some("media");
    if is_media && method["supportsMediaDownload"] != true {
        mistakes.push(format!("{} has no media to download", method["id"]));
    }
    for (index, (name, value)) in sent.query.iter().enumerate() {
        if sent.query[..index].iter().any(|(other, _)| other == name) {
            mistakes.push(format!("`{name}` is there twice"));
        }
        let own = method["parameters"].get(name).filter(|parameter| parameter["location"] == "query");
        match own.or_else(|| DOCUMENT["parameters"].get(name)) {
            Some(parameter) => mistakes.extend(mistake_of_value(name, value, parameter)),
            None => mistakes.push(format!("{} has no parameter `{name}`", method["id"])),
        }
    }
    for (name, parameter) in method["parameters"].as_object().into_iter().flatten() {
        if parameter["location"] == "query" && parameter["required"] == true && sent.query(name).is_none() {
            mistakes.push(format!("`{name}` is required"));
        }
    }
    match sent.query("fields").map(field_mask::parse) {
        Some(Ok(mask)) if !is_media && method.get("response").is_some() => {
            mistakes.extend(unknown_fields(&mask, &method["response"], ""));
        }
        Some(Ok(_)) => mistakes.push("`fields` says nothing about bytes".to_owned()),
        Some(Err(mistake)) => mistakes.push(mistake),
        // The one method without usual fields; its description says so.
        None if method["id"] == "drive.about.get" => mistakes.push("`fields` is required".to_owned()),
        None => {}
    }
    mistakes
}

/// What in this answer of a method (`drive.files.list`) is not as Google describes it.
pub(super) fn mistakes_of_answer(method_id: &str, answer: &Value) -> Vec<String> {
    let Some(method) = methods(&DOCUMENT["resources"]).into_iter().find(|method| method["id"] == method_id) else {
        return vec![format!("there is no method {method_id}")];
    };
    let Some(response) = method.get("response") else { return vec![format!("{method_id} answers no JSON")] };
    let mut schema = to_json_schema(response);
    schema["$defs"] = Value::Object(all_schemas());
    let validator = jsonschema::draft202012::new(&schema).expect("the converted schema is one");
    validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The method that a request is for: of several whose path fits, the one with the fewest parameters in it.
fn method_of(sent: &Sent) -> Option<&'static Value> {
    let path = sent.url.strip_prefix(DOCUMENT["baseUrl"].as_str()?)?;
    let fits = |method: &&Value| method["httpMethod"] == sent.method.as_str() && path_fits(text(&method["path"]), path);
    methods(&DOCUMENT["resources"])
        .into_iter()
        .filter(fits)
        .min_by_key(|method| text(&method["path"]).matches('{').count())
}

fn methods(resources: &'static Value) -> Vec<&'static Value> {
    let mut found = Vec::new();
    for resource in resources.as_object().into_iter().flat_map(Map::values) {
        found.extend(resource["methods"].as_object().into_iter().flat_map(Map::values));
        found.extend(resource.get("resources").into_iter().flat_map(methods));
    }
    found
}

fn path_fits(template: &str, path: &str) -> bool {
    let (mut templates, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (templates.next(), segments.next()) {
            (None, None) => return true,
            (Some(template), Some(segment)) if template.starts_with('{') && !segment.is_empty() => {}
            (Some(template), Some(segment)) if template == segment => {}
            _ => return false,
        }
    }
}

fn mistake_of_value(name: &str, value: &str, parameter: &Value) -> Option<String> {
    if parameter["deprecated"] == true {
        return Some(format!("`{name}` is deprecated"));
    }
    if parameter.get("enum").is_some() && !texts(&parameter["enum"]).any(|known| known == value) {
        return Some(format!("`{name}` cannot be `{value}`"));
    }
    // Google tells the keys of a sort order in prose only.
    if name == "orderBy" {
        let is_known = |key: &str| text(&parameter["description"]).contains(&format!("`{key}`: "));
        let mut keys = value.split(',').map(|key| key.trim().trim_end_matches(" desc"));
        return keys.find(|key| !is_known(key)).map(|key| format!("`{key}` is no sort key"));
    }
    let fits = match text(&parameter["type"]) {
        "boolean" => matches!(value, "true" | "false"),
        "integer" => {
            let bound = |bound: &str| parameter[bound].as_str().and_then(|bound| bound.parse::<i64>().ok());
            value.parse::<i64>().is_ok_and(|number| {
                bound("minimum").is_none_or(|least| number >= least)
                    && bound("maximum").is_none_or(|most| number <= most)
            })
        }
        "string" => true,
        _ => false,
    };
    (!fits).then(|| format!("`{name}` cannot be `{value}`"))
}

fn unknown_fields(mask: &[Field], schema: &'static Value, place: &str) -> Vec<String> {
    let schema = resolved(schema);
    let mut unknown = Vec::new();
    for Field { name, within } in mask {
        let place = format!("{place}/{name}");
        match (name.as_str(), schema["properties"].get(name).or_else(|| schema.get("additionalProperties"))) {
            ("*", _) if within.is_empty() => {}
            (_, Some(property)) => unknown.extend(unknown_fields(within, property, &place)),
            _ => unknown.push(format!("there is no field {place}")),
        }
    }
    unknown
}

/// What a `$ref` leads to; of an array, its items.
fn resolved(schema: &'static Value) -> &'static Value {
    match (schema.get("$ref").and_then(Value::as_str), schema.get("items")) {
        (Some(name), _) => resolved(&DOCUMENT["schemas"][name]),
        (None, Some(items)) => resolved(items),
        (None, None) => schema,
    }
}

fn all_schemas() -> Map<String, Value> {
    let schemas = DOCUMENT["schemas"].as_object().into_iter().flatten();
    schemas.map(|(name, schema)| (name.clone(), to_json_schema(schema))).collect()
}

/// Google writes JSON Schema draft 3 with formats of its own. A field that is not described is a mistake here.
fn to_json_schema(schema: &Value) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return json!({ "$ref": format!("#/$defs/{name}") });
    }
    let mut converted = Map::new();
    if let Some(kind) = schema.get("type").filter(|kind| **kind != "any") {
        converted.insert("type".to_owned(), kind.clone());
    }
    if let Some(choices) = schema.get("enum") {
        converted.insert("enum".to_owned(), choices.clone());
    }
    let pattern = match text(&schema["format"]) {
        "int64" | "uint64" => Some(r"^-?\d+$"),
        "date-time" | "google-datetime" => Some(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"),
        _ => None,
    };
    if let Some(pattern) = pattern.filter(|_| schema["type"] == "string") {
        converted.insert("pattern".to_owned(), pattern.into());
    }
    if let Some(items) = schema.get("items") {
        converted.insert("items".to_owned(), to_json_schema(items));
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let properties = properties.iter().map(|(name, schema)| (name.clone(), to_json_schema(schema))).collect();
        converted.insert("properties".to_owned(), Value::Object(properties));
        converted.insert("additionalProperties".to_owned(), false.into());
    }
    if let Some(others) = schema.get("additionalProperties") {
        converted.insert("additionalProperties".to_owned(), to_json_schema(others));
    }
    Value::Object(converted)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn sent(method: &str, path: &str, query: &[(&str, &str)]) -> Sent {
    Sent {
        method: method.to_owned(),
        url: format!("https://www.googleapis.com/drive/v3/{path}"),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers: Vec::new(),
        body: SentBody::Empty,
        with_credential: true,
        follows_redirects: true,
        timeout: None,
    }
}

#[test]
fn a_good_request_has_no_mistakes() {
    let scopes = ["https://www.googleapis.com/auth/drive.readonly"];
    for sent in [
        sent(
            "GET",
            "files",
            &[
                ("pageSize", "1000"),
                ("orderBy", "folder,name desc"),
                ("fields", "files(owners(me), labelInfo/labels(id))"),
            ],
        ),
        sent("GET", "files/a%2Fb", &[("alt", "media"), ("acknowledgeAbuse", "true")]),
        sent("GET", "files/a", &[("fields", "exportLinks/whatever,capabilities/canEdit")]),
        sent("GET", "files/a/export", &[("mimeType", "text/csv")]),
        sent("GET", "about", &[("fields", "*")]),
    ] {
        assert_eq!(mistakes_of_request(&sent, &scopes), Vec::<String>::new(), "{sent}");
    }
}

#[test]
fn each_kind_of_mistake_in_a_request_is_found() {
    let scopes = ["https://www.googleapis.com/auth/drive.metadata.readonly"];
    for (method, path, query, mistake) in [
        ("GET", "file", &[][..], "no method"),
        ("GET", "files/", &[], "no method"),
        ("PUT", "files/a", &[], "no method"),
        ("GET", "files/a/export", &[("mimeType", "text/csv")], "not opened by the scopes"),
        ("GET", "files/generateIds", &[("supportsAllDrives", "true")], "no parameter `supportsAllDrives`"),
        ("GET", "files", &[("alt", "media")], "no media"),
        ("GET", "files", &[("alt", "xml")], "`alt` cannot be `xml`"),
        ("GET", "files", &[("query", "x")], "no parameter `query`"),
        ("GET", "files", &[("q", "x"), ("q", "y")], "twice"),
        ("GET", "files", &[("pageSize", "1001")], "`pageSize` cannot be `1001`"),
        ("GET", "files", &[("pageSize", "0")], "`pageSize` cannot be `0`"),
        ("GET", "files", &[("pageSize", "many")], "`pageSize` cannot be `many`"),
        ("GET", "files", &[("supportsAllDrives", "yes")], "`supportsAllDrives` cannot be `yes`"),
        ("GET", "files", &[("supportsTeamDrives", "true")], "deprecated"),
        ("GET", "files", &[("orderBy", "colour desc")], "no sort key"),
        ("GET", "files", &[("fields", "files(id, title)")], "no field /files/title"),
        ("GET", "files", &[("fields", "files(id")], "not closed"),
        ("GET", "files/a", &[("fields", "owners/email")], "no field /owners/email"),
        ("GET", "files/a", &[("fields", "name"), ("alt", "media")], "nothing about bytes"),
        ("GET", "files/a/export", &[], "`mimeType` is required"),
        ("GET", "about", &[], "`fields` is required"),
    ] {
        let found = mistakes_of_request(&sent(method, path, query), &scopes).join("; ");
        assert!(found.contains(mistake), "{method} {path} {query:?}: expected `{mistake}`, found `{found}`");
    }
    let bare = Sent { with_credential: false, body: SentBody::Bytes(b"{}".to_vec()), ..sent("GET", "files", &[]) };
    assert_eq!(mistakes_of_request(&bare, &scopes), ["the credential is left out", "there is a body"]);
}

#[test]
fn an_answer_that_google_would_not_give_is_found() {
    let good = json!({ "files": [{ "id": "1", "size": "12", "createdTime": "2025-01-02T03:04:05.000Z" }] });
    assert_eq!(mistakes_of_answer("drive.files.list", &good), Vec::<String>::new());
    for bad in [
        json!({ "files": [{ "title": "x" }] }),
        json!({ "files": [{ "size": 12 }] }),
        json!({ "files": [{ "size": "big" }] }),
        json!({ "files": [{ "createdTime": "yesterday" }] }),
        json!({ "files": [{ "owners": [{ "email": "x" }] }] }),
        json!({ "nextPageToken": null }),
    ] {
        assert!(!mistakes_of_answer("drive.files.list", &bad).is_empty(), "{bad}");
    }
    assert!(!mistakes_of_answer("drive.files.export", &good).is_empty());
    assert!(!mistakes_of_answer("drive.files.lust", &good).is_empty());
}
