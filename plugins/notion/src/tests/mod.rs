mod service;

use innkeeper_guest::testing::{Answer, Called, HttpError, Script, Sent, SentBody, get, post, request};
use innkeeper_spec::{ConnectorSpec, draft};

use super::*;
use service::{DATA_SOURCE, OTHER, PAGE};

const API: &str = "https://api.notion.com/v1";

/// The request that an action must send, in every detail.
fn sent(method: &str, path: &str, body: Option<&Value>) -> Sent {
    Sent {
        method: method.to_owned(),
        url: format!("{API}{path}"),
        query: Vec::new(),
        headers: body.iter().map(|_| ("content-type".to_owned(), "application/json".to_owned())).collect(),
        body: body.map_or(SentBody::Empty, |body| SentBody::Bytes(body.to_string().into_bytes())),
        with_credential: true,
        follows_redirects: true,
        timeout: None,
    }
}

/// Runs an action against the service, and holds what it sent against what it must send.
fn call(action: &str, input: &Value, expected: &Sent) -> Result<Called, Error> {
    let on = request(&expected.method, &expected.url).only_query();
    let ctx = Script::new().on(on).reply_with(service::answer(&as_the_host_sends(expected))).into_ctx();
    let outcome = ctx.call(connector, action, input);
    let requests = ctx.sent();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].json(), expected.json());
    let body = expected.body.clone();
    assert_eq!(Sent { body, ..requests[0].clone() }, *expected);
    outcome
}

fn as_the_host_sends(request: &Sent) -> Sent {
    let mut request = request.clone();
    for (name, value) in connector().spec().headers {
        if request.header(&name).is_none() {
            request.headers.push((name.to_ascii_lowercase(), value));
        }
    }
    request
}

/// The input is refused before anything is sent; the error's text.
fn refused(action: &str, input: &Value) -> String {
    match Script::new().call(connector, action, input) {
        Err(Error::InvalidInput(message)) => message,
        other => panic!("{action} {input}: {other:?}"),
    }
}

#[test]
fn a_search_for_pages_asks_for_ten() {
    let body = json!({ "query": "kale", "filter": { "property": "object", "value": "page" }, "page_size": 10 });
    let called = call(
        "searchPageOrDSByTitle",
        &json!({ "query": "kale", "queryObjectType": "page" }),
        &sent("POST", "/search", Some(&body)),
    );
    let value = called.expect("the search is answered").value;
    assert_eq!(value["results"].as_array().map(Vec::len), Some(3));
    assert_eq!(value["next_cursor"], Value::Null);
    assert_eq!(value["request_id"], OTHER, "the answer is passed on unchanged");
}

#[test]
fn a_search_goes_on_where_the_answer_before_ended() {
    let mut input = json!({ "query": "", "queryObjectType": "page", "pageSize": 2 });
    let mut body = json!({ "query": "", "filter": { "property": "object", "value": "page" }, "page_size": 2 });
    let first = call("searchPageOrDSByTitle", &input, &sent("POST", "/search", Some(&body))).expect("the first page");
    assert_eq!(first.value["has_more"], true);
    input["startCursor"] = first.value["next_cursor"].clone();
    body["start_cursor"] = first.value["next_cursor"].clone();
    let last = call("searchPageOrDSByTitle", &input, &sent("POST", "/search", Some(&body))).expect("the last page");
    assert_eq!(last.value["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(last.value["has_more"], false);
}

#[test]
fn data_sources_are_found_by_their_own_type() {
    let body = json!({ "query": "x", "filter": { "property": "object", "value": "data_source" }, "page_size": 100 });
    let input = json!({ "query": "x", "queryObjectType": "data_source", "pageSize": 100, "startCursor": " " });
    let called = call("searchPageOrDSByTitle", &input, &sent("POST", "/search", Some(&body))).expect("answered");
    assert_eq!(called.value["results"][0], service::data_source_object());
}

#[test]
fn a_search_is_checked_before_it_is_sent() {
    let good = json!({ "query": "x", "queryObjectType": "page" });
    for (field, value) in [
        ("pageSize", json!(0)),
        ("pageSize", json!(101)),
        ("pageSize", json!("10")),
        ("queryObjectType", json!("database")),
        ("query", json!(7)),
        ("startCursor", json!(2)),
        ("cursor", json!("x")),
    ] {
        let mut input = good.clone();
        input[field] = value;
        assert!(refused("searchPageOrDSByTitle", &input).contains(field), "{input}");
    }
    assert!(refused("searchPageOrDSByTitle", &json!({ "query": "x" })).contains("queryObjectType"));
    assert!(refused("searchPageOrDSByTitle", &json!({ "queryObjectType": "page" })).contains("query"));
}

#[test]
fn a_page_is_answered_as_it_is() {
    let page = call("getPage", &json!({ "pageId": PAGE }), &sent("GET", &format!("/pages/{PAGE}"), None));
    assert_eq!(page.expect("the page is there").value, service::page_object());
    let bare = PAGE.replace('-', "");
    call("getPage", &json!({ "pageId": bare }), &sent("GET", &format!("/pages/{bare}"), None))
        .expect("dashes may lack");
}

#[test]
fn a_data_source_is_answered_as_it_is() {
    let expected = sent("GET", &format!("/data_sources/{DATA_SOURCE}"), None);
    let called = call("getDataSource", &json!({ "dataSourceId": DATA_SOURCE }), &expected);
    assert_eq!(called.expect("the data source is there").value, service::data_source_object());
}

#[test]
fn a_data_source_is_queried_without_a_filter() {
    for input in [json!({ "dataSourceId": DATA_SOURCE }), json!({ "dataSourceId": DATA_SOURCE, "filter": "" })] {
        let path = format!("/data_sources/{DATA_SOURCE}/query");
        let called = call("queryDataSource", &input, &sent("POST", &path, Some(&json!({ "page_size": 10 }))));
        assert_eq!(called.expect("rows").value["results"].as_array().map(Vec::len), Some(3));
    }
}

#[test]
fn a_filter_is_sent_as_an_object_and_the_cursor_beside_it() {
    let path = format!("/data_sources/{DATA_SOURCE}/query");
    let filter = json!({ "and": [
        { "property": "Price", "number": { "less_than": 3 } },
        { "timestamp": "created_time", "created_time": { "past_week": {} } },
    ]});
    let mut input = json!({ "dataSourceId": DATA_SOURCE, "filter": filter.to_string(), "pageSize": 1 });
    let mut body = json!({ "page_size": 1, "filter": filter });
    let first = call("queryDataSource", &input, &sent("POST", &path, Some(&body))).expect("the first row");
    input["startCursor"] = first.value["next_cursor"].clone();
    body["start_cursor"] = first.value["next_cursor"].clone();
    let second = call("queryDataSource", &input, &sent("POST", &path, Some(&body))).expect("the second row");
    assert_ne!(second.value["next_cursor"], first.value["next_cursor"]);
}

#[test]
fn a_filter_that_is_no_json_object_is_refused_and_says_so() {
    let refuse = |filter: Value| refused("queryDataSource", &json!({ "dataSourceId": DATA_SOURCE, "filter": filter }));
    let broken = refuse(json!("{\"property\":"));
    assert!(broken.contains("filter: this is not JSON") && broken.contains("line 1"), "{broken}");
    for scalar in ["[]", "7", "null", "\"x\""] {
        assert!(refuse(json!(scalar)).contains("not an object"), "{scalar}");
    }
    assert!(refuse(json!({ "property": "Price" })).contains("/filter"), "an object is not taken: the text of one is");
    assert!(refused("queryDataSource", &json!({ "dataSourceId": DATA_SOURCE, "pageSize": 101 })).contains("/pageSize"));
}

#[test]
fn notion_says_what_is_wrong_with_a_filter() {
    let path = format!("/data_sources/{DATA_SOURCE}/query");
    let body = json!({ "page_size": 10, "filter": { "Price": 3 } });
    let input = json!({ "dataSourceId": DATA_SOURCE, "filter": "{\"Price\":3}" });
    let error = call("queryDataSource", &input, &sent("POST", &path, Some(&body))).expect_err("no such filter");
    let expected =
        "body failed validation: body.filter.or should be defined, instead was `undefined`. (validation_error)";
    assert_eq!(error, Error::upstream(400, expected));
}

#[test]
fn an_id_stays_one_segment_of_the_path() {
    for (id, segment) in [
        ("../users", "..%2Fusers"),
        ("a/b", "a%2Fb"),
        ("x?page_size=1", "x%3Fpage_size%3D1"),
        ("x#y", "x%23y"),
        ("%2e%2e", "%252e%252e"),
        ("é", "%C3%A9"),
        ("..\\users", "..%5Cusers"),
    ] {
        for (action, field, before, after) in [
            ("getPage", "pageId", "/pages/", ""),
            ("getDataSource", "dataSourceId", "/data_sources/", ""),
            ("queryDataSource", "dataSourceId", "/data_sources/", "/query"),
        ] {
            let body = json!({ "page_size": 10 });
            let (method, body) = if after.is_empty() { ("GET", None) } else { ("POST", Some(&body)) };
            let expected = sent(method, &format!("{before}{segment}{after}"), body);
            let error = call(action, &json!({ field: id }), &expected).expect_err("no such id");
            assert!(matches!(&error, Error::Upstream { status: 400, message, .. } if message.contains(id)), "{error}");
        }
    }
}

#[test]
fn an_id_that_would_climb_or_vanish_is_refused() {
    for id in ["", ".", ".."] {
        refused("getPage", &json!({ "pageId": id }));
        refused("getDataSource", &json!({ "dataSourceId": id }));
        refused("queryDataSource", &json!({ "dataSourceId": id }));
    }
    refused("getPage", &json!({ "pageId": "a".repeat(129) }));
    refused("getPage", &json!({}));
}

#[test]
fn what_is_not_shared_is_not_found() {
    let error = call("getPage", &json!({ "pageId": OTHER }), &sent("GET", &format!("/pages/{OTHER}"), None));
    let error = error.expect_err("it is not shared");
    assert!(matches!(&error, Error::NotFound(text) if text.contains("Could not find page") && text.contains(OTHER)));
}

#[test]
fn refusals_become_typed_errors_with_notions_words() {
    let upstream = |status, message: &str| Error::upstream(status, message);
    let cases = [
        (service::refusal(401, "unauthorized", "API token is invalid."), Error::NeedsAuthorization),
        (
            service::refusal(403, "restricted_resource", "Insufficient permissions."),
            Error::denied("Insufficient permissions. (restricted_resource)"),
        ),
        (service::refusal(429, "rate_limited", "Slow down.").header("Retry-After", "7"), Error::RateLimited(Some(7))),
        (service::refusal(429, "rate_limited", "Slow down."), Error::RateLimited(None)),
        (service::refusal(409, "conflict_error", "Busy."), upstream(409, "Busy. (conflict_error)")),
        (service::refusal(503, "service_unavailable", "Down."), upstream(503, "Down. (service_unavailable)")),
        (Answer::new(502).body("<html>Bad gateway</html>", "text/html"), upstream(502, "status 502")),
        (Answer::new(500), upstream(500, "status 500")),
    ];
    for (answer, expected) in cases {
        let script = Script::new().on(get(format!("{API}/pages/{PAGE}"))).reply_with(answer);
        let error = script.call(connector, "getPage", &json!({ "pageId": PAGE })).expect_err("a refusal");
        assert_eq!(error, expected);
    }
    assert!(matches!(upstream(503, ""), Error::Upstream { retryable: true, .. }));
}

#[test]
fn an_answer_that_is_no_listing_is_notions_error() {
    let script =
        Script::new().on(post(format!("{API}/search"))).reply_with(Answer::new(200).body("<html>", "text/html"));
    let error = script.call(connector, "searchPageOrDSByTitle", &json!({ "query": "", "queryObjectType": "page" }));
    assert!(matches!(error, Err(Error::Upstream { status: 200, .. })));
}

#[test]
fn an_answer_beyond_the_limit_is_not_read() {
    let large = "x".repeat(usize::try_from(ANSWER_LIMIT).expect("a small number") + 1);
    let script = Script::new()
        .on(get(format!("{API}/pages/{PAGE}")))
        .reply_with(Answer::new(200).body(large, "application/json"));
    let error = script.call(connector, "getPage", &json!({ "pageId": PAGE }));
    assert!(matches!(error, Err(Error::TooLarge { limit: ANSWER_LIMIT, content_length: Some(_), .. })));
}

#[test]
fn a_broken_connection_is_passed_on() {
    let script = Script::new().on(get(format!("{API}/pages/{PAGE}"))).fail(HttpError::Timeout);
    let error = script.call(connector, "getPage", &json!({ "pageId": PAGE })).expect_err("no answer");
    assert!(matches!(error, Error::Upstream { status: 504, retryable: true, .. }));
}

#[test]
fn the_check_lists_users_and_names_the_workspace() {
    let users = sent("GET", "/users", None);
    let ctx = Script::new()
        .on(get(&users.url).only_query())
        .reply_with(service::answer(&as_the_host_sends(&users)))
        .into_ctx();
    assert_eq!(ctx.check(connector).expect("connected"), "Connected to the Notion workspace Acme");
    assert_eq!(ctx.sent(), [users]);
}

#[test]
fn the_check_takes_an_integration_that_may_not_see_users() {
    let on_users = |answer| Script::new().on(get(format!("{API}/users"))).reply_with(answer).check(connector);
    let restricted = service::refusal(403, "restricted_resource", "Insufficient permissions for this endpoint.");
    assert_eq!(on_users(restricted).expect("the token is good"), "Connected to Notion");
    let unauthorized = service::refusal(401, "unauthorized", "API token is invalid.");
    assert_eq!(on_users(unauthorized), Err(Error::NeedsAuthorization));
    assert!(on_users(service::refusal(403, "other", "No.")).is_err());
}

#[test]
fn without_its_version_header_notion_refuses() {
    let bare = service::answer(&sent("GET", "/users", None));
    assert!(format!("{bare:?}").contains("status: 400"), "{bare:?}");
}

#[test]
fn the_spec_keeps_the_rules_of_the_host() {
    let draft: draft::ConnectorSpec =
        innkeeper_guest::serde_json::from_value(json!(connector().spec())).expect("the spec has the contract's shape");
    let spec = ConnectorSpec::parse(&draft).expect("the spec has no mistake");
    assert_eq!(spec.about.id.as_str(), "notion");
    assert_eq!(spec.headers, [("Notion-Version".to_owned(), "2025-09-03".to_owned())]);
    assert!(spec.skill.expect("there is a skill text").contains("queryDataSource"));
    let names: Vec<_> = spec.actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(names, ["searchPageOrDSByTitle", "getPage", "getDataSource", "queryDataSource"]);
    for action in &spec.actions {
        assert!(action.tool && action.scope == innkeeper_spec::Scope::Read);
        let properties = action.input.as_value()["properties"].as_object().expect("an input has fields");
        assert!(properties.values().all(|field| field["description"].is_string()), "{}", action.name);
    }
    let approved = spec.hosts[0].resolve(&json!({}), &|_| None).expect("a fixed host").expect("a fixed host");
    assert!(approved.permits("https", "api.notion.com", 443, "POST", "/v1/search"));
    assert!(!approved.permits("https", "api.notion.com", 443, "DELETE", "/v1/blocks/x"));
    assert!(!approved.permits("https", "www.notion.so", 443, "GET", "/v1/search"));
}

#[test]
fn a_notion_account_asks_for_the_client_alone() {
    let oauth = &connector().spec().auth_types[0];
    assert_eq!(oauth.auth_type, "oauth_authorization_code");
    let settled = ["scope", "useBasicAuth", "scopeParamName", "accessTokenPath", "tokenTypePath", "tokenType"];
    for field in settled.into_iter().chain(["authorizationUrl", "tokenUrl", "revocationUrl", "issuer"]) {
        assert_eq!(oauth.overrides[field]["hidden"], true, "{field}");
    }
    for field in ["clientId", "clientSecret"] {
        assert!(oauth.overrides[field].get("hidden").is_none(), "{field}");
    }
    // Notion takes tokens back in a form of its own, not by RFC 7009.
    assert!(oauth.defaults.get("revocationUrl").is_none(), "{:#?}", oauth.defaults);
}
