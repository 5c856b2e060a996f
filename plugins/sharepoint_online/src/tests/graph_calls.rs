use super::*;

#[test]
fn graph_is_called_with_any_query() {
    let input = json!({
        "method": "GET",
        "path": "/v1.0/sites/root",
        "query": { "$select": "id,webUrl" },
    });
    let called = call("callGraphAPI", &input, &sent("/sites/root", &[("$select", "id,webUrl")])).expect("an answer");
    assert_eq!(called.value["status"], 200);
    assert_eq!(called.value["statusText"], "OK");
    assert_eq!(called.value["headers"]["content-type"], "application/json");
    assert_eq!(called.value["data"]["id"], SITE);
}

#[test]
fn a_query_holds_texts_numbers_and_flags() {
    let ctx = connection(Token::App)
        .on(get(format!("{GRAPH}/me"))
            .query("$top", 5)
            .query("$count", true)
            .query("f", "1.5")
            .query("x", "a b")
            .only_query())
        .reply_with(Answer::new(204))
        .into_ctx();
    let input =
        json!({ "method": "GET", "path": "/v1.0/me?x=a%20b", "query": { "$top": 5, "$count": true, "f": 1.5 } });
    let called = ctx.call(connector, "callGraphAPI", &input).expect("an answer");
    assert_eq!(called.value["data"], Value::Null);
    assert_eq!(called.value["statusText"], "No Content");
    for bad in [json!(null), json!([1]), json!({ "a": 1 })] {
        refused("callGraphAPI", &json!({ "method": "GET", "path": "/v1.0/me", "query": { "x": bad } }));
    }
}

#[test]
fn a_post_carries_its_body() {
    let body = json!({ "displayName": "Tasks" });
    let expected = posted(&format!("/sites/{SITE}/lists"), &body);
    let input = json!({ "method": "POST", "path": format!("/v1.0/sites/{SITE}/lists"), "body": body });
    let called = call("callGraphAPI", &input, &expected).expect("a list");
    assert_eq!(called.value["status"], 201);
    assert_eq!(called.value["statusText"], "Created");
    assert_eq!(called.value["data"], json!({ "id": LIST, "displayName": "Tasks" }));
}

#[test]
fn a_get_carries_none() {
    let input = |body: Value| json!({ "method": "GET", "path": "/v1.0/me", "body": body });
    assert!(refused("callGraphAPI", &input(json!({ "a": 1 }))).contains("body"));
    call("callGraphAPI", &input(Value::Null), &sent("/me", &[])).expect("null is no body");
}

#[test]
fn only_get_and_post_are_sent() {
    for method in ["DELETE", "PATCH", "PUT", "get", ""] {
        let message = refused("callGraphAPI", &json!({ "method": method, "path": "/v1.0/me" }));
        assert!(message.contains("/method"), "{message}");
    }
}

#[test]
fn a_path_stays_within_graphs_version() {
    for path in [
        "",
        "/",
        "/v1.0",
        "/beta/me",
        "v1.0/me",
        "https://graph.microsoft.com/v1.0/me",
        "https://evil.test/v1.0/",
        "//evil.test/v1.0/me",
        "/v1.0//me",
        "/v1.0/../beta/me",
        "/v1.0/sites/../../beta/me",
        "/v1.0/./me",
        "/v1.0/%2e%2e/beta/me",
        "/v1.0/.%2E/beta/me",
        "/v1.0/x%2F..%2F..%2Fbeta",
        "/v1.0/..\\beta",
        "/v1.0/%5c..",
        "/v1.0/me#x",
        "/v1.0/.\t./beta/me",
        "/v1.0/\n/me",
        "@evil.test/v1.0/me",
        "/v1.0/$batch",
        "/v1.0/%24batch",
        "/v1.0/$BATCH?x=1",
        "/v1.0/$batch/",
    ] {
        let message = refused("callGraphAPI", &json!({ "method": "GET", "path": path }));
        assert!(message.starts_with("path: "), "{path:?}: {message}");
    }
    let message = refused("callGraphAPI", &json!({ "method": "GET", "path": "https://graph.microsoft.com/v1.0/me" }));
    assert!(message.contains("full address"), "{message}");
}

#[test]
fn a_slash_in_the_query_is_no_slash_in_the_path() {
    let expected = sent("/sites", &[("search", "a//b/../c")]);
    let input = json!({ "method": "GET", "path": "/v1.0/sites?search=a//b/../c" });
    let ctx =
        connection(Token::App).on(get(expected.url).query("search", "a//b/../c")).reply(200, json!({})).into_ctx();
    ctx.call(connector, "callGraphAPI", &input).expect("an answer");
}

#[test]
fn text_is_answered_as_text_and_bytes_are_not() {
    let answered = |answer: Answer| {
        let script = connection(Token::App).on(get(format!("{GRAPH}/me"))).reply_with(answer);
        script.call(connector, "callGraphAPI", &json!({ "method": "GET", "path": "/v1.0/me" }))
    };
    let twice = Answer::new(200).body("7", "text/plain").header("x-a", "1").header("x-a", "2");
    let called = answered(twice).expect("a text");
    assert_eq!(called.value["data"], "7");
    assert_eq!(called.value["headers"]["x-a"], "1, 2");
    let binary = Answer::new(200).body(vec![0xff], "image/png");
    assert!(matches!(answered(binary), Err(Error::InvalidInput(text)) if text.contains("downloadDriveItem")));
    let broken = Answer::new(200).body("{", "application/json");
    assert!(matches!(answered(broken), Err(Error::Upstream { status: 200, .. })));
    let missing = service::refusal(404, "ResourceNotFound", "No such user.");
    assert_eq!(answered(missing), Err(Error::not_found("No such user. (ResourceNotFound)")));
}

fn search_body(kinds: &[&str], words: &str, from: u32, size: u32, region: Option<&str>) -> Value {
    let mut search = json!({ "entityTypes": kinds, "query": { "queryString": words }, "from": from, "size": size });
    if let Some(region) = region {
        search["region"] = region.into();
    }
    json!({ "requests": [search] })
}

#[test]
fn an_app_searches_in_a_region() {
    for app in APPS {
        let body = search_body(&["site"], "hr", 0, 25, Some("NAM"));
        let called = call_by(app, "search", &json!({ "query": "hr" }), &posted("/search/query", &body)).expect("hits");
        assert_eq!(called.value.pointer("/value/0/hitsContainers/0/hits/0/hitId"), Some(&json!(SITE)));
        let body = search_body(&["driveItem", "listItem"], "hr filetype:pdf", 50, 500, Some("EUR"));
        let input = json!({
            "query": "hr filetype:pdf", "entityTypes": ["driveItem", "listItem"], "region": "EUR", "from": 50,
            "size": 500,
        });
        call_by(app, "search", &input, &posted("/search/query", &body)).expect("hits");
    }
}

#[test]
fn a_user_searches_without_a_region() {
    let body = search_body(&["list"], "hr", 0, 25, None);
    let input = json!({ "query": "hr", "entityTypes": ["list"], "region": "EUR" });
    call_as(Token::User, "search", &input, &posted("/search/query", &body)).expect("hits");
}

#[test]
fn a_search_is_checked_before_it_is_sent() {
    for (field, value) in [
        ("entityTypes", json!([])),
        ("entityTypes", json!(["message"])),
        ("entityTypes", json!("site")),
        ("region", json!("nam")),
        ("size", json!(0)),
        ("size", json!(501)),
        ("from", json!(-1)),
        ("query", json!(1)),
        ("more", json!(1)),
    ] {
        let mut input = json!({ "query": "x" });
        input[field] = value;
        assert!(refused("search", &input).contains(field), "{input}");
    }
}
