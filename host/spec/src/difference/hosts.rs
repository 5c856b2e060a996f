//! Hosts that a newer version requests in addition to the older one's.

use std::fmt::Write as _;

use innkeeper_shown::Said;

use super::{Found, Impact};
use crate::approved_host::{covers_methods, covers_prefix};
use crate::{CredentialUse, HostPattern, HostRule};

pub(super) fn compare(older: &[HostRule], newer: &[HostRule], found: &mut Found) {
    for (index, rule) in newer.iter().enumerate() {
        if !older.iter().any(|former| covers(former, rule)) {
            let what = format!("requests access to {}", describe(rule));
            found.note(format!("/hosts/{index}"), what, Impact::NeedsApproval);
        }
    }
    for (index, rule) in older.iter().enumerate() {
        if !newer.iter().any(|later| covers(later, rule)) {
            let what = format!("no longer requests access to {}", describe(rule));
            found.note(format!("/hosts/{index}"), what, Impact::Informative);
        }
    }
}

fn covers(wide: &HostRule, narrow: &HostRule) -> bool {
    covers_host(&wide.host, &narrow.host)
        && port(wide) == port(narrow)
        && covers_methods(&wide.methods, &narrow.methods)
        && covers_prefix(wide.path_prefix.as_deref(), narrow.path_prefix.as_deref())
        && (wide.credential == CredentialUse::Allowed || narrow.credential == CredentialUse::Never)
}

fn covers_host(wide: &HostPattern, narrow: &HostPattern) -> bool {
    match (wide, narrow) {
        (HostPattern::Name(wide), HostPattern::Name(narrow) | HostPattern::Claim { pattern: narrow, .. }) => {
            wide.covers(narrow)
        }
        (HostPattern::Claim { claim: a, pattern: wide }, HostPattern::Claim { claim: b, pattern: narrow }) => {
            a == b && wide.covers(narrow)
        }
        (wide, narrow) => wide == narrow,
    }
}

/// For a config field, no port means the one in its address.
fn port(rule: &HostRule) -> Option<u16> {
    match rule.host {
        HostPattern::Config { .. } => rule.port,
        HostPattern::Name(_) | HostPattern::Claim { .. } => Some(rule.port.unwrap_or(443)),
    }
}

fn describe(rule: &HostRule) -> String {
    let mut text = rule.host.to_string();
    if let Some(port) = rule.port {
        let _ = write!(text, ", port {port}");
    }
    if let Some(prefix) = &rule.path_prefix {
        let _ = write!(text, ", below {prefix}");
    }
    if !rule.methods.is_empty() {
        let _ = write!(text, " ({})", rule.methods.join(", "));
    }
    text.push_str(match rule.credential {
        CredentialUse::Allowed => ", with the credential",
        CredentialUse::Never => ", without the credential",
    });
    if let Some(reason) = &rule.reason {
        let _ = write!(text, ". {}", Said::connector(reason));
    }
    text
}
