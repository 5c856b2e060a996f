use super::*;

fn page(limit: &str, cursor: Option<&'static str>) -> Sent {
    let mut query = vec![("types", "public_channel"), ("exclude_archived", "true"), ("limit", limit)];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    asked("conversations.list", &query)
}

fn resolve(input: &Value, expected: &[Sent]) -> Value {
    call_as(&Token::user(), "resolveChannelId", input, expected).expect("the list is answered").value
}

#[test]
fn a_channel_is_found_by_its_name_alone() {
    for name in ["team-rust", "#team-rust", " #Team-RUST "] {
        let value = resolve(&json!({ "name": name }), &[page("1000", None)]);
        let whole = json!({
            "ok": true, "found": true, "id": "C0RUST", "name": "team-rust", "source": "conversations.list", "pagesFetched": 1,
        });
        assert_eq!(value, whole, "{name}");
    }
}

#[test]
fn the_search_stops_at_the_page_with_the_channel() {
    let expected = [page("1", None), page("1", Some("from:1=")), page("1", Some("from:2="))];
    let value = resolve(&json!({ "name": "team-rust", "limit": 1 }), &expected);
    assert_eq!((&value["id"], &value["pagesFetched"]), (&json!("C0RUST"), &json!(3)));
    assert_eq!(value["nextCursor"], "from:3=");
}

#[test]
fn a_name_that_is_not_there_is_no_error() {
    let value = resolve(&json!({ "name": "team" }), &[page("1000", None)]);
    let whole = json!({ "ok": true, "found": false, "source": "conversations.list", "pagesFetched": 1 });
    assert_eq!(value, whole, "a part of a name is no name");
}

#[test]
fn a_part_of_a_name_is_enough_when_asked_for() {
    let value = resolve(&json!({ "name": "RUST", "match": "contains" }), &[page("1000", None)]);
    assert_eq!(value["name"], "team-rust");
}

#[test]
fn archived_and_private_channels_are_found_when_asked_for() {
    let query = [("types", "public_channel,private_channel"), ("exclude_archived", "false"), ("limit", "1000")];
    for (name, id) in [("old-general", "C0OLD"), ("board", "G0BOARD")] {
        let input = json!({ "name": name, "types": ["public_channel", "private_channel"], "excludeArchived": false });
        assert_eq!(resolve(&input, &[asked("conversations.list", &query)])["id"], id);
    }
}

#[test]
fn the_search_ends_with_its_pages_and_can_go_on() {
    let expected = [page("1", None), page("1", Some("from:1="))];
    let value = resolve(&json!({ "name": "team-rust", "limit": 1, "maxPages": 2 }), &expected);
    let whole = json!({
        "ok": true, "found": false, "source": "conversations.list", "pagesFetched": 2, "nextCursor": "from:2=",
    });
    assert_eq!(value, whole);
    let input = json!({ "name": "team-rust", "limit": 1, "maxPages": 2, "cursor": "from:2=" });
    assert_eq!(resolve(&input, &[page("1", Some("from:2="))])["found"], true);
}

#[test]
fn a_cursor_that_leads_nowhere_new_ends_the_search() {
    let body = json!({ "ok": true, "channels": [], "response_metadata": { "next_cursor": "again" } });
    let script = Script::new().on(get(format!("{API}/conversations.list"))).times(2).reply(200, body);
    let error = script.call(connector, "resolveChannelId", &json!({ "name": "x" })).expect_err("a loop");
    assert!(matches!(error, Error::Upstream { status: 502, .. }));
}

#[test]
fn a_page_that_fails_fails_the_search() {
    let script = Script::new()
        .on(get(format!("{API}/conversations.list")))
        .reply(200, json!({ "ok": true, "channels": [], "response_metadata": { "next_cursor": "2" } }))
        .on(get(format!("{API}/conversations.list")))
        .reply_with(service::refusal("ratelimited").header("Retry-After", "9"));
    let error = script.call(connector, "resolveChannelId", &json!({ "name": "x" }));
    assert_eq!(error, Err(Error::RateLimited(Some(9))));
}

#[test]
fn a_name_of_nothing_is_refused() {
    for name in ["", "#", " # "] {
        refused("resolveChannelId", &json!({ "name": name, "match": "contains" }));
    }
    for (field, value) in [("match", json!("prefix")), ("maxPages", json!(0)), ("maxPages", json!(101))] {
        assert!(refused("resolveChannelId", &json!({ "name": "x", field: value })).contains(field));
    }
}
