//! Conversions between the contract's types and ours.

use innkeeper_spec::{CredentialUse, Scope, Standing, draft};

use crate::contract::innkeeper::connector::{spec as wit, types};
use crate::error::ActionFailure;
use crate::text;

pub(crate) fn spec(spec: wit::ConnectorSpec) -> draft::ConnectorSpec {
    draft::ConnectorSpec {
        about: draft::About {
            id: spec.about.id,
            version: spec.about.version,
            title: spec.about.title,
            description: spec.about.description,
            documentation: spec.about.documentation,
            icon: spec.about.icon,
        },
        auth_types: spec.auth_types.into_iter().map(auth_declaration).collect(),
        config: spec.config,
        hosts: spec.hosts.into_iter().map(host_rule).collect(),
        headers: spec.headers,
        placeholders: spec.placeholders,
        claims: spec.claims,
        actions: spec.actions.into_iter().map(action).collect(),
        policies: spec.policies,
        annotations: annotations(spec.annotations),
    }
}

fn auth_declaration(declaration: wit::AuthDeclaration) -> draft::AuthDeclaration {
    draft::AuthDeclaration {
        auth_type: declaration.auth_type,
        label: declaration.label,
        standing: match declaration.standing {
            wit::AuthStanding::Standard => Standing::Standard,
            wit::AuthStanding::Recommended => Standing::Recommended,
            wit::AuthStanding::Legacy => Standing::Legacy,
            wit::AuthStanding::Experimental => Standing::Experimental,
        },
        defaults: declaration.defaults,
        overrides: declaration.overrides,
    }
}

fn host_rule(rule: wit::HostRule) -> draft::HostRule {
    draft::HostRule {
        host: match rule.host {
            wit::HostPattern::Name(name) => draft::HostPattern::Name(name),
            wit::HostPattern::Config(pointer) => draft::HostPattern::Config(pointer),
            wit::HostPattern::Claim(wit::ClaimHost { claim, pattern }) => {
                draft::HostPattern::Claim(draft::ClaimHost { claim, pattern })
            }
        },
        port: rule.port,
        methods: rule.methods,
        path_prefix: rule.path_prefix,
        credential: match rule.credential {
            wit::CredentialUse::Allowed => CredentialUse::Allowed,
            wit::CredentialUse::Never => CredentialUse::Never,
        },
        reason: rule.reason,
    }
}

fn action(action: wit::ActionSpec) -> draft::ActionSpec {
    draft::ActionSpec {
        name: action.name,
        title: action.title,
        description: action.description,
        input: action.input,
        output: action.output,
        scope: match action.scope {
            wit::Scope::Read => Scope::Read,
            wit::Scope::Write => Scope::Write,
            wit::Scope::Destroy => Scope::Destroy,
        },
        tool: action.tool,
        streaming: action.streaming,
        annotations: annotations(action.annotations),
    }
}

fn annotations(annotations: Vec<wit::Annotation>) -> Vec<draft::Annotation> {
    annotations.into_iter().map(|wit::Annotation { name, value }| draft::Annotation { name, value }).collect()
}

/// The guest's error, with its texts cut to what a person reads.
pub(crate) fn failure(error: types::ActionError) -> ActionFailure {
    let said = |text| text::bounded(text, text::LONGEST);
    match error {
        types::ActionError::UnknownAction(name) => ActionFailure::UnknownAction(said(name)),
        types::ActionError::InvalidInput(reason) => ActionFailure::InvalidInput(said(reason)),
        types::ActionError::NeedsAuthorization => ActionFailure::NeedsAuthorization,
        types::ActionError::Denied(reason) => ActionFailure::Denied(said(reason)),
        types::ActionError::NotFound(what) => ActionFailure::NotFound(said(what)),
        types::ActionError::RateLimited(retry_after) => ActionFailure::RateLimited { retry_after },
        types::ActionError::TooLarge(types::Size { limit, content_length, estimated_output }) => {
            ActionFailure::TooLarge { limit, content_length, estimated_output }
        }
        types::ActionError::Upstream(types::Upstream { status, message, retryable }) => {
            ActionFailure::Upstream { status, message: said(message), retryable }
        }
        types::ActionError::Internal(reason) => ActionFailure::Internal(said(reason)),
    }
}
