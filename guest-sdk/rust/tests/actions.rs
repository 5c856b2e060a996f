//! What an author relies on, seen from outside the crate.

use innkeeper_guest::prelude::*;
use innkeeper_guest::testing::{Answer, HttpError, Script, get, post};
use innkeeper_guest::{Backoff, CredentialUse, Scope, StateError, serde_json};

const API: &str = "https://api.test/v1";

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Order {
    Name,
    Date,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {
    /// Which folder.
    folder: String,
    #[serde(default = "default_order")]
    order: Order,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    #[expect(dead_code, reason = "only its schema matters")]
    nested: Option<Nested>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Config {
    #[schemars(url, extend("x-form" = { "label": "Server", "widgetOptions": { "rows": 2 } }))]
    server: String,
}

fn default_order() -> Order {
    Order::Name
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Nested {
    #[expect(dead_code, reason = "only its schema matters")]
    flag: bool,
}

#[derive(Serialize, JsonSchema)]
struct Names {
    names: Vec<String>,
}

fn list(ctx: &Ctx, List { folder, order, limit, .. }: List) -> Result<Names, Error> {
    let names: Result<Vec<String>, Error> = ctx
        .get(url!("https://api.test/v1/folders/{}", folder))
        .query("order", json!(order).as_str().unwrap_or_default())
        .query_opt("limit", limit)
        .by_cursor("cursor", "/next")
        .items("/names")
        .collect();
    Ok(Names { names: names? })
}

fn raw(ctx: &Ctx, _: NoInput) -> Result<Value, Error> {
    ctx.get(format!("{API}/raw")).send()?.ok()?.json()
}

fn connector() -> Connector {
    Connector::new("sample", "1.2.3")
        .description("Lists names.")
        .auth(Auth::new("oauth_authorization_code").default("tokenUrl", "https://api.test/token").hide("tokenUrl"))
        .config::<Config>()
        .claim("instance")
        .host(Host::claim("instance", "*.api.test").no_credential().methods(["get"]))
        .policies(Policies::new().retry(Retry::new().backoff(Backoff::Linear).max_retries(2)))
        .skill("Be brief.")
        .action(Action::new("list", list).description("Names in a folder.").read().tool())
        .action(Action::new("raw", raw).description("As it comes."))
        .check(|_| Ok("fine"))
}

#[test]
fn schemas_come_from_the_types() {
    let spec = connector().spec();
    let action = spec.action("list").expect("it is declared");
    assert_eq!(action.input["type"], "object");
    assert_eq!(action.input["additionalProperties"], false);
    assert_eq!(action.input["required"], json!(["folder"]));
    assert_eq!(action.input["properties"]["folder"]["description"], "Which folder.");
    assert_eq!(action.input["properties"]["order"]["default"], "name");
    assert_eq!(action.input["properties"]["order"]["enum"], json!(["name", "date"]));
    assert_eq!(action.input["properties"]["limit"]["maximum"], 1000);
    assert!(!action.input.to_string().contains("$ref"), "{:#}", action.input);
    assert!(!action.input.to_string().contains("uint32"));
    assert_eq!(action.output.as_ref().expect("it has a type")["required"], json!(["names"]));
    assert_eq!(spec.action("raw").expect("it is declared").output, None);
    assert_eq!(spec.action("raw").expect("it is declared").input["type"], "object");
}

#[test]
fn the_spec_has_what_was_said() {
    let spec = connector().spec();
    assert_eq!((spec.about.title.as_str(), spec.about.version.as_str()), ("sample", "1.2.3"));
    assert_eq!(spec.auth_types[0].defaults, json!({ "tokenUrl": "https://api.test/token" }));
    assert_eq!(spec.auth_types[0].overrides, json!({ "tokenUrl": { "hidden": true } }));
    let hints = json!({ "label": "Server", "widgetOptions": { "rows": 2 } });
    assert_eq!(spec.config["properties"]["server"], json!({ "type": "string", "format": "uri", "x-form": hints }));
    assert_eq!(spec.hosts[0].credential, CredentialUse::Never);
    assert_eq!(spec.hosts[0].methods, ["GET"]);
    assert_eq!(spec.policies, json!({ "retry": { "backoff": "linear", "max_retries": 2 } }));
    assert_eq!((spec.annotations[0].name.as_str(), &spec.annotations[0].value), ("skill", &json!("Be brief.")));
    assert_eq!((spec.actions[0].scope, spec.actions[1].scope), (Scope::Read, Scope::Write));
}

#[test]
fn the_host_takes_the_spec() {
    let serialized = serde_json::to_value(connector().spec()).expect("a spec is plain data");
    let draft: innkeeper_spec::draft::ConnectorSpec =
        serde_json::from_value(serialized).expect("the contract's record");
    let spec = innkeeper_spec::ConnectorSpec::parse(&draft).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(spec.skill.as_deref(), Some("Be brief."));
}

#[test]
fn pages_are_followed_by_cursor() {
    let ctx = Script::new()
        .on(get(format!("{API}/folders/a%2Fb")).query("order", "date").query("limit", 2).without_query("cursor"))
        .reply(200, json!({ "names": ["x", "y"], "next": "c2" }))
        .on(get(format!("{API}/folders/a%2Fb")).query("cursor", "c2").query("limit", 2))
        .reply(200, json!({ "names": ["z"], "next": "" }))
        .into_ctx();
    let called = ctx.call(connector, "list", &json!({ "folder": "a/b", "order": "date", "limit": 2 }));
    assert_eq!(called.expect("two pages").value, json!({ "names": ["x", "y", "z"] }));
    ctx.finish();
}

#[test]
fn a_service_that_repeats_a_cursor_is_left() {
    let page = json!({ "names": [], "next": "same" });
    let error = Script::new().on(get(format!("{API}/folders/f"))).times(2).reply(200, page).call(
        connector,
        "list",
        &json!({ "folder": "f" }),
    );
    assert!(matches!(error, Err(Error::Upstream { status: 502, .. })), "{error:?}");
}

#[test]
fn pages_are_followed_by_link_offset_body_and_address() {
    let ctx = Script::new()
        .on(get("https://api.test/l").without_query("p"))
        .reply_with(Answer::json(200, &json!([1])).header("link", r#"</l?p=2>; rel="next""#))
        .on(get("https://api.test/l").query("p", 2).only_query())
        .reply(200, json!([2]))
        .on(get("https://api.test/o").query("skip", 0))
        .reply(200, json!({ "items": [1, 2] }))
        .on(get("https://api.test/o").query("skip", 2))
        .reply(200, json!({ "items": [3] }))
        .on(post("https://api.test/b").json(json!({ "q": "x" })))
        .reply(200, json!({ "items": [1], "next": "n" }))
        .on(post("https://api.test/b").json(json!({ "q": "x", "start": "n" })))
        .reply(200, json!({ "items": [2], "next": null }))
        .on(get("https://api.test/a").query("$top", 1))
        .reply(200, json!({ "value": [1], "@odata.nextLink": "https://api.test/a?$skiptoken=t" }))
        .on(get("https://api.test/a").query("$skiptoken", "t").only_query())
        .reply(200, json!({ "value": [2] }))
        .into_ctx();
    let all = |items: &mut dyn Iterator<Item = Result<u8, Error>>| {
        items.collect::<Result<Vec<u8>, Error>>().expect("good pages")
    };
    assert_eq!(all(&mut ctx.get("https://api.test/l").by_link_header().items("")), [1, 2]);
    assert_eq!(all(&mut ctx.get("https://api.test/o").by_offset("skip", "/items", 2).items("/items")), [1, 2, 3]);
    let search = ctx.post("https://api.test/b").json(&json!({ "q": "x" })).by_cursor_in_body("start", "/next");
    assert_eq!(all(&mut search.items("/items")), [1, 2]);
    let listing = ctx.get("https://api.test/a").query("$top", 1).by_next_address("/@odata.nextLink");
    assert_eq!(all(&mut listing.items("/value")), [1, 2]);
}

#[test]
fn no_more_pages_are_fetched_than_allowed() {
    let ctx = Script::new().on(get("https://api.test/l")).reply(200, json!({ "next": "b" })).into_ctx();
    assert_eq!(ctx.get("https://api.test/l").by_cursor("c", "/next").max_pages(1).count(), 1);
}

#[test]
fn an_error_status_becomes_a_typed_error() {
    let answers = [
        (Answer::json(401, &json!({})), Error::NeedsAuthorization),
        (Answer::json(403, &json!({ "error": { "message": "not yours" } })), Error::denied("not yours")),
        (Answer::json(404, &json!({ "message": "gone" })), Error::not_found("gone")),
        (Answer::new(429).header("Retry-After", "17"), Error::RateLimited(Some(17))),
        (Answer::new(500).body("<html>oops", "text/html"), Error::upstream(500, "status 500")),
        (Answer::new(422).body("no such field", "text/plain"), Error::upstream(422, "no such field")),
    ];
    for (answer, expected) in answers {
        let result = Script::new().on(get(format!("{API}/raw"))).reply_with(answer).call(connector, "raw", &json!({}));
        assert_eq!(result, Err(expected));
    }
}

#[test]
fn no_answer_is_an_error_worth_retrying() {
    let result =
        Script::new().on(get(format!("{API}/raw"))).fail(HttpError::Timeout).call(connector, "raw", &json!({}));
    assert!(matches!(result, Err(Error::Upstream { status: 504, retryable: true, .. })));
}

#[test]
fn an_answer_that_is_no_json_is_the_services_error() {
    let answer = Answer::new(200).body("hello", "text/plain");
    let result = Script::new().on(get(format!("{API}/raw"))).reply_with(answer).call(connector, "raw", &json!({}));
    assert!(matches!(result, Err(Error::Upstream { status: 200, retryable: false, .. })), "{result:?}");
}

#[test]
fn an_unknown_action_is_named() {
    let result = Script::new().call(connector, "lisst", &json!({}));
    assert_eq!(result, Err(Error::UnknownAction("lisst".to_owned())));
}

#[test]
fn input_is_checked_against_the_schema_like_at_the_host() {
    let result = Script::new().call(connector, "list", &json!({ "folder": "f", "limit": 0 }));
    assert!(matches!(&result, Err(Error::InvalidInput(message)) if message.contains("/limit")), "{result:?}");
}

#[test]
fn a_parameter_that_climbs_is_never_sent() {
    let result = Script::new().call(connector, "list", &json!({ "folder": ".." }));
    assert!(matches!(result, Err(Error::InvalidInput(_))));
}

#[test]
fn base64_is_the_same_in_pieces_and_whole() {
    let content: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let script = || Script::new().on(get("https://api.test/f"));
    let answer = Answer::new(200).body(content.clone(), "application/octet-stream");
    let ctx = script().reply_with(answer.clone()).into_ctx();
    let text = ctx.get("https://api.test/f").send().and_then(|answer| answer.base64(200_000)).expect("small enough");
    assert_eq!(
        innkeeper_guest::base64::Engine::decode(&innkeeper_guest::base64::prelude::BASE64_STANDARD, text),
        Ok(content)
    );

    let ctx = script().reply_with(answer.clone()).into_ctx();
    let error = ctx.get("https://api.test/f").send().and_then(|answer| answer.base64(199_999)).expect_err("too large");
    let known = Error::TooLarge { limit: 199_999, content_length: Some(200_000), estimated_output: Some(266_668) };
    assert_eq!(error, known);

    let ctx = script().reply_with(answer.chunked()).into_ctx();
    let error = ctx.get("https://api.test/f").send().and_then(|answer| answer.base64(199_999)).expect_err("too large");
    assert_eq!(error, Error::too_large(199_999));
}

#[test]
fn json_of_more_than_a_mebibyte_wants_a_limit() {
    let large = json!("x".repeat(2 << 20));
    let ctx = Script::new().on(get("https://api.test/f")).times(2).reply(200, large.clone()).into_ctx();
    let refused = ctx.get("https://api.test/f").send().and_then(Response::json::<Value>);
    assert!(matches!(refused, Err(Error::TooLarge { limit: 1_048_576, .. })));
    assert_eq!(ctx.get("https://api.test/f").send().and_then(|answer| answer.limit(4 << 20).json()), Ok(large));
}

#[test]
fn requests_carry_what_they_were_given() {
    let ctx = Script::new()
        .file("a.txt", "text/plain", "alpha")
        .on(post("https://api.test/form").form(&[("a", "1")]).without_credential())
        .reply(204, Value::Null)
        .on(post("https://api.test/parts"))
        .reply(200, json!({}))
        .into_ctx();
    let form = ctx.post("https://api.test/form").form(&[("a", "1")]).omit_credential().no_redirects().timeout(500);
    assert_eq!(form.send().map(|answer| answer.status()), Ok(204));
    let file = ctx.file("a.txt").expect("the call has it");
    let parts = [Part::text("kind", 7), Part::file("upload", file), Part::bytes("b", "b.bin", *b"beta")];
    ctx.post("https://api.test/parts").multipart(parts).send().expect("it is answered");
    let sent = ctx.sent();
    assert_eq!((sent[0].follows_redirects, sent[0].timeout), (false, Some(500)));
    let innkeeper_guest::testing::SentBody::Multipart(parts) = &sent[1].body else { panic!("{:?}", sent[1].body) };
    assert_eq!(parts[1].file_name.as_deref(), Some("a.txt"));
    assert_eq!(parts[1].content, b"alpha");
    assert!(matches!(ctx.file("a.txt"), Err(Error::InvalidInput(_))));
}

#[test]
fn several_requests_are_answered_in_their_order() {
    let ctx = Script::new()
        .on(get("https://api.test/2"))
        .reply(404, json!({}))
        .on(get("https://api.test/1"))
        .reply(200, json!({}))
        .into_ctx();
    let requests =
        vec![ctx.get("https://api.test/1"), ctx.get(url!("https://api.test/{}", "")), ctx.get("https://api.test/2")];
    let answers = ctx.send_all(requests);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(Response::status).ok()).collect();
    assert_eq!(statuses, [Some(200), None, Some(404)]);
}

#[test]
fn the_memory_refuses_a_stale_version() {
    let ctx = Script::new().state("cursor", &"a").into_ctx();
    let entry = ctx.state().entry::<String>("cursor").expect("it can be read").expect("it is there");
    assert_eq!((entry.value.as_str(), entry.version), ("a", 1));
    assert_eq!(ctx.state().cas("cursor", "b", 1), Ok(2));
    assert_eq!(ctx.state().cas("cursor", "c", 1), Err(StateError::Conflict(2)));
    assert_eq!(ctx.state().cas("other", "c", 0), Ok(1));
    assert_eq!(ctx.remembered::<String>("cursor").as_deref(), Some("b"));
}

#[test]
fn the_connection_is_as_scripted() {
    let ctx = Script::new().auth_type("bearer").claim("instance", "x").space("acme").user("u1", Some("Ada")).into_ctx();
    assert_eq!((ctx.auth_type().as_str(), ctx.space().as_str()), ("bearer", "acme"));
    assert_eq!((ctx.claim("instance").as_deref(), ctx.claim("other")), (Some("x"), None));
    assert_eq!(ctx.user().and_then(|user| user.name).as_deref(), Some("Ada"));
    ctx.progress(1, 2, "half");
    ctx.emit(&json!({ "n": 1 })).expect("it is JSON");
    assert_eq!(ctx.reported(), [(1, Some(2), "half".to_owned())]);
    assert_eq!(ctx.emitted(), [json!({ "n": 1 })]);
}

#[test]
#[should_panic(expected = "query `q`: expected `a`, got `b`")]
fn a_request_that_differs_fails_the_test_and_says_where() {
    let ctx = Script::new().on(get("https://api.test/f").query("q", "a")).reply(200, json!({})).into_ctx();
    let _ = ctx.get("https://api.test/f").query("q", "b").send();
}

#[test]
#[should_panic(expected = "scripted responses that no request used:\n    GET https://api.test/f")]
fn an_answer_that_is_not_used_fails_the_test() {
    Script::new().on(get("https://api.test/f")).reply(200, json!({})).into_ctx().finish();
}
