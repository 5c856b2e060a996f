//! The whole spec of a connector, checked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::ids::{MAX_LENGTH, is_identifier};
use crate::mistake::{Mistakes, quoted};
use crate::parse::{annotations, check_size, object_schema};
use crate::schema::Budget;
use crate::{
    About, ActionName, ActionSpec, AuthDeclaration, AuthTypeId, ConnectorId, Difference, HostRule, PlaceholderUse,
    Policies, Schema, difference, draft, form, header,
};

/// The spec of a connector.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ConnectorSpec {
    /// The identity of the connector.
    pub about: About,
    /// Auth types that it accepts, in the order in which to offer them; never empty.
    pub auth_types: Vec<AuthDeclaration>,
    /// JSON Schema of the connection's config, with form hints under `x-form`.
    #[schemars(schema_with = "crate::published::inline_schema")]
    pub config: Schema,
    /// The hosts that it requests access to.
    pub hosts: Vec<HostRule>,
    /// Default headers of requests that do not set them.
    pub headers: Vec<(String, String)>,
    /// Secret fields that requests may name as `${secret.field}`.
    pub placeholders: Vec<String>,
    /// Fields of the token response that the guest may read.
    pub claims: Vec<String>,
    /// The actions.
    pub actions: Vec<ActionSpec>,
    /// What the host does with every request and response.
    pub policies: Policies,
    /// What a language model should know before it uses the actions.
    pub skill: Option<String>,
    /// Values that the contract has no field for.
    pub annotations: BTreeMap<String, Value>,
}

impl ConnectorSpec {
    /// Checks what a component returned; reports every mistake at once.
    pub fn parse(draft: &draft::ConnectorSpec) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        if let Err(reason) = check_size(draft) {
            mistakes.note("", reason);
            return Err(mistakes);
        }
        let mut budget = Budget::default();
        let about = About::parse(&draft.about, |id| ConnectorId::parse(id), &mut mistakes);
        let config = object_schema(&draft.config, "/config", &mut budget, &mut mistakes);
        if let Some(config) = &config {
            form::check(config.as_value(), "/config", &mut mistakes);
        }
        let auth_types = auth_types(&draft.auth_types, config.as_ref(), &mut mistakes);
        check_names(&draft.claims, "/claims", check_claim, &mut mistakes);
        check_names(&draft.placeholders, "/placeholders", check_placeholder, &mut mistakes);
        mistakes.check_count("/hosts", draft.hosts.len(), 128);
        let mut hosts: Vec<HostRule> = Vec::new();
        for (index, rule) in draft.hosts.iter().enumerate().take(128) {
            hosts.extend(HostRule::parse(
                rule,
                &format!("/hosts/{index}"),
                config.as_ref(),
                &draft.claims,
                &mut mistakes,
            ));
        }
        header::check(&draft.headers, &mut mistakes);
        let actions = actions(&draft.actions, &mut budget, &mut mistakes);
        let policies = Policies::parse(&draft.policies, &mut mistakes);
        for (index, usage) in policies.iter().flat_map(|policies| &policies.placeholders).enumerate() {
            if !draft.placeholders.contains(&usage.field) {
                let reason = format!("{} is not declared: add it to `placeholders`", quoted(&usage.field));
                mistakes.note(format!("/policies/placeholders/{index}/field"), reason);
            }
        }
        let mut annotations = annotations(&draft.annotations, "/annotations", &mut mistakes);
        let skill = skill(annotations.remove("skill"), &mut mistakes);
        match (about, config, policies) {
            (Some(about), Some(config), Some(policies)) if mistakes.0.is_empty() => Ok(Self {
                about,
                auth_types,
                config,
                hosts,
                headers: draft.headers.clone(),
                placeholders: draft.placeholders.clone(),
                claims: draft.claims.clone(),
                actions,
                policies,
                skill,
                annotations,
            }),
            _ => Err(mistakes),
        }
    }

    /// Where each secret field of `placeholders` may be filled in.
    pub fn placeholder_uses(&self) -> Vec<PlaceholderUse> {
        let uses_of = |field: &String| {
            let mut bound: Vec<_> =
                self.policies.placeholders.iter().filter(|usage| usage.field == *field).cloned().collect();
            if bound.is_empty() {
                bound.push(PlaceholderUse::anywhere(field));
            }
            bound
        };
        self.placeholders.iter().flat_map(uses_of).collect()
    }

    /// The action of that name.
    pub fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.actions.iter().find(|action| action.name.as_str() == name)
    }

    /// The action that the author of this name may have meant.
    pub fn nearest_action(&self, name: &str) -> Option<&ActionName> {
        let name: String = name.chars().take(2 * MAX_LENGTH).collect();
        let likeness = |action: &ActionName| strsim::jaro_winkler(&fold(&name), &fold(action.as_str()));
        let likely = self.actions.iter().map(|action| (likeness(&action.name), &action.name));
        likely.filter(|(likeness, _)| *likeness >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
    }

    /// The declaration of an auth type, if the connector accepts it.
    pub fn auth_declaration(&self, auth_type: &AuthTypeId) -> Option<&AuthDeclaration> {
        self.auth_types.iter().find(|declaration| declaration.auth_type == *auth_type)
    }

    /// What changes for a connection when a newer version replaces this one, the most serious first.
    pub fn differences(&self, newer: &Self) -> Vec<Difference> {
        difference::between(self, newer)
    }

    /// The whole spec with its schemas inline: what `inspect --json` prints, and what the place of a mistake points
    /// into.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("every map has text keys")
    }
}

/// `list_files`, `listFiles` and `ListFiles` are the same name to a person.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn auth_types(
    drafts: &[draft::AuthDeclaration],
    config: Option<&Schema>,
    mistakes: &mut Mistakes,
) -> Vec<AuthDeclaration> {
    if drafts.is_empty() {
        return vec![AuthDeclaration::of_none()];
    }
    mistakes.check_count("/auth_types", drafts.len(), 64);
    let mut declarations = Vec::new();
    for (index, draft) in drafts.iter().enumerate().take(64) {
        let place = format!("/auth_types/{index}");
        if drafts[..index].iter().any(|other| other.auth_type == draft.auth_type) {
            let name = quoted(&draft.auth_type);
            mistakes.note(format!("{place}/auth_type"), format!("{name} is declared twice: keep one"));
        }
        declarations.extend(AuthDeclaration::parse(draft, &place, config, mistakes));
    }
    declarations
}

fn actions(drafts: &[draft::ActionSpec], budget: &mut Budget, mistakes: &mut Mistakes) -> Vec<ActionSpec> {
    mistakes.check_count("/actions", drafts.len(), 512);
    let mut actions = Vec::new();
    let mut known = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate().take(512) {
        let place = format!("/actions/{index}");
        if let Some(first) = known.insert(&draft.name, index) {
            let name = quoted(&draft.name);
            mistakes.note(format!("{place}/name"), format!("{name} is also the name of action {first}: rename one"));
        }
        actions.extend(ActionSpec::parse(draft, &place, budget, mistakes));
    }
    actions
}

fn check_names(names: &[String], place: &str, check: fn(&str) -> Result<(), String>, mistakes: &mut Mistakes) {
    mistakes.check_count(place, names.len(), 64);
    for (index, name) in names.iter().enumerate().take(64) {
        let place = format!("{place}/{index}");
        mistakes.take(&place, check(name));
        if names[..index].contains(name) {
            mistakes.note(place, format!("{} is declared twice: keep one", quoted(name)));
        }
    }
}

fn check_placeholder(name: &str) -> Result<(), String> {
    if is_identifier(name) {
        return Ok(());
    }
    let given = quoted(name);
    Err(format!(
        "{given} is not the name of a secret field: write only the name, such as `bot_token`, without `${{secret.}}`"
    ))
}

fn check_claim(name: &str) -> Result<(), String> {
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= MAX_LENGTH
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
    let given = quoted(name);
    if !is_name {
        return Err(format!("{given} is not a field of a token response: use letters, digits and `_`, `-`, `.`, `:`"));
    }
    // RFC 6749, section 5.1, and what providers nest in it (`authed_user.access_token`).
    let lower = name.to_ascii_lowercase();
    let is_credential = |part: &str| part.ends_with("token") || part.ends_with("secret") || part.ends_with("assertion");
    if lower.split(['.', ':']).any(|part| is_credential(part) || matches!(part, "code" | "password")) {
        return Err(format!("{given} is a credential, which a connector never sees: declare another field"));
    }
    Ok(())
}

fn skill(annotation: Option<Value>, mistakes: &mut Mistakes) -> Option<String> {
    let Value::String(text) = annotation? else {
        mistakes.note("/skill", "is not text: write a JSON string");
        return None;
    };
    mistakes.check_text("/skill", &text, 256 * 1024);
    Some(text)
}

#[cfg(test)]
mod tests;
