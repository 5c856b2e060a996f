//! Shows where an address leads.

use std::collections::BTreeSet;

use unicode_script::{Script, UnicodeScript as _};
use unicode_security::confusable_detection::skeleton;
use unicode_security::restriction_level::{RestrictionLevel, RestrictionLevelDetection as _};
use url::Url;

use crate::line::{OneLine, Quoted};

/// An address in its parsed form, which is how it is used: the host in ASCII, an IP address in numbers, the port if it is not
/// the scheme's default, the path percent-encoded. A host with other letters is followed by their scripts and what they look
/// like. A text that is not an address is shown with a note; a user name or password is not shown.
pub fn address(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return format!("{} (this is not an address)", Quoted::new(text));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return "(not shown: an address with a user name or password)".to_owned();
    }
    let shown = OneLine::new(url.as_str()).at_most(LONGEST).to_string();
    match url.host_str().and_then(host_warning) {
        Some(warning) => format!("{shown} ({warning})"),
        None => shown,
    }
}

/// A warning about a host that contains letters other than ASCII: their scripts, and what the name looks like. The host is in
/// the form used in addresses (`xn--...`), or a pattern of such hosts.
pub fn host_warning(host: &str) -> Option<String> {
    if !host.split('.').any(|label| label.len() >= 4 && label.as_bytes()[..4].eq_ignore_ascii_case(b"xn--")) {
        return None;
    }
    let (name, valid) = idna::domain_to_unicode(host.trim_start_matches("*."));
    if valid.is_err() {
        return Some("warning: this is not a valid name in any script".to_owned());
    }
    let mut warning = format!("warning: not ASCII, it reads {}", Quoted::new(&name).at_most(LONGEST_NAME));
    let scripts: BTreeSet<&str> = name.chars().map(|c| c.script()).filter_map(letters).collect();
    warning.push_str(" in ");
    warning.push_str(&scripts.into_iter().collect::<Vec<_>>().join(" and "));
    warning.push_str(" letters");
    if name.split('.').any(|label| label.detect_restriction_level() > RestrictionLevel::HighlyRestrictive) {
        warning.push_str(", mixed within a word");
    }
    // In a skeleton, `m` becomes `rn`: ASCII letters stay readable.
    let mut alike = String::new();
    for c in name.chars() {
        if c.is_ascii() { alike.push(c) } else { alike.extend(skeleton(c.encode_utf8(&mut [0; 4]))) }
    }
    if alike.is_ascii() && alike != name {
        warning.push_str(", and looks like ");
        warning.push_str(&Quoted::new(&alike).at_most(LONGEST_NAME).to_string());
    }
    Some(warning)
}

/// The name of a script; digits, dots and marks have none.
fn letters(script: Script) -> Option<&'static str> {
    (!matches!(script, Script::Common | Script::Inherited | Script::Unknown)).then(|| script.full_name())
}

/// The maximum length of an address that is shown whole, in characters.
const LONGEST: usize = 4096;
/// The maximum length of a host name (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_is_parsed() {
        for (given, shown) in [
            ("https://API.Example.com:443/a b?q=ü#ß", "https://api.example.com/a%20b?q=%C3%BC#%C3%9F"),
            ("https://example.com:8443", "https://example.com:8443/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://017700000001", "http://127.0.0.1/"),
            ("http://2130706433:80/", "http://127.0.0.1/"),
            ("http://１２７.0.0.1/", "http://127.0.0.1/"),
            ("https://good。example\u{ff0e}com/", "https://good.example.com/"),
            ("https://good%2eexample.com/", "https://good.example.com/"),
            ("https://good.example\\@evil.example/", "https://good.example/@evil.example/"),
            ("ht\ntps://ev\til.example\r\n/", "https://evil.example/"),
            ("https://evil.example./", "https://evil.example./"),
            ("https://[::ffff:7f00:1]/", "https://[::ffff:7f00:1]/"),
            ("https://evil.example/\u{202e}", "https://evil.example/%E2%80%AE"),
        ] {
            assert_eq!(address(given), shown, "{given}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_made_to_look_like_one() {
        for bad in ["good.example", "https://good.example℀evil.example/", "https://a\u{200b}\u{202e}b/", "https://"] {
            assert!(address(bad).ends_with(" (this is not an address)"), "{bad}: {}", address(bad));
        }
        assert!(!address("https://good.example:hunter2@evil.example/").contains("hunter2"));
    }

    #[test]
    fn letters_that_look_like_others_are_named() {
        for (host, words) in [
            ("аррӏе.com", &["xn--", "it reads", "Cyrillic and Latin", "looks like \"apple.com\""][..]),
            ("pаypal.com", &["mixed within a word", "looks like \"paypal.com\""]),
            ("bücher.example", &["it reads \"bücher.example\" in Latin letters"]),
            ("日本.example", &["it reads \"日本.example\" in Han and Latin letters"]),
        ] {
            let shown = address(&format!("https://{host}/"));
            for word in words {
                assert!(shown.contains(word), "{word}: {shown}");
            }
            assert!(shown.starts_with("https://xn--"), "{shown}");
        }
        assert!(!address("https://bücher.example").contains("mixed"));
        assert!(host_warning("*.xn--pypal-4ve.com").expect("a warning").contains("paypal.com"));
        assert!(host_warning("xn--a.com").is_some_and(|warning| warning.contains("not a valid name")));
        assert_eq!(host_warning("api.example.com"), None);
        assert_eq!(host_warning("[::1]"), None);
    }
}
