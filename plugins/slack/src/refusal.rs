//! How Slack refuses: `{"ok": false, "error": "missing_scope", "needed": "...", "provided": "..."}`.

use innkeeper_guest::prelude::*;

/// The characters of a refusal that are passed on.
const TEXT_LIMIT: usize = 500;

/// The contents of a refusal.
#[derive(Default)]
pub(crate) struct Refusal {
    error: Option<String>,
    needed: Option<String>,
    provided: Option<String>,
    /// Details about arguments or users.
    details: Vec<String>,
}

impl Refusal {
    /// The refusal in this body, if it is one.
    pub(crate) fn of(body: &Value) -> Option<Self> {
        if body.get("ok")?.as_bool()? {
            return None;
        }
        let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let messages = body.pointer("/response_metadata/messages").and_then(Value::as_array).into_iter().flatten();
        let users = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|failure| Some(format!("{}: {}", failure["user"].as_str()?, failure["error"].as_str()?)));
        let details = messages.filter_map(|message| Some(message.as_str()?.to_owned())).chain(users).collect();
        Some(Self { error: text("error"), needed: text("needed"), provided: text("provided"), details })
    }

    /// `Slack sendMessage error: missing_scope (needed=chat:write, provided=users:read)`, with details if there are
    /// any.
    pub(crate) fn text(&self, action: &str) -> String {
        let scopes = [("needed", &self.needed), ("provided", &self.provided)];
        let scopes: Vec<_> =
            scopes.into_iter().filter_map(|(name, scopes)| Some(format!("{name}={}", scopes.as_ref()?))).collect();
        let scopes = if scopes.is_empty() { String::new() } else { format!(" ({})", scopes.join(", ")) };
        let details = self.details.join("; ");
        let colon = if details.is_empty() { "" } else { ": " };
        let text = format!("Slack {action} error: {}{scopes}{colon}{details}", self.code());
        match text.char_indices().nth(TEXT_LIMIT) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    /// The error of the action. `status` is the status of Slack's response, `wait` the seconds of its `Retry-After`.
    pub(crate) fn error(&self, action: &str, status: u16, wait: Option<u32>) -> Error {
        let text = self.text(action);
        match kind(self.code()) {
            Kind::Unauthorized => Error::NeedsAuthorization,
            Kind::Limited => Error::RateLimited(wait),
            Kind::Forbidden => Error::Denied(text),
            Kind::Absent => Error::NotFound(text),
            Kind::Input => Error::InvalidInput(text),
            Kind::Trouble => Error::Upstream { status, message: text, retryable: true },
            Kind::Other => Error::Upstream { status, message: text, retryable: false },
        }
    }

    fn code(&self) -> &str {
        self.error.as_deref().unwrap_or("unknown_error")
    }
}

/// What the caller can do about it.
#[derive(Debug, PartialEq)]
enum Kind {
    Unauthorized,
    Limited,
    Forbidden,
    Absent,
    Input,
    Trouble,
    Other,
}

fn kind(code: &str) -> Kind {
    match code {
        "not_authed" | "invalid_auth" | "token_revoked" | "token_expired" | "account_inactive" => Kind::Unauthorized,
        "ratelimited" | "rate_limited" => Kind::Limited,
        "missing_scope"
        | "no_permission"
        | "not_allowed_token_type"
        | "access_denied"
        | "accesslimited"
        | "ekm_access_denied"
        | "enterprise_is_restricted"
        | "org_login_required"
        | "team_access_not_granted"
        | "two_factor_setup_required"
        | "user_is_restricted"
        | "user_is_ultra_restricted"
        | "user_is_bot"
        | "not_in_channel"
        | "cant_invite"
        | "no_external_invite_permission"
        | "invitee_cant_see_channel"
        | "feature_not_enabled"
        | "invalid_action_token" => Kind::Forbidden,
        "file_deleted" => Kind::Absent,
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "external_channel_migrating" => Kind::Trouble,
        // These concern the format of a request, which the caller does not determine.
        "invalid_json" | "invalid_form_data" | "invalid_charset" | "invalid_post_type" => Kind::Other,
        "missing_argument" | "no_text" | "no_query" | "no_channel" | "no_user" | "msg_too_long" | "limit_required"
        | "name_taken" | "unknown_type" | "cant_invite_self" => Kind::Input,
        _ => family(code),
    }
}

/// Codes that come in families: `channel_not_found`, `restricted_action_read_only_channel`, `invalid_cursor` ...
fn family(code: &str) -> Kind {
    if code.ends_with("_not_found") {
        Kind::Absent
    } else if code.starts_with("restricted_action") {
        Kind::Forbidden
    } else if code.starts_with("invalid_") {
        Kind::Input
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_of_one_kind() {
        for (codes, expected) in [
            ("not_authed invalid_auth token_revoked token_expired account_inactive", Kind::Unauthorized),
            ("ratelimited rate_limited", Kind::Limited),
            ("missing_scope not_allowed_token_type not_in_channel restricted_action_thread_locked", Kind::Forbidden),
            ("channel_not_found user_not_found file_not_found thread_not_found file_deleted", Kind::Absent),
            ("internal_error fatal_error service_unavailable", Kind::Trouble),
            ("invalid_cursor invalid_arguments invalid_name_specials msg_too_long name_taken", Kind::Input),
            ("invalid_json is_archived already_in_channel something_new not_found_at_all", Kind::Other),
        ] {
            for code in codes.split(' ') {
                assert_eq!(kind(code), expected, "{code}");
            }
        }
    }

    #[test]
    fn an_answer_that_is_good_or_says_nothing_is_no_refusal() {
        for body in [json!({ "ok": true, "error": "x" }), json!({ "error": "x" }), json!([]), json!({ "ok": "no" })] {
            assert!(Refusal::of(&body).is_none(), "{body}");
        }
    }

    #[test]
    fn a_refusal_without_a_code_is_an_unknown_error() {
        for body in [json!({ "ok": false }), json!({ "ok": false, "error": "" }), json!({ "ok": false, "error": 7 })] {
            assert_eq!(Refusal::of(&body).expect("a refusal").text("whoAmI"), "Slack whoAmI error: unknown_error");
        }
    }

    #[test]
    fn a_refusal_is_cut_before_it_floods_the_caller() {
        let body = json!({ "ok": false, "error": "é".repeat(1_000) });
        let text = Refusal::of(&body).expect("a refusal").text("whoAmI");
        assert_eq!(text.chars().count(), TEXT_LIMIT + 1);
        assert!(text.ends_with("é…"));
    }
}
