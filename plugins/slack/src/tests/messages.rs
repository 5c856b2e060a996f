use super::*;

#[test]
fn a_message_is_posted_and_slacks_answer_passed_on() {
    let expected = posted("chat.postMessage", &json!({ "channel": "C0GENERAL", "text": "Grüße" }));
    let value = answered("sendMessage", &json!({ "channel": "C0GENERAL", "text": "Grüße" }), &expected);
    assert_eq!((&value["ok"], &value["ts"]), (&json!(true), &json!("1700000009.000900")));
    assert_eq!(value["message"]["type"], "message", "the answer is passed on unchanged");
}

#[test]
fn a_reply_goes_into_its_thread_with_the_previews_that_were_asked_for() {
    let body = json!({
        "channel": "C0GENERAL", "text": "yes", "thread_ts": "1700000001.000100", "unfurl_links": false, "unfurl_media": true,
    });
    let input = json!({
        "channel": "C0GENERAL", "text": "yes", "threadTs": "1700000001.000100", "unfurlLinks": false, "unfurlMedia": true,
    });
    let value = answered("sendMessage", &input, &posted("chat.postMessage", &body));
    assert_eq!(value["message"]["thread_ts"], "1700000001.000100");
}

#[test]
fn a_thread_that_is_left_blank_is_none() {
    let expected = posted("chat.postMessage", &json!({ "channel": BEN, "text": "hello" }));
    answered("sendMessage", &json!({ "channel": BEN, "text": "hello", "threadTs": " " }), &expected);
}

#[test]
fn what_cannot_be_posted_is_told_by_kind() {
    let send = |channel: &str, thread: Option<&str>| {
        let (mut input, mut body) =
            (json!({ "channel": channel, "text": "x" }), json!({ "channel": channel, "text": "x" }));
        if let Some(thread) = thread {
            input["threadTs"] = json!(thread);
            body["thread_ts"] = json!(thread);
        }
        call("sendMessage", &input, &posted("chat.postMessage", &body)).expect_err("Slack refuses")
    };
    assert_eq!(send("C0NOWHERE", None), Error::not_found("Slack sendMessage error: channel_not_found"));
    assert_eq!(send("C0GENERAL", Some("1.2")), Error::not_found("Slack sendMessage error: thread_not_found"));
    let archived = "Slack sendMessage error: is_archived".to_owned();
    assert_eq!(send("C0OLD", None), Error::Upstream { status: 200, message: archived, retryable: false });
}

#[test]
fn a_message_without_channel_or_text_is_not_sent() {
    for (input, place) in [
        (json!({ "text": "x" }), "channel"),
        (json!({ "channel": "", "text": "x" }), "/channel"),
        (json!({ "channel": "C0GENERAL" }), "text"),
        (json!({ "channel": "C0GENERAL", "text": "" }), "/text"),
        (json!({ "channel": "C0GENERAL", "text": "x".repeat(40_001) }), "/text"),
        (json!({ "channel": "C0GENERAL", "text": "x", "thread_ts": "1.2" }), "thread_ts"),
        (json!({ "channel": "C0GENERAL", "text": "x", "unfurlLinks": "no" }), "/unfurlLinks"),
    ] {
        assert!(refused("sendMessage", &input).contains(place), "{place}");
    }
}

#[test]
fn a_conversation_is_read_with_what_matters_of_its_messages() {
    let expected = asked("conversations.history", &[("channel", "C0GENERAL"), ("limit", "100")]);
    let value = answered("getConversationHistory", &json!({ "channel": "C0GENERAL" }), &expected);
    let file = json!({ "id": SNIPPET, "name": "log.txt", "mimetype": "text/plain" });
    let messages = json!([
        { "ts": "1700000003.000300", "user": BEN, "text": "see the log", "files": [file] },
        { "ts": "1700000002.000200", "subtype": "bot_message", "bot_id": "B0CI", "username": "ci", "text": "build 7 failed" },
        { "ts": "1700000001.000100", "user": ME, "text": "shall we ship?", "thread_ts": "1700000001.000100", "reply_count": 2 },
    ]);
    let whole = json!({ "ok": true, "source": "conversations.history", "messages": messages, "hasMore": false });
    assert_eq!(value, whole);
}

#[test]
fn a_span_of_time_is_read_page_by_page() {
    let mut input = json!({
        "channel": "C0GENERAL", "limit": 1, "oldest": "1700000001.000100", "latest": "1700000002.000200",
        "inclusive": true, "includeAllMetadata": true,
    });
    let mut query = vec![
        ("channel", "C0GENERAL"),
        ("limit", "1"),
        ("oldest", "1700000001.000100"),
        ("latest", "1700000002.000200"),
        ("inclusive", "true"),
        ("include_all_metadata", "true"),
    ];
    let first = answered("getConversationHistory", &input, &asked("conversations.history", &query));
    assert_eq!((&first["messages"][0]["bot_id"], &first["hasMore"]), (&json!("B0CI"), &json!(true)));
    input["cursor"] = first["nextCursor"].clone();
    input["raw"] = json!(true);
    query.push(("cursor", "from:1="));
    let last = answered("getConversationHistory", &input, &asked("conversations.history", &query));
    assert_eq!((&last["has_more"], &last["pin_count"]), (&json!(false), &json!(0)), "Slack's own body");
}

#[test]
fn a_time_or_cursor_that_is_none_is_an_input_error() {
    for (field, parameter, code) in [
        ("oldest", "oldest", "invalid_ts_oldest"),
        ("latest", "latest", "invalid_ts_latest"),
        ("cursor", "cursor", "invalid_cursor"),
    ] {
        let expected =
            asked("conversations.history", &[("channel", "C0GENERAL"), ("limit", "100"), (parameter, "soon")]);
        let error = call("getConversationHistory", &json!({ "channel": "C0GENERAL", field: "soon" }), &expected);
        assert_eq!(error, Err(Error::invalid_input(format!("Slack getConversationHistory error: {code}"))));
    }
}

#[test]
fn each_kind_of_conversation_is_read_with_the_scope_of_its_own() {
    for (channel, scope) in [("C0GENERAL", "channels:history"), ("G0BOARD", "groups:history"), ("D0BEN", "im:history")]
    {
        let expected = asked("conversations.history", &[("channel", channel), ("limit", "100")]);
        let input = json!({ "channel": channel });
        answered("getConversationHistory", &input, &expected);
        let error = call_as(&Token::without(scope), "getConversationHistory", &input, &[expected]);
        assert!(matches!(error, Err(Error::Denied(text)) if text.contains(scope)));
    }
}

#[test]
fn a_reading_is_checked_before_it_is_sent() {
    assert!(refused("getConversationHistory", &json!({})).contains("channel"));
    for (field, value) in [("limit", json!(0)), ("limit", json!(1000)), ("oldest", json!(1.5)), ("channel", json!(""))]
    {
        let mut input = json!({ "channel": "C0GENERAL" });
        input[field] = value;
        assert!(refused("getConversationHistory", &input).contains(field), "{input}");
    }
}
