use serde_json::json;

use super::*;

fn rule(host: HostPattern) -> HostRule {
    HostRule {
        host,
        port: None,
        methods: vec!["GET".to_owned()],
        path_prefix: Some("/v1".to_owned()),
        credential: CredentialUse::Allowed,
        reason: None,
    }
}

fn from_config() -> HostRule {
    rule(HostPattern::Config { pointer: "/site/url".to_owned() })
}

fn from_claim() -> HostRule {
    let pattern = NamePattern::parse("*.example.com").expect("valid");
    rule(HostPattern::Claim { claim: "instance_url".to_owned(), pattern })
}

fn resolved(rule: &HostRule, config: &Value, claim: Option<&str>) -> Result<Option<String>, Mistake> {
    let claim = |_: &str| claim.map(str::to_owned);
    Ok(rule.resolve(config, &claim)?.map(|host| host.to_string()))
}

#[test]
fn a_fixed_host_is_asked_for_as_it_stands() {
    let rule = rule(HostPattern::Name(NamePattern::parse("api.example.com").expect("valid")));
    let host = resolved(&rule, &json!({}), None).expect("resolves");
    assert_eq!(host.as_deref(), Some("https://api.example.com:443/v1 (GET)"));
}

#[test]
fn a_config_field_gives_scheme_host_and_port_but_no_path() {
    for (given, expected) in [
        ("https://wiki.example.com/base", "https://wiki.example.com:443/v1 (GET)"),
        ("http://localhost:8080", "http://localhost:8080/v1 (GET)"),
        ("wiki.example.com", "https://wiki.example.com:443/v1 (GET)"),
        (" Wiki.example.com:8443 ", "https://wiki.example.com:8443/v1 (GET)"),
        ("http://[::1]:9", "http://[::1]:9/v1 (GET)"),
    ] {
        let host = resolved(&from_config(), &json!({"site": {"url": given}}), None).expect(given);
        assert_eq!(host.as_deref(), Some(expected), "{given}");
    }
}

#[test]
fn an_absent_config_field_or_claim_gives_no_host_yet() {
    for config in [json!({}), json!({"site": {"url": null}}), json!({"site": {"url": " "}})] {
        assert_eq!(resolved(&from_config(), &config, None).expect("resolves"), None);
    }
    assert_eq!(resolved(&from_claim(), &json!({}), None).expect("resolves"), None);
}

#[test]
fn a_bad_address_in_the_config_is_a_mistake_at_the_field() {
    for bad in [
        json!("ftp://a.example.com"),
        json!("https://user:pw@a.example.com"),
        json!("https://"),
        json!("https://*.example.com"),
        json!(7),
        json!("a b"),
    ] {
        let mistake = resolved(&from_config(), &json!({"site": {"url": bad}}), None).expect_err("bad");
        assert_eq!(mistake.place, "/config/site/url");
        assert!(!mistake.reason.contains("pw"), "{mistake}");
    }
}

#[test]
fn a_claim_stays_within_its_pattern_scheme_and_port() {
    let host = resolved(&from_claim(), &json!({}), Some("https://eu7.example.com/x")).expect("resolves");
    assert_eq!(host.as_deref(), Some("https://eu7.example.com:443/v1 (GET)"));
    for bad in
        ["https://evil.net", "http://eu7.example.com", "https://eu7.example.com:8443", "https://example.com.evil.net"]
    {
        let mistake = resolved(&from_claim(), &json!({}), Some(bad)).expect_err(bad);
        assert_eq!(mistake.place, "/claims/instance_url");
    }
}
