use super::*;

/// What a search sends unless it is told otherwise.
fn body(query: &str) -> Value {
    json!({
        "query": query,
        "channel_types": ["public_channel", "private_channel", "mpim", "im"],
        "content_types": ["messages"],
        "include_context_messages": true,
        "include_bots": false,
        "include_message_blocks": true,
        "limit": 20,
    })
}

fn search(input: &Value, body: &Value) -> Value {
    answered("searchMessages", input, &posted("assistant.search.context", body))
}

#[test]
fn a_search_answers_what_matters_of_each_message() {
    let value = search(&json!({ "query": "kale" }), &body("kale"));
    assert_eq!((&value["ok"], &value["query"], &value["total"]), (&json!(true), &json!("kale"), &json!(2)));
    assert_eq!((&value["response_metadata"], &value["hasMore"]), (&json!({ "next_cursor": "" }), &json!(false)));
    let first = json!({
        "ts": "1700000001.000100",
        "team": "T0ACME",
        "text": "about kale",
        "permalink": "https://acme.slack.com/archives/C0GENERAL/p1700000001.000100",
        "channel": { "id": "C0GENERAL", "name": "general" },
        "sender": { "userId": BEN, "username": "Ben" },
        "contextMessages": { "before": [], "after": [{ "text": "indeed", "user_id": ME }] },
    });
    assert_eq!(value["matches"][0], first);
}

#[test]
fn conditions_become_words_of_the_query() {
    let input = json!({
        "query": " kale ", "inChannel": "general", "fromUser": "@ada", "after": "2025-01-31", "before": "2025-12-31",
    });
    let value = search(&input, &body("kale in:general from:@ada after:2025-01-31 before:2025-12-31"));
    assert_eq!(value["query"], "kale in:general from:@ada after:2025-01-31 before:2025-12-31");
    search(&json!({ "query": "kale", "inChannel": "", "fromUser": " ", "cursor": "" }), &body("kale"));
}

#[test]
fn a_condition_cannot_smuggle_in_more_words() {
    for field in ["inChannel", "fromUser", "after", "before"] {
        let message = refused("searchMessages", &json!({ "query": "kale", field: "x from:@ben" }));
        assert!(message.contains(field) && message.contains("spaces"), "{message}");
    }
}

#[test]
fn order_and_contents_are_asked_for_as_given() {
    let mut expected = body("kale");
    expected["sort"] = json!("timestamp");
    expected["sort_dir"] = json!("asc");
    expected["include_bots"] = json!(true);
    expected["include_context_messages"] = json!(false);
    expected["include_message_blocks"] = json!(false);
    let input = json!({
        "query": "kale", "sort": "timestamp", "sortDir": "asc", "includeBots": true, "includeContextMessages": false,
        "includeMessageBlocks": false,
    });
    let value = search(&input, &expected);
    assert_eq!(value["total"], 3);
    let of_bot = &value["matches"][2];
    assert_eq!(of_bot["sender"], json!({ "username": "Ben" }), "a bot has no user id");
    assert_eq!(of_bot.get("contextMessages"), None);
}

#[test]
fn pages_of_a_search_leave_no_message_out() {
    let mut input = json!({ "query": "kale", "count": 1 });
    let mut expected = body("kale");
    expected["limit"] = json!(1);
    let first = search(&input, &expected);
    assert_eq!((&first["total"], &first["nextCursor"]), (&json!(1), &json!("hit-1")));
    input["cursor"] = first["nextCursor"].clone();
    expected["cursor"] = first["nextCursor"].clone();
    let second = search(&input, &expected);
    assert_eq!((&second["matches"][0]["ts"], &second["hasMore"]), (&json!("1700000002.000200"), &json!(false)));
}

#[test]
fn more_messages_than_were_asked_for_are_cut_off() {
    let hits: Vec<_> = (0..5).map(|index| json!({ "message_ts": index.to_string() })).collect();
    let script = Script::new()
        .on(post(format!("{API}/assistant.search.context")))
        .reply(200, json!({ "ok": true, "results": { "messages": hits } }));
    let called = script.call(connector, "searchMessages", &json!({ "query": "kale", "count": 2 })).expect("answered");
    assert_eq!(called.value["matches"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_raw_search_answers_slacks_own_body() {
    let value = search(&json!({ "query": "kale", "raw": true }), &body("kale"));
    assert_eq!(value["results"]["messages"][0]["blocks"][0]["type"], "rich_text");
}

#[test]
fn a_search_without_results_finds_nothing() {
    let script = Script::new()
        .on(post(format!("{API}/assistant.search.context")))
        .reply(200, json!({ "ok": true, "results": null, "response_metadata": null }));
    let called = script.call(connector, "searchMessages", &json!({ "query": "kale" })).expect("answered");
    assert_eq!((&called.value["matches"], &called.value["total"]), (&json!([]), &json!(0)));
}

#[test]
fn a_bot_cannot_search() {
    let token = Token { is_bot: true, ..Token::user() };
    let expected = [posted("assistant.search.context", &body("kale"))];
    let error = call_as(&token, "searchMessages", &json!({ "query": "kale" }), &expected);
    assert!(matches!(error, Err(Error::Denied(text)) if text.contains("invalid_action_token")));
}

#[test]
fn a_search_is_checked_before_it_is_sent() {
    for (field, value) in [
        ("query", json!("")),
        ("query", json!("  ")),
        ("count", json!(0)),
        ("count", json!(21)),
        ("sort", json!("newest")),
        ("sortDir", json!("up")),
        ("limit", json!(3)),
    ] {
        let mut input = json!({ "query": "kale" });
        input[field] = value;
        assert!(refused("searchMessages", &input).contains(field), "{input}");
    }
    assert!(refused("searchMessages", &json!({})).contains("query"));
}
