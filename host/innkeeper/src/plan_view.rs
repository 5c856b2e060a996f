//! What a plan shows.

use std::collections::{BTreeMap, BTreeSet};

use innkeeper_auth::{Credential, Declared, Settings};
use innkeeper_egress::SHORTEST_SECRET;
use innkeeper_spec::{ApprovedHost, AuthMode, ConnectorSpec, FieldKind, Place, PlaceholderUse, Scope, ValueSource};
use innkeeper_store::{ConnectionId, ConnectionRecord, SpaceId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::error::Error;
use crate::plan::{
    Approval, Change, Endpoint, PlanKind, PlanView, PlanWarning, PlannedAction, PlannedField, PlannedHost,
    PlannedRight, PlannedSecret,
};
use crate::planning::fields_error;

/// The subject of a plan, computed.
pub(crate) struct Planned<'a> {
    pub(crate) space: SpaceId,
    pub(crate) id: ConnectionId,
    pub(crate) title: String,
    pub(crate) auth_mode: AuthMode,
    pub(crate) spec: &'a ConnectorSpec,
    pub(crate) of: Declared<'a>,
    pub(crate) settings: &'a Settings,
    pub(crate) config_sources: BTreeMap<String, ValueSource>,
    pub(crate) hosts: Vec<PlannedHost>,
    pub(crate) placeholders: Vec<String>,
    pub(crate) claims: Vec<String>,
    /// What a change starts from, with its opened secrets.
    pub(crate) before: Option<(&'a ConnectionRecord, &'a BTreeMap<String, SecretString>)>,
}

impl Planned<'_> {
    pub(crate) fn view(self) -> Result<PlanView, Error> {
        let Self { spec, of, settings, before, .. } = self;
        let record = before.map(|(record, _)| record);
        let credential = of.auth_type.credential(settings).map_err(|errors| fields_error(of.declaration, errors))?;
        let scope = match &credential {
            Credential::Grant(grants) => grants.scope().map(ToString::to_string).unwrap_or_default(),
            _ => String::new(),
        };
        let sourced = |fields: &BTreeMap<String, Value>, sources: &BTreeMap<String, ValueSource>| {
            let field = |(field, value): (&String, &Value)| PlannedField {
                field: field.clone(),
                value: value.clone(),
                source: source(sources, field),
            };
            fields.iter().map(field).collect::<Vec<_>>()
        };
        let secret = |field: &String| PlannedSecret { field: field.clone(), source: source(settings.sources(), field) };
        let action = |action: &innkeeper_spec::ActionSpec| PlannedAction {
            name: action.name.clone(),
            title: action.title.clone(),
            scope: action.scope,
        };
        let mut view = PlanView {
            kind: if before.is_some() { PlanKind::Change } else { PlanKind::Connect },
            connector: spec.about.id.clone(),
            connector_version: spec.about.version.to_string(),
            auth_type: of.declaration.auth_type.clone(),
            auth_mode: self.auth_mode,
            interactive: of.auth_type.spec().interactive,
            config: sourced(&object(of.config), &self.config_sources),
            fields: sourced(settings.plain(), settings.sources()),
            secrets: settings.secrets().keys().map(secret).collect(),
            endpoints: endpoints(&of, settings, record),
            placeholders: placeholders(&of, self.placeholders, record),
            claims: rights(self.claims, |name| {
                let stood = record.is_some_and(|record| record.claims.contains(name));
                (stood, matches!(credential, Credential::Grant(_)))
            }),
            scopes: scope.split_whitespace().map(str::to_owned).collect(),
            actions: spec.actions.iter().filter(|action| action.scope > Scope::Read).map(action).collect(),
            changes: Vec::new(),
            warnings: warnings(spec, &of, settings.secrets()),
            space: self.space,
            id: self.id,
            title: self.title,
            hosts: self.hosts,
        };
        if let Some((record, secrets)) = before {
            view.changes = changes(record, &view, secrets, settings.secrets());
        }
        Ok(view)
    }
}

fn warnings(spec: &ConnectorSpec, of: &Declared<'_>, secrets: &BTreeMap<String, SecretString>) -> Vec<PlanWarning> {
    let insecure = of.auth_type.spec().annotations.get("insecure").and_then(Value::as_str);
    let insecure = insecure.map(|reason| PlanWarning::InsecureAuthType { reason: reason.to_owned() });
    let short = secrets.iter().filter(|(_, secret)| secret.expose_secret().len() < SHORTEST_SECRET);
    let short = short.map(|(field, _)| PlanWarning::ShortSecret { field: field.clone(), shortest: SHORTEST_SECRET });
    let in_body = spec
        .placeholder_uses()
        .iter()
        .any(|usage| usage.permits_place(Place::Body) && secrets.contains_key(&usage.field));
    let in_body = in_body.then_some(PlanWarning::SecretInBody);
    insecure.into_iter().chain(short).chain(in_body).collect()
}

/// The origin of a value; one of unknown origin counts as set by the owner.
fn source(sources: &BTreeMap<String, ValueSource>, name: &str) -> ValueSource {
    sources.get(name).copied().unwrap_or(ValueSource::Given)
}

fn object(value: &Value) -> BTreeMap<String, Value> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The fields that are addresses, in the order of the auth type, then those of the host's configuration.
fn endpoints(of: &Declared<'_>, settings: &Settings, before: Option<&ConnectionRecord>) -> Vec<Endpoint> {
    let was = |field: &str| before.and_then(|before| before.fields.get(field)).and_then(Value::as_str);
    let fields = of.fields().into_iter().filter(|field| field.kind == FieldKind::Url);
    let endpoint = |field: String| {
        let address = settings.text(&field)?.to_owned();
        let source = settings.sources().get(&field).copied().unwrap_or(ValueSource::Given);
        let approval = if was(&field) == Some(&address) {
            Approval::Standing
        } else if source == ValueSource::Given {
            Approval::Named
        } else {
            Approval::Needed
        };
        Some(Endpoint { field, address, source, approval })
    };
    let own = of.auth_type.addresses().into_iter().map(|(name, address)| Endpoint {
        field: name.to_owned(),
        address: address.to_string(),
        source: ValueSource::Host,
        // The operator decides where the service is; an owner who changes a connection that uses it has agreed to
        // that.
        approval: if before.is_some() { Approval::Standing } else { Approval::Needed },
    });
    fields.filter_map(|field| endpoint(field.name)).chain(own).collect()
}

/// The host with the claim that narrows it, which its own text leaves out.
fn with_claim(host: &ApprovedHost) -> String {
    host.claim.as_ref().map_or_else(|| host.to_string(), |claim| format!("{host}, narrowed by the claim `{claim}`"))
}

/// The secrets that requests may name. One that the auth type does not have has no effect. One that had no value when its
/// owner agreed had none then, so that was no approval.
fn placeholders(of: &Declared<'_>, uses: Vec<String>, before: Option<&ConnectionRecord>) -> Vec<PlannedRight> {
    let fields = of.fields();
    let field_of = |text: &str| text.parse::<PlaceholderUse>().ok().map(|usage| usage.field);
    let is_used = |text: &str| {
        field_of(text).is_some_and(|used| fields.iter().any(|field| field.kind.is_secret() && field.name == used))
    };
    let stood = |text: &String| {
        let had_value =
            |before: &ConnectionRecord| field_of(text).is_some_and(|used| before.secret_names.contains(&used));
        before.is_some_and(|before| before.placeholders.contains(text) && (had_value(before) || !is_used(text)))
    };
    rights(uses, |text| (stood(text), is_used(text)))
}

/// Each right, by whether it stood before and whether it has an effect.
fn rights(names: Vec<String>, stood_and_is_used: impl Fn(&String) -> (bool, bool)) -> Vec<PlannedRight> {
    let right = |name: String| {
        let approval = match stood_and_is_used(&name) {
            (true, _) => Approval::Standing,
            (false, true) => Approval::Needed,
            (false, false) => Approval::Unused,
        };
        PlannedRight { name, approval }
    };
    names.into_iter().map(right).collect()
}

fn changes(
    before: &ConnectionRecord,
    view: &PlanView,
    old_secrets: &BTreeMap<String, SecretString>,
    new_secrets: &BTreeMap<String, SecretString>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut note = |place: &str, before: Option<Value>, after: Option<Value>| {
        if before != after {
            changes.push(Change { place: place.to_owned(), before, after });
        }
    };
    note("title", Some(before.title.as_str().into()), Some(view.title.as_str().into()));
    let values = |fields: &[PlannedField]| -> BTreeMap<String, Value> {
        fields.iter().map(|field| (field.field.clone(), field.value.clone())).collect()
    };
    let parts = [
        ("config", object(&before.config), values(&view.config)),
        ("fields", before.fields.clone(), values(&view.fields)),
    ];
    for (part, old, new) in parts {
        for name in names(&old, &new) {
            note(&format!("{part}.{name}"), old.get(name).cloned(), new.get(name).cloned());
        }
    }
    let texts = |texts: Vec<String>| Some(Value::from(texts));
    let of_rights = |rights: &[PlannedRight]| texts(rights.iter().map(|right| right.name.clone()).collect());
    note(
        "hosts",
        texts(before.hosts.iter().map(with_claim).collect()),
        texts(view.hosts.iter().map(|planned| with_claim(&planned.host)).collect()),
    );
    note("placeholders", texts(before.placeholders.clone()), of_rights(&view.placeholders));
    note("claims", texts(before.claims.clone()), of_rights(&view.claims));
    let text = |secrets: &BTreeMap<String, SecretString>, name: &str| {
        secrets.get(name).map(|secret| secret.expose_secret().to_owned())
    };
    let differ =
        names(old_secrets, new_secrets).into_iter().filter(|name| text(old_secrets, name) != text(new_secrets, name));
    changes.extend(differ.map(|name| Change { place: format!("secrets.{name}"), before: None, after: None }));
    changes
}

/// The names in either, each once.
fn names<'a, T>(old: &'a BTreeMap<String, T>, new: &'a BTreeMap<String, T>) -> BTreeSet<&'a String> {
    old.keys().chain(new.keys()).collect()
}
