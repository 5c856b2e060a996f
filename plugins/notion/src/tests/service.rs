//! A small Notion that refuses what the real one refuses: <https://developers.notion.com/reference>, version 2025-09-03.

use innkeeper_guest::testing::{Answer, Sent, SentBody};
use innkeeper_guest::{Value, json};
use percent_encoding::percent_decode_str;

pub(super) const PAGE: &str = "59833787-2cf9-4fdf-8782-e53db20768a5";
pub(super) const DATA_SOURCE: &str = "c174b72c-d782-432f-8dc0-b647e1c96df6";
pub(super) const OTHER: &str = "00000000-0000-4000-8000-000000000000";

/// What Notion answers to a request as the host sends it: default headers included.
pub(super) fn answer(request: &Sent) -> Answer {
    respond(request).unwrap_or_else(|refusal| refusal)
}

/// An error in Notion's form.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({ "object": "error", "status": status, "code": code, "message": message, "request_id": OTHER });
    Answer::json(status, &body)
}

fn respond(request: &Sent) -> Result<Answer, Answer> {
    if !request.with_credential {
        return Err(refusal(401, "unauthorized", "API token is invalid."));
    }
    match request.header("notion-version") {
        Some("2025-09-03") => {}
        Some(other) => {
            return Err(invalid(&format!("Notion-Version header failed validation: instead was `{other}`.")));
        }
        None => return Err(refusal(400, "missing_version", "Notion-Version header should be defined.")),
    }
    if !request.query.is_empty() {
        return Err(invalid("query failed validation: no parameter is expected here."));
    }
    let unknown = || refusal(400, "invalid_request_url", "Invalid request URL.");
    let path = request.url.strip_prefix("https://api.notion.com/v1/").ok_or_else(unknown)?;
    let segments: Vec<_> = path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let body = match (request.method.as_str(), segments.as_slice()) {
        ("POST", ["search"]) => search(&json_body(request)?)?,
        ("GET", ["pages", id]) => {
            found(id, "page_id", PAGE, "page")?;
            page_object()
        }
        ("GET", ["data_sources", id]) => {
            found(id, "data_source_id", DATA_SOURCE, "data source")?;
            data_source_object()
        }
        ("POST", ["data_sources", id, "query"]) => {
            found(id, "data_source_id", DATA_SOURCE, "data source")?;
            query(&json_body(request)?)?
        }
        ("GET", ["users"]) => users(),
        _ => return Err(unknown()),
    };
    Ok(Answer::json(200, &body))
}

fn search(body: &Value) -> Result<Value, Answer> {
    only_fields(body, &["query", "filter", "sort", "start_cursor", "page_size"])?;
    if !body["query"].is_string() {
        return Err(invalid("body failed validation: body.query should be a string."));
    }
    let object = match (&body["filter"]["property"], &body["filter"]["value"]) {
        (Value::String(property), Value::String(value)) if property == "object" => value.as_str(),
        _ => return Err(invalid("body failed validation: body.filter.property should be `\"object\"`.")),
    };
    let all = match object {
        "page" => vec![page_object(), page_object(), page_object()],
        "data_source" => vec![data_source_object()],
        _ => {
            return Err(invalid(
                "body failed validation: body.filter.value should be `\"page\"` or `\"data_source\"`.",
            ));
        }
    };
    listing(body, &all, "page_or_data_source")
}

fn query(body: &Value) -> Result<Value, Answer> {
    only_fields(body, &["filter", "sorts", "start_cursor", "page_size", "archived", "in_trash", "result_type"])?;
    if let Some(filter) = body.get("filter") {
        check_filter(filter)?;
    }
    listing(body, &[page_object(), page_object(), page_object()], "page_or_data_source")
}

fn check_filter(filter: &Value) -> Result<(), Answer> {
    let Some(fields) = filter.as_object() else {
        return Err(invalid("body failed validation: body.filter should be an object."));
    };
    let nested = ["and", "or"].iter().find_map(|name| fields.get(*name));
    match nested {
        Some(Value::Array(filters)) => filters.iter().try_for_each(check_filter),
        Some(_) => Err(invalid("body failed validation: body.filter.and should be an array.")),
        None if (fields.contains_key("property") || fields.contains_key("timestamp")) && fields.len() == 2 => Ok(()),
        None => Err(invalid("body failed validation: body.filter.or should be defined, instead was `undefined`.")),
    }
}

/// Cursors are opaque; here they are the index of the next item, dressed as a UUID.
fn listing(body: &Value, all: &[Value], kind: &str) -> Result<Value, Answer> {
    let size = match body.get("page_size") {
        None => 100,
        Some(size) => size.as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX),
    };
    if !(1..=100).contains(&size) {
        return Err(invalid(&format!(
            "body failed validation: body.page_size should be ≤ `100`, instead was `{size}`."
        )));
    }
    let start = match body.get("start_cursor") {
        None => 0,
        Some(Value::String(cursor)) => cursor
            .strip_prefix("00000000-0000-4000-8000-")
            .and_then(|index| index.parse().ok())
            .ok_or_else(|| invalid("The start_cursor provided is invalid."))?,
        Some(_) => return Err(invalid("body failed validation: body.start_cursor should be a string or `undefined`.")),
    };
    let end = all.len().min(start + size);
    let has_more = end < all.len();
    Ok(json!({
        "object": "list",
        "results": all.get(start..end).unwrap_or_default(),
        "next_cursor": has_more.then(|| format!("00000000-0000-4000-8000-{end:012}")),
        "has_more": has_more,
        "type": kind,
        kind: {},
        "request_id": OTHER,
    }))
}

fn found(id: &str, parameter: &str, known: &str, what: &str) -> Result<(), Answer> {
    let bare: String = id.chars().filter(|character| *character != '-').collect();
    if bare.len() != 32 || !bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(invalid(&format!(
            "path failed validation: path.{parameter} should be a valid uuid, instead was `\"{id}\"`."
        )));
    }
    if bare == known.replace('-', "") {
        return Ok(());
    }
    let message = format!("Could not find {what} with ID: {id}. Make sure it is shared with your integration.");
    Err(refusal(404, "object_not_found", &message))
}

fn only_fields(body: &Value, known: &[&str]) -> Result<(), Answer> {
    let fields = body.as_object().ok_or_else(|| invalid("body failed validation: body should be an object."))?;
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(invalid(&format!("body failed validation: body.{name} should be not present."))),
        None => Ok(()),
    }
}

fn json_body(request: &Sent) -> Result<Value, Answer> {
    if request.header("content-type") != Some("application/json") || matches!(request.body, SentBody::Empty) {
        return Err(refusal(400, "invalid_json", "Error parsing JSON body."));
    }
    request.json().ok_or_else(|| refusal(400, "invalid_json", "Error parsing JSON body."))
}

fn invalid(message: &str) -> Answer {
    refusal(400, "validation_error", message)
}

pub(super) fn page_object() -> Value {
    json!({
        "object": "page",
        "id": PAGE,
        "created_time": "2022-03-01T19:05:00.000Z",
        "last_edited_time": "2022-07-06T20:25:00.000Z",
        "created_by": { "object": "user", "id": "ee5f0f84-409a-440f-983a-a5315961c6e4" },
        "cover": null,
        "icon": { "type": "emoji", "emoji": "🥬" },
        "parent": { "type": "data_source_id", "data_source_id": DATA_SOURCE },
        "archived": false,
        "in_trash": false,
        "properties": {
            "Name": { "id": "title", "type": "title", "title": [{ "type": "text", "plain_text": "Tuscan kale" }] },
            "Price": { "id": "BJXS", "type": "number", "number": 2.5 },
        },
        "url": "https://www.notion.so/Tuscan-kale-598337872cf94fdf8782e53db20768a5",
        "public_url": null,
    })
}

pub(super) fn data_source_object() -> Value {
    json!({
        "object": "data_source",
        "id": DATA_SOURCE,
        "title": [{ "type": "text", "plain_text": "Grocery list" }],
        "properties": {
            "Name": { "id": "title", "name": "Name", "type": "title", "title": {} },
            "Price": { "id": "BJXS", "name": "Price", "type": "number", "number": { "format": "dollar" } },
        },
        "parent": { "type": "database_id", "database_id": "842a0286-cef0-46a8-abba-eac4c8ca644e" },
        "archived": false,
        "in_trash": false,
    })
}

fn users() -> Value {
    json!({
        "object": "list",
        "results": [
            { "object": "user", "id": OTHER, "type": "person", "name": "Ada", "person": { "email": "ada@example.com" } },
            { "object": "user", "id": DATA_SOURCE, "type": "bot", "name": "Innkeeper", "bot": { "workspace_name": "Acme" } },
        ],
        "next_cursor": null,
        "has_more": false,
        "type": "user",
        "user": {},
    })
}
