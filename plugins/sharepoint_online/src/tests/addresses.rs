use url::Url;

use crate::address::{Destination, check_graph_path, destination};

#[test]
fn addresses_of_graph_and_of_sharepoint_are_told_apart() {
    for (address, expected) in [
        ("https://graph.microsoft.com/v1.0/drives/d/items/i/content", Some(Destination::Graph)),
        ("HTTPS://Graph.Microsoft.com:443/v1.0/me/photo/$value", Some(Destination::Graph)),
        ("https://contoso.sharepoint.com/_layouts/15/download.aspx?tempauth=x%2f..", Some(Destination::Download)),
        ("https://contoso-my.sharepoint.com/personal/ada/a.pdf?tempauth=//x", Some(Destination::Download)),
        ("https://contoso.sharepoint.com:444/a", None),
        ("https://contoso..sharepoint.com/a", None),
        ("https://contoso.sharepoint.com/a/../b", None),
        ("https://contoso.sharepoint.com?tempauth=x", None),
        ("https://contoso.sharepoint.de/a", None),
    ] {
        assert_eq!(destination(address), expected, "{address}");
    }
}

const PARTS: [&str; 24] = [
    "graph.microsoft.com",
    "contoso.sharepoint.com",
    "evil.test",
    "/v1.0/",
    "/",
    "\\",
    "@",
    ":443",
    ":",
    ".",
    "..",
    "%2e",
    "%2f",
    "%5c",
    "?",
    "#",
    "\t",
    "\n",
    "\0",
    " ",
    "x",
    "é",
    "$batch",
    "%24batch",
];

/// The parser of browsers and of the host (WHATWG) must not find anything else in an address that passes.
#[test]
fn an_address_that_passes_leads_where_it_seems_to() {
    let mut accepted = 0;
    let schemes =
        [("https://", 4), ("https:/", 3), ("https:", 3), ("HTTPS://", 3), ("http://", 3), (" https://", 3), ("//", 3)];
    for (scheme, length) in schemes {
        each_combination(length, |rest| {
            let address = format!("{scheme}{rest}");
            let Some(destination) = destination(&address) else { return };
            accepted += 1;
            let url = Url::parse(&address).unwrap_or_else(|error| panic!("{address:?}: {error}"));
            assert_eq!((url.scheme(), url.username(), url.password()), ("https", "", None), "{address:?}");
            assert_eq!(url.port_or_known_default(), Some(443), "{address:?}");
            match destination {
                Destination::Graph => {
                    assert_eq!(url.host_str(), Some("graph.microsoft.com"), "{address:?}");
                    assert!(url.path().starts_with("/v1.0/"), "{address:?}");
                }
                Destination::Download => {
                    assert!(url.host_str().is_some_and(|host| host.ends_with(".sharepoint.com")), "{address:?}");
                }
            }
        });
    }
    assert!(accepted > 100, "{accepted} is too few to prove anything");
}

#[test]
fn a_graph_path_that_passes_leads_where_it_seems_to() {
    let mut accepted = 0;
    each_combination(3, |rest| {
        let path = format!("/v1.0/{rest}");
        if check_graph_path(&path).is_err() {
            return;
        }
        accepted += 1;
        let url = Url::parse(&format!("https://graph.microsoft.com{path}")).expect("the host is fixed");
        assert_eq!(url.host_str(), Some("graph.microsoft.com"), "{path:?}");
        assert!(url.path().starts_with("/v1.0/"), "{path:?}");
        let first = url.path_segments().and_then(|mut segments| segments.nth(1)).unwrap_or_default();
        assert!(!matches!(first, "$batch" | "%24batch"), "{path:?}");
    });
    assert!(accepted > 100, "{accepted} is too few to prove anything");
}

/// All sequences of up to `length` parts.
fn each_combination(length: usize, mut visit: impl FnMut(&str)) {
    let mut count = vec![0; length];
    let mut text = String::new();
    loop {
        text.clear();
        count.iter().filter(|index| **index > 0).for_each(|index| text.push_str(PARTS[index - 1]));
        visit(&text);
        let Some(place) = count.iter().position(|index| *index < PARTS.len()) else { return };
        count[..place].fill(0);
        count[place] += 1;
    }
}
