//! A small Slack that refuses what the real one refuses: <https://docs.slack.dev/reference/methods>.
//!
//! It is stricter in one way: a parameter that a method does not know is an error here, where Slack looks away.

use innkeeper_guest::testing::{Answer, Sent};
use innkeeper_guest::{Value, json};

use crate::SCOPES;

pub(super) const ME: &str = "U0ADA";
pub(super) const BEN: &str = "U0BEN";
pub(super) const SNIPPET: &str = "F0SNIP";

type Refused = Answer;

/// Whose token it is, and what it may do.
pub(super) struct Token {
    pub(super) scopes: String,
    pub(super) is_bot: bool,
}

impl Token {
    /// A user who has consented to all that the connector asks for.
    pub(super) fn user() -> Self {
        Self { scopes: SCOPES.to_owned(), is_bot: false }
    }

    /// The same without this scope.
    pub(super) fn without(scope: &str) -> Self {
        let scopes: Vec<_> = SCOPES.split_whitespace().filter(|known| *known != scope).collect();
        Self { scopes: scopes.join(" "), is_bot: false }
    }
}

/// What Slack answers to this request.
pub(super) fn answer(request: &Sent, token: &Token) -> Answer {
    match respond(request, token) {
        Ok(body) => Answer::json(200, &body),
        Err(refusal) => refusal,
    }
}

/// A refusal: with the status 200.
pub(super) fn refusal(code: &str) -> Answer {
    Answer::json(200, &json!({ "ok": false, "error": code }))
}

fn refused<T>(code: &str) -> Result<T, Refused> {
    Err(refusal(code))
}

fn invalid(message: &str) -> Refused {
    let metadata = json!({ "messages": [format!("[ERROR] {message}")] });
    Answer::json(200, &json!({ "ok": false, "error": "invalid_arguments", "response_metadata": metadata }))
}

fn respond(request: &Sent, token: &Token) -> Result<Value, Refused> {
    let Some(method) = request.url.strip_prefix("https://slack.com/api/") else {
        return Err(Answer::new(404).body("<html>", "text/html"));
    };
    if !request.with_credential {
        return refused("not_authed");
    }
    let arguments = Arguments::of(request)?;
    match method {
        "auth.test" => {
            arguments.only(&[])?;
            Ok(identity(token))
        }
        "conversations.list" => {
            arguments.only(&["cursor", "exclude_archived", "limit", "team_id", "types"])?;
            token.needs("channels:read")?;
            conversations(&arguments, 1000, &channels())
        }
        "users.conversations" => {
            arguments.only(&["cursor", "exclude_archived", "limit", "team_id", "types", "user"])?;
            token.needs("channels:read")?;
            arguments.text("user").map_or(Ok(()), known_user)?;
            // This method says neither who is a member nor how many there are.
            let mut joined: Vec<_> = channels().into_iter().filter(|channel| channel["is_member"] == true).collect();
            for fields in joined.iter_mut().filter_map(Value::as_object_mut) {
                fields.remove("is_member");
            }
            conversations(&arguments, 999, &joined)
        }
        "conversations.history" => history(&arguments, token),
        "conversations.create" => create(&arguments, token),
        "conversations.invite" => invite(&arguments, token),
        "chat.postMessage" => post(&arguments, token),
        "assistant.search.context" => search(&arguments, token),
        "files.info" => file(&arguments, token),
        "files.list" => files(&arguments, token),
        "users.list" => {
            arguments.only(&["cursor", "include_locale", "limit", "team_id"])?;
            token.needs("users:read")?;
            page(&arguments, "members", 1000, &users(arguments.text("include_locale").is_some()))
        }
        _ => refused("unknown_method"),
    }
}

/// The arguments, from the query or from JSON.
struct Arguments(Value);

impl Arguments {
    fn of(request: &Sent) -> Result<Self, Refused> {
        match request.method.as_str() {
            "GET" => Ok(Self(request.query.iter().map(|(name, value)| (name.clone(), json!(value))).collect())),
            "POST" if !request.query.is_empty() => Err(invalid("arguments belong into the body")),
            "POST" => match request.header("content-type") {
                Some("application/json; charset=utf-8") => {
                    let body = request.json().ok_or_else(|| refusal("invalid_json"))?;
                    if body.is_object() { Ok(Self(body)) } else { refused("json_not_object") }
                }
                // Slack takes it with the warning `missing_charset`.
                Some("application/json") => refused("missing_charset"),
                Some(_) => refused("invalid_post_type"),
                None => refused("missing_post_type"),
            },
            _ => Err(Answer::new(405)),
        }
    }

    fn only(&self, known: &[&str]) -> Result<(), Refused> {
        let mut names = self.0.as_object().into_iter().flat_map(|fields| fields.keys());
        match names.find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(invalid(&format!("unknown argument: {name}"))),
            None => Ok(()),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0[name].as_str()
    }

    fn required(&self, name: &str) -> Result<&str, Refused> {
        let text = self.text(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| invalid(&format!("missing required field: {name}")))
    }

    fn number(&self, name: &str, unless_given: usize) -> Result<usize, Refused> {
        match self.text(name) {
            None => Ok(unless_given),
            Some(text) => text.parse().map_err(|_| invalid(&format!("{name} is no number"))),
        }
    }
}

impl Token {
    fn needs(&self, scope: &str) -> Result<(), Refused> {
        if self.scopes.split(' ').any(|own| own == scope) {
            return Ok(());
        }
        let provided = self.scopes.replace(' ', ",");
        Err(Answer::json(200, &json!({ "ok": false, "error": "missing_scope", "needed": scope, "provided": provided })))
    }
}

/// A page of `all`; cursors are opaque, here the index of the next item.
fn page(arguments: &Arguments, name: &str, most: usize, all: &[Value]) -> Result<Value, Refused> {
    let limit = arguments.number("limit", 100)?;
    if !(1..=most).contains(&limit) {
        return refused("invalid_limit");
    }
    let start = match arguments.text("cursor") {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("from:")
            .and_then(|index| index.strip_suffix('=')?.parse().ok())
            .ok_or_else(|| refusal("invalid_cursor"))?,
    };
    let end = all.len().min(start + limit);
    let next = if end < all.len() { format!("from:{end}=") } else { String::new() };
    Ok(json!({ "ok": true, name: all.get(start..end), "response_metadata": { "next_cursor": next } }))
}

fn conversations(arguments: &Arguments, most: usize, all: &[Value]) -> Result<Value, Refused> {
    let types: Vec<_> = arguments.text("types").unwrap_or("public_channel").split(',').collect();
    if types.iter().any(|kind| !["public_channel", "private_channel", "mpim", "im"].contains(kind)) {
        return refused("invalid_types");
    }
    let no_archived = arguments.text("exclude_archived") == Some("true");
    // As with the real one, filters come after the page was cut.
    let mut body = page(arguments, "channels", most, all)?;
    if let Some(channels) = body["channels"].as_array_mut() {
        channels.retain(|channel| types.contains(&kind(channel)) && !(no_archived && channel["is_archived"] == true));
    }
    Ok(body)
}

fn kind(channel: &Value) -> &'static str {
    match (channel["is_im"] == true, channel["is_private"] == true) {
        (true, _) => "im",
        (_, true) => "private_channel",
        _ => "public_channel",
    }
}

pub(super) fn channel(id: &str, name: &str, is_private: bool, is_archived: bool, is_member: bool) -> Value {
    json!({
        "id": id, "name": name, "name_normalized": name, "is_channel": true, "is_im": false, "is_private": is_private,
        "is_archived": is_archived, "is_member": is_member, "num_members": 4, "creator": ME,
        "topic": { "value": "", "creator": "", "last_set": 0 },
    })
}

fn channels() -> Vec<Value> {
    vec![
        channel("C0GENERAL", "general", false, false, true),
        channel("C0OLD", "old-general", false, true, false),
        channel("C0RUST", "team-rust", false, false, false),
        channel("G0BOARD", "board", true, false, true),
        json!({ "id": "D0BEN", "is_im": true, "is_archived": false, "is_member": true, "user": BEN, "priority": 0 }),
    ]
}

fn found_channel(arguments: &Arguments) -> Result<Value, Refused> {
    let id = arguments.required("channel")?;
    channels().into_iter().find(|channel| channel["id"] == id).ok_or_else(|| refusal("channel_not_found"))
}

fn known_user(id: &str) -> Result<(), Refused> {
    if [ME, BEN].contains(&id) { Ok(()) } else { refused("user_not_found") }
}

fn history(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    let known = ["channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"];
    arguments.only(&known)?;
    let channel = found_channel(arguments)?;
    token.needs(match kind(&channel) {
        "im" => "im:history",
        "private_channel" => "groups:history",
        _ => "channels:history",
    })?;
    let time = |name: &str| match arguments.text(name) {
        None => Ok(None),
        Some(text) => text.parse::<f64>().map(Some).map_err(|_| refusal(&format!("invalid_ts_{name}"))),
    };
    let (oldest, latest) = (time("oldest")?.unwrap_or(0.0), time("latest")?.unwrap_or(f64::MAX));
    let inclusive = arguments.text("inclusive") == Some("true");
    let mut all = messages();
    all.retain(|message| {
        let ts: f64 = message["ts"].as_str().and_then(|ts| ts.parse().ok()).expect("a time");
        (ts > oldest && ts < latest) || (inclusive && ts >= oldest && ts <= latest)
    });
    let mut body = page(arguments, "messages", 999, &all)?;
    body["has_more"] = json!(body["response_metadata"]["next_cursor"] != "");
    body["pin_count"] = json!(0);
    Ok(body)
}

fn messages() -> Vec<Value> {
    vec![
        json!({
            "type": "message", "ts": "1700000003.000300", "user": BEN, "text": "see the log", "team": "T0ACME",
            "files": [{ "id": SNIPPET, "name": "log.txt", "mimetype": "text/plain", "url_private": "https://files.test" }],
        }),
        json!({
            "type": "message", "subtype": "bot_message", "ts": "1700000002.000200", "bot_id": "B0CI", "username": "ci",
            "text": "build 7 failed", "blocks": [{ "type": "section" }], "user": null,
        }),
        json!({
            "type": "message", "ts": "1700000001.000100", "user": ME, "text": "shall we ship?", "reactions": [],
            "thread_ts": "1700000001.000100", "reply_count": 2,
        }),
    ]
}

fn create(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    arguments.only(&["is_private", "name", "team_id"])?;
    let is_private = arguments.0["is_private"].as_bool().ok_or_else(|| invalid("is_private must be a boolean"))?;
    token.needs(if is_private { "groups:write" } else { "channels:write" })?;
    let name =
        arguments.text("name").filter(|name| !name.is_empty()).ok_or_else(|| refusal("invalid_name_required"))?;
    if name.len() > 80 {
        return refused("invalid_name_maxlength");
    }
    if !name.chars().all(|letter| letter.is_lowercase() || letter.is_ascii_digit() || "-_".contains(letter)) {
        return refused("invalid_name_specials");
    }
    if channels().iter().any(|channel| channel["name"] == name) {
        return refused("name_taken");
    }
    Ok(json!({ "ok": true, "channel": channel("C0NEW", name, is_private, false, true) }))
}

fn invite(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    arguments.only(&["channel", "force", "users"])?;
    let channel = found_channel(arguments)?;
    token.needs(if kind(&channel) == "private_channel" { "groups:write" } else { "channels:write" })?;
    let users: Vec<_> = arguments.required("users")?.split(',').collect();
    if users.len() > 100 {
        return Err(invalid("users: at most 100"));
    }
    if channel["is_member"] != true {
        return refused("not_in_channel");
    }
    let reason = |user: &str| match user {
        ME => Some("cant_invite_self"),
        BEN => None,
        _ => Some("user_not_found"),
    };
    let errors: Vec<_> =
        users.iter().filter_map(|user| Some(json!({ "user": user, "ok": false, "error": reason(user)? }))).collect();
    let passes = arguments.0["force"] == true && errors.len() < users.len();
    if let Some(error) = errors.first().filter(|_| !passes) {
        return Err(Answer::json(200, &json!({ "ok": false, "error": error["error"], "errors": errors })));
    }
    let mut body = json!({ "ok": true, "channel": channel });
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Ok(body)
}

fn post(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    arguments.only(&["channel", "text", "thread_ts", "unfurl_links", "unfurl_media"])?;
    token.needs("chat:write")?;
    let to_user = arguments.text("channel") == Some(BEN);
    let channel = if to_user { json!({ "id": "D0BEN" }) } else { found_channel(arguments)? };
    if channel["is_archived"] == true {
        return refused("is_archived");
    }
    let text = arguments.text("text").filter(|text| !text.is_empty()).ok_or_else(|| refusal("no_text"))?;
    if text.chars().count() > 40_000 {
        return refused("msg_too_long");
    }
    if ["unfurl_links", "unfurl_media"].iter().any(|name| !matches!(arguments.0[name], Value::Null | Value::Bool(_))) {
        return Err(invalid("must be a boolean"));
    }
    let thread = arguments.text("thread_ts");
    if thread.is_some_and(|thread| messages().iter().all(|message| message["ts"] != thread)) {
        return refused("thread_not_found");
    }
    let message =
        json!({ "type": "message", "user": ME, "text": text, "ts": "1700000009.000900", "thread_ts": thread });
    Ok(json!({ "ok": true, "channel": channel["id"], "ts": "1700000009.000900", "message": message }))
}

fn search(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    let known = [
        "channel_types",
        "content_types",
        "cursor",
        "include_bots",
        "include_context_messages",
        "include_message_blocks",
        "limit",
        "query",
        "sort",
        "sort_dir",
    ];
    arguments.only(&known)?;
    if token.is_bot {
        // Bots search only while they answer somebody.
        return refused("invalid_action_token");
    }
    for scope in ["search:read.public", "search:read.private", "search:read.mpim", "search:read.im"] {
        token.needs(scope)?;
    }
    let query = arguments.required("query")?;
    let limit = arguments.0["limit"].as_u64().unwrap_or(20);
    let allowed = |name: &str, values: &[&str]| arguments.text(name).is_none_or(|value| values.contains(&value));
    let lists = ["channel_types", "content_types"].iter().all(|name| arguments.0[name].is_array());
    if !(1..=20).contains(&limit)
        || !lists
        || !allowed("sort", &["score", "timestamp"])
        || !allowed("sort_dir", &["asc", "desc"])
    {
        return Err(invalid("limit, lists or sort"));
    }
    let is_on = |name: &str| arguments.0[name] == true;
    let hit = |ts: &str, author: Option<&str>| {
        let mut hit = json!({
            "author_name": "Ben", "author_user_id": author, "team_id": "T0ACME", "channel_id": "C0GENERAL",
            "channel_name": "general", "message_ts": ts, "content": format!("about {query}"),
            "is_author_bot": author.is_none(), "permalink": format!("https://acme.slack.com/archives/C0GENERAL/p{ts}"),
        });
        if is_on("include_context_messages") {
            hit["context_messages"] = json!({ "before": [], "after": [{ "text": "indeed", "user_id": ME }] });
        }
        if is_on("include_message_blocks") {
            hit["blocks"] = json!([{ "type": "rich_text" }]);
        }
        hit
    };
    let mut hits = vec![hit("1700000001.000100", Some(BEN)), hit("1700000002.000200", Some(BEN))];
    if is_on("include_bots") {
        hits.push(hit("1700000003.000300", None));
    }
    let start = arguments.text("cursor").map_or(Some(0), |cursor| cursor.strip_prefix("hit-")?.parse().ok());
    let start: usize = start.ok_or_else(|| refusal("invalid_cursor"))?;
    let end = hits.len().min(start + usize::try_from(limit).expect("a small number"));
    let next = if end < hits.len() { format!("hit-{end}") } else { String::new() };
    Ok(json!({ "ok": true, "results": { "messages": hits[start..end] }, "response_metadata": { "next_cursor": next } }))
}

fn file(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    arguments.only(&["cursor", "file", "limit"])?;
    token.needs("files:read")?;
    match arguments.required("file")? {
        SNIPPET => {}
        "F0GONE" => return refused("file_deleted"),
        _ => return refused("file_not_found"),
    }
    let comments = [
        json!({ "id": "Fc1", "user": BEN, "comment": "nice" }),
        json!({ "id": "Fc2", "user": ME, "comment": "thanks" }),
    ];
    let mut body = page(arguments, "comments", 1000, &comments)?;
    body["file"] = file_object(SNIPPET);
    body["content"] = json!("panicked at line 7");
    body["is_truncated"] = json!(false);
    Ok(body)
}

fn files(arguments: &Arguments, token: &Token) -> Result<Value, Refused> {
    arguments.only(&[
        "channel",
        "count",
        "page",
        "show_files_hidden_by_limit",
        "team_id",
        "ts_from",
        "ts_to",
        "types",
        "user",
    ])?;
    token.needs("files:read")?;
    if arguments.text("channel").is_some() {
        found_channel(arguments)?;
    }
    arguments.text("user").map_or(Ok(()), known_user)?;
    if arguments
        .text("types")
        .is_some_and(|types| types.split(',').any(|kind| !["all", "images", "pdfs"].contains(&kind)))
    {
        return refused("unknown_type");
    }
    for name in ["ts_from", "ts_to"] {
        arguments.number(name, 0)?;
    }
    let (count, page) = (arguments.number("count", 100)?, arguments.number("page", 1)?);
    if !(1..=1000).contains(&count) || page == 0 {
        return Err(invalid("count or page"));
    }
    let all = [file_object(SNIPPET), file_object("F0CAT"), file_object("F0DOG")];
    let shown: Vec<_> = all.iter().skip((page - 1) * count).take(count).collect();
    let paging = json!({ "count": count, "total": all.len(), "page": page, "pages": all.len().div_ceil(count) });
    Ok(json!({ "ok": true, "files": shown, "paging": paging }))
}

fn file_object(id: &str) -> Value {
    json!({
        "id": id, "created": 1_700_000_003, "timestamp": 1_700_000_003, "name": "log.txt", "title": "The log",
        "mimetype": "text/plain", "filetype": "text", "pretty_type": "Plain Text", "user": BEN, "size": 18,
        "mode": "snippet", "is_external": false, "is_public": true, "permalink": "https://acme.slack.com/files/U0BEN/F0SNIP",
        "url_private": "https://files.slack.com/files-pri/T0ACME-F0SNIP/log.txt", "channels": ["C0GENERAL"], "groups": [],
    })
}

fn users(with_locale: bool) -> Vec<Value> {
    let mut ada = json!({
        "id": ME, "team_id": "T0ACME", "name": "ada", "deleted": false, "color": "9f69e7", "real_name": "Ada Lovelace",
        "tz": "Europe/London", "tz_offset": 0, "is_admin": true, "is_bot": false,
        "profile": { "real_name": "Ada Lovelace", "display_name": "ada", "email": "ada@example.com", "title": "", "avatar_hash": "x" },
    });
    if with_locale {
        ada["locale"] = json!("en-GB");
    }
    let ben = json!({
        "id": BEN, "name": "ben", "deleted": true, "is_bot": false,
        "profile": { "real_name": "Ben Ng", "display_name": "", "title": "Editor" },
    });
    vec![ada, ben]
}

fn identity(token: &Token) -> Value {
    let mut body = json!({
        "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "ada", "team_id": "T0ACME", "user_id": ME,
        "is_enterprise_install": false,
    });
    if token.is_bot {
        body["bot_id"] = json!("B0BOT");
    }
    body
}
