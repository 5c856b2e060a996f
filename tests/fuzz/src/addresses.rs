//! Addresses: what the owner of a connection approves, and what leaves.

use std::net::IpAddr;

use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use innkeeper_address::SecureUrl;
use innkeeper_egress::{Exception, fuzzing as egress};
use innkeeper_spec::{ApprovedHost, CredentialUse, HostPattern, HostRule, NamePattern};
use serde_json::json;
use url::{Host, Url};

use crate::metadata::is_own;
use crate::shown::{assert_one_plain_line, text};

/// What is approved is what was shown, and nothing leaves that is not within it.
///
/// The lines are a rule, an address, a method, a redirect from there, and another rule.
pub fn addresses(bytes: &[u8]) {
    let input = text(bytes);
    let mut lines = input.split('\n');
    let [rule, address, method, location, other] = [(); 5].map(|()| lines.next().unwrap_or_default());
    pattern(rule);
    config_field(rule);
    exception(rule);
    endpoint(address);
    let rules: Vec<ApprovedHost> = [rule, other].into_iter().filter_map(approved).collect();
    let Ok(method) = method.parse::<Method>() else { return };
    let Ok(url) = Url::parse(address) else { return };
    leaves(&rules, &method, &url);
    let Ok(location) = HeaderValue::from_str(location) else { return };
    let headers = HeaderMap::from_iter([(LOCATION, location)]);
    match egress::redirected(&method, &url, StatusCode::FOUND, &headers) {
        Ok(Some((method, url))) => leaves(&rules, &method, &url),
        Ok(None) => panic!("a redirect with an address leads somewhere"),
        Err(error) => assert_one_plain_line(&error.to_string()),
    }
}

/// A rule, where the text is one: then it is read from what it prints.
fn approved(rule: &str) -> Option<ApprovedHost> {
    let rule = rule.parse::<ApprovedHost>().inspect_err(|error| assert_one_plain_line(error)).ok()?;
    same_when_read(&rule);
    Some(rule)
}

fn same_when_read(rule: &ApprovedHost) {
    let shown = rule.to_string();
    assert_one_plain_line(&shown);
    assert!(shown.is_ascii(), "{shown} can hold look-alike letters");
    let read: ApprovedHost = shown.parse().expect("what is shown can be read");
    assert!(read.covers(rule) && rule.covers(&read), "{shown} is another rule when it is read");
    let json = serde_json::to_string(rule).expect("a rule is JSON");
    assert_eq!(serde_json::from_str::<ApprovedHost>(&json).expect("what is stored can be read"), *rule);
}

/// What leaves is within a rule that somebody approved, and told as what it is.
fn leaves(rules: &[ApprovedHost], method: &Method, url: &Url) {
    let admitted = match egress::admitted(rules, method, url) {
        Ok(admitted) => admitted,
        Err(error) => return assert_one_plain_line(&error.to_string()),
    };
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url), "an address is what it prints");
    let shown = egress::described(method, url);
    assert_one_plain_line(&shown);
    let mut bare = url.clone();
    bare.set_query(None);
    let read = shown.split_once(&format!(" {method} ")).map(|(origin, path)| format!("{origin}{path}"));
    assert_eq!(read.as_deref().map(Url::parse), Some(Ok(bare)), "{shown} is told of another address");

    let within: Vec<&ApprovedHost> = rules.iter().filter(|rule| is_within(rule, method, url)).collect();
    match admitted {
        None => {}
        Some(CredentialUse::Allowed) => {
            assert!(within.iter().any(|rule| rule.credential == CredentialUse::Allowed), "{url} is within no rule");
        }
        Some(CredentialUse::Never) => assert!(!within.is_empty(), "{url} is within no rule"),
    }
    for (narrow, wide) in rules.iter().zip(rules.iter().skip(1)) {
        let admits = |rule: &ApprovedHost| egress::admitted(std::slice::from_ref(rule), method, url).ok().flatten();
        if wide.covers(narrow) && admits(narrow).is_some() {
            assert!(admits(wide).is_some(), "{wide} covers {narrow} and does not admit {method} {url}");
        }
    }
    if let Some(Host::Ipv6(address)) = url.host()
        && let Some(inner) = address.to_ipv4_mapped()
    {
        assert!(egress::not_public(IpAddr::V6(address)).is_some(), "{inner} goes out as {address}");
    }
}

/// The same question as the wall's, asked of every way in which a server may read the path.
fn is_within(rule: &ApprovedHost, method: &Method, url: &Url) -> bool {
    let (pattern, host) = (rule.host.to_string(), url.host_str().unwrap_or_default());
    let same_host = match pattern.strip_prefix('*') {
        Some(parent) => {
            host.strip_suffix(parent).is_some_and(|labels| labels.split('.').all(|label| !label.is_empty()))
        }
        None => host == pattern,
    };
    let same_method = rule.methods.is_empty() || rule.methods.iter().any(|allowed| allowed == method.as_str());
    let prefix = rule.path_prefix.as_deref().unwrap_or("/").trim_end_matches('/');
    same_host
        && same_method
        && url.scheme() == rule.scheme.as_str()
        && url.port_or_known_default() == Some(rule.port)
        && (prefix.is_empty() || readings(url.path()).iter().all(|path| is_below(path, prefix.as_bytes())))
}

/// The path as servers read it: percent-decoded again and again, with `%u002e` and overlong UTF-8 taken for characters, and letters
/// that look like a dot or a slash taken for those.
fn readings(path: &str) -> Vec<Vec<u8>> {
    let decoders: [Decoder; 4] =
        [|path| percent_encoding::percent_decode(path).collect(), wide_escapes, overlong, look_alikes];
    let mut readings = vec![path.as_bytes().to_vec()];
    let mut next = 0;
    while let Some(reading) = readings.get(next).filter(|_| readings.len() < 64).cloned() {
        for decoded in decoders.map(|decode| decode(&reading)) {
            if !readings.contains(&decoded) {
                readings.push(decoded);
            }
        }
        next += 1;
    }
    readings
}

type Decoder = fn(&[u8]) -> Vec<u8>;

fn wide_escapes(path: &[u8]) -> Vec<u8> {
    replaced(path, |rest| {
        let digits = rest.strip_prefix(b"%u").or_else(|| rest.strip_prefix(b"%U"))?.get(..4)?;
        let value = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        Some((6, char::from_u32(value)?.to_string().into_bytes()))
    })
}

fn overlong(path: &[u8]) -> Vec<u8> {
    replaced(path, |rest| match rest {
        [first @ 0xc0..=0xc1, second @ 0x80..=0xbf, ..] => Some((2, vec![(first & 1) << 6 | second & 0x3f])),
        [0xe0, second @ 0x80..=0x81, third @ 0x80..=0xbf, ..] => Some((3, vec![(second & 1) << 6 | third & 0x3f])),
        _ => None,
    })
}

fn look_alikes(path: &[u8]) -> Vec<u8> {
    let alike = [("\u{ff0e}", b'.'), ("\u{2024}", b'.'), ("\u{ff0f}", b'/'), ("\u{2215}", b'/'), ("\u{ff3c}", b'\\')];
    replaced(path, |rest| {
        let (character, plain) = alike.iter().find(|(character, _)| rest.starts_with(character.as_bytes()))?;
        Some((character.len(), vec![*plain]))
    })
}

/// The path with what `find` finds at the beginning of a rest replaced: so many bytes, and what takes their place.
fn replaced(path: &[u8], find: impl Fn(&[u8]) -> Option<(usize, Vec<u8>)>) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::with_capacity(path.len()), path);
    while let Some((&byte, after)) = rest.split_first() {
        if let Some((length, with)) = find(rest) {
            replaced.extend_from_slice(&with);
            rest = &rest[length..];
        } else {
            replaced.push(byte);
            rest = after;
        }
    }
    replaced
}

/// Dot segments followed, doubled slashes joined, backslashes taken as slashes.
fn is_below(path: &[u8], prefix: &[u8]) -> bool {
    let mut walked: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| matches!(byte, b'/' | b'\\')).filter(|segment| !segment.is_empty()) {
        // Some servers cut parameters off first.
        match segment.split(|&byte| byte == b';').next().unwrap_or_default() {
            b"." => {}
            b".." => drop(walked.pop()),
            _ => walked.push(segment),
        }
    }
    let below = [b"/".as_slice(), &walked.join(&b'/')].concat();
    below == prefix || below.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(b"/"))
}

/// A pattern that is taken is read from what it prints, and names a host that an address can have.
fn pattern(given: &str) {
    let Ok(pattern) = NamePattern::parse(given).inspect_err(|error| assert_one_plain_line(error)) else { return };
    let shown = pattern.to_string();
    assert_one_plain_line(&shown);
    assert_eq!(NamePattern::parse(&shown).as_ref(), Ok(&pattern));
    let host = shown.replacen("*.", "any.", 1);
    assert!(pattern.matches(&host), "{shown} does not mean {host}");
    // What is no punycode is no host, and so meets no address.
    let Ok(url) = Url::parse(&format!("https://{host}/")) else { return };
    assert_eq!(url.host_str(), Some(host.as_str()), "{shown} is another host in an address");
}

/// An address from a config field or a claim becomes a rule for the host that it leads to, and for one host alone.
fn config_field(given: &str) {
    let rule = |host| HostRule {
        host,
        port: None,
        methods: Vec::new(),
        path_prefix: None,
        credential: CredentialUse::Allowed,
        reason: None,
    };
    let of_config = rule(HostPattern::Config { pointer: "/site".to_owned() });
    match of_config.resolve(&json!({ "site": given }), &|_| None) {
        Err(mistake) => assert_one_plain_line(&mistake.to_string()),
        Ok(None) => assert!(given.trim().is_empty()),
        Ok(Some(approved)) => {
            assert!(!approved.host.is_wildcard());
            same_when_read(&approved);
            let url = Url::parse(given.trim()).ok().filter(|_| given.contains("://"));
            if let Some(url) = url {
                assert_eq!(url.host_str(), Some(approved.host.to_string().as_str()));
                assert_eq!(url.port_or_known_default(), Some(approved.port));
            }
        }
    }
    let pattern = NamePattern::parse("*.example.com").expect("a pattern");
    let of_claim = rule(HostPattern::Claim { claim: "site".to_owned(), pattern: pattern.clone() });
    match of_claim.resolve(&json!({}), &|_| Some(given.to_owned())) {
        Err(mistake) => assert_one_plain_line(&mistake.to_string()),
        Ok(None) => assert!(given.trim().is_empty()),
        Ok(Some(approved)) => {
            assert!(approved.host.to_string().ends_with(".example.com") && !approved.host.is_wildcard());
            assert_eq!((approved.scheme.as_str(), approved.port), ("https", 443));
        }
    }
}

/// An operator's exception is read from what it prints.
fn exception(given: &str) {
    match given.parse::<Exception>() {
        Ok(exception) => assert_eq!(exception.to_string().parse().as_ref(), Ok(&exception)),
        Err(error) => drop(error.to_string()),
    }
}

/// An address that credentials are sent to is one that was checked, and stays it.
fn endpoint(given: &str) {
    match given.parse::<SecureUrl>() {
        Err(problem) => assert_one_plain_line(&problem.to_string()),
        Ok(url) => {
            assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&*url));
            assert!(url.scheme() == "https" || url.scheme() == "http" && is_own(&url), "{url}");
            assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
        }
    }
    if let Ok(base) = Url::parse(given).map_err(drop).and_then(|url| SecureUrl::base(url).map_err(drop)) {
        assert!(base.scheme() == "https" || is_own(&base), "{base}");
        assert!(base.query().is_none() && base.fragment().is_none(), "{base}");
    }
}
