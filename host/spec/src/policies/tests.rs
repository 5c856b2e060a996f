use serde_json::{Value, json};

use super::*;

fn parsed(value: &Value) -> Result<Policies, String> {
    let mut mistakes = Mistakes::default();
    match Policies::parse(&value.to_string(), &mut mistakes) {
        Some(policies) if mistakes.0.is_empty() => Ok(policies),
        _ => Err(mistakes.to_string()),
    }
}

#[test]
fn a_sign_of_a_refused_token_has_a_place_and_texts() {
    let policies = parsed(&json!({"unauthorized": {"body_path": "/error", "body_values": ["token_expired"]}}));
    assert_eq!(policies.expect("valid").unauthorized.expect("given").body_values, ["token_expired"]);
    for wrong in [
        json!({"body_path": "error", "body_values": ["token_expired"]}),
        json!({"body_path": "/error", "body_values": []}),
        json!({"body_values": ["token_expired"]}),
    ] {
        assert!(parsed(&json!({ "unauthorized": wrong })).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let policies = parsed(&json!({"retry": {}, "rate_limit": {}})).expect("valid");
    assert_eq!(policies.retry, Some(Retry::default()));
    assert_eq!(policies.retry.expect("given").statuses, [429, 502, 503, 504]);
    assert_eq!(policies.rate_limit.expect("given").codes, [429]);
    assert_eq!(policies.pagination, None);
}

#[test]
fn every_policy_can_be_said() {
    let value = json!({
        "rate_limit": {"strategy": "response_body", "body_path": "/error", "body_values": ["ratelimited"], "reset_header": "retry-after"},
        "retry": {"statuses": [503], "max_retries": 10, "backoff": "linear", "initial_delay_ms": 1, "max_delay_ms": 2, "methods": ["POST"]},
        "pagination": {
            "strategy": "cursor", "parameter_location": "body", "result_path": "/results", "cursor_param": "start_cursor",
            "cursor_path": "/next_cursor", "page_size_param": "page_size", "default_page_size": 100,
        },
        "errors": {"user_error_codes": [400, 404], "system_error_codes": [500]},
        "streaming": {"enabled": true, "mechanism": "sse", "parser": "ndjson"},
    });
    let policies = parsed(&value).expect("valid");
    let errors = policies.errors.clone().expect("given");
    assert_eq!(errors.classify(404), ErrorClass::User);
    assert_eq!(errors.classify(500), ErrorClass::System);
    assert_eq!(errors.classify(302), ErrorClass::Unknown);
    let again = serde_json::to_value(&policies).expect("serializes");
    assert_eq!(parsed(&again).expect("what is printed can be read again"), policies);
}

#[test]
fn what_no_policy_allows_is_a_mistake_with_its_place() {
    let cases = [
        (json!({"retries": {}}), "/policies: unknown field `retries`"),
        (json!({"retry": {"maxRetries": 1}}), "/policies/retry: unknown field `maxRetries`"),
        (json!({"retry": {"max_retries": 11}}), "/policies/retry/max_retries: `11` is more than `10`"),
        (json!({"retry": {"statuses": [200]}}), "/policies/retry/statuses/0: `200` is less than `400`"),
        (json!({"retry": {"methods": ["get"]}}), "/policies/retry/methods/0: `get` is not a method"),
        (json!({"retry": {"initial_delay_ms": 9, "max_delay_ms": 3}}), "/policies/retry/initial_delay_ms: is longer"),
        (json!({"rate_limit": {"strategy": "luck"}}), "/policies/rate_limit/strategy: "),
        (json!({"rate_limit": {"strategy": "header"}}), "/policies/rate_limit: has the strategy `header` without"),
        (json!({"rate_limit": {"strategy": "response_body"}}), "without a `body_path`"),
        (json!({"rate_limit": {"codes": []}}), "/policies/rate_limit/codes: is empty"),
        (json!({"rate_limit": {"body_path": "error"}}), "/policies/rate_limit/body_path: is not a JSON pointer"),
        (json!({"pagination": {"strategy": "cursor"}}), "set `cursor_param` and `cursor_path`"),
        (json!({"pagination": {"strategy": "offset"}}), "set `offset_param`"),
        (json!({"errors": {"user_error_codes": [500], "system_error_codes": [500]}}), "keep it in one"),
        (json!({"streaming": {"enabled": true}}), "without a `mechanism`"),
        (json!([]), "/policies: must be object, this is an array"),
    ];
    for (value, expected) in cases {
        let error = parsed(&value).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}
