//! Making a plan for a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_auth::{AuthType, Credential, Declared, Renewing, Settings, SettingsErrors, Sourced};
use innkeeper_egress::SHORTEST_SECRET;
use innkeeper_runtime::Connector;
use innkeeper_spec::{
    ApprovedHost, AuthDeclaration, AuthMode, ConnectorSpec, FieldKind, Place, PlaceholderUse, Scope, ValueSource,
};
use innkeeper_store::{ConnectionId, ConnectionRecord, SpaceId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::audit::Event;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::hosts::{Host, asked, named};
use crate::naming;
use crate::new_connection::{ConnectionChange, HostApproval, NewConnection};
use crate::plan::{
    Approval, Change, Draft, Endpoint, Plan, PlanKind, PlanView, PlanWarning, PlannedAction, PlannedField, PlannedHost,
    PlannedRight, PlannedSecret,
};
use crate::policy::{AccessRequest, Verb};

impl Innkeeper {
    /// Plans a connection: every field with the source of its value, the hosts that it may reach, the endpoints that
    /// credentials are sent to, and what the connector may do. Everything is checked now, and metadata of an
    /// authorization server is fetched only now. Stores nothing.
    ///
    /// Fails with every mistake in the config or in the fields at once.
    pub async fn plan(&self, new: NewConnection) -> Result<Plan, Error> {
        let request = AccessRequest {
            connection: new.id.as_ref(),
            connector: Some(&new.connector),
            ..AccessRequest::in_space(Verb::PlanConnection, &new.space)
        };
        self.allow(request).await?;
        if let Some(id) = &new.id {
            naming::check("id", id.as_str())?;
        }
        if let Some(title) = &new.title {
            naming::check("title", title)?;
        }
        let connector = self.ready(&new.connector).await?;
        let (declaration, auth_type) = self.declared(&connector, &new.auth_type)?;
        let auth_mode = auth_mode(&*auth_type, new.auth_mode)?;
        let config = self.check_config(&connector, &new.config).await?;
        let of = Declared { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let given = Sourced::all_given(new.fields);
        let settings = match self.parts.auth.discover(&of, given).await {
            Ok(known) => Settings::build(&of, &known, &new.secrets),
            Err(errors) => Err(errors),
        };
        let settings = settings.map_err(|errors| fields_error(&declaration, errors))?;
        let hosts = match new.hosts {
            HostApproval::AsAsked => with_approval(asked(&connector, &config)?, |_| Approval::Needed),
            HostApproval::Only(hosts) => with_approval(named(&connector, &hosts)?, |_| Approval::Named),
        };
        let id = match new.id {
            Some(id) => id,
            None => self.free_id(&new.space, &connector).await?,
        };
        let spec = connector.spec();
        let view = PlanView {
            kind: PlanKind::Connect,
            space: new.space,
            id,
            title: new.title.unwrap_or_else(|| spec.about.title.clone()),
            config: config_fields(&config, new.config.as_object()),
            hosts,
            endpoints: endpoints(&of, &settings, None),
            placeholders: placeholders(&of, asked_placeholders(spec), &[]),
            claims: claims(&of, &settings, spec.claims.clone(), &[])?,
            changes: Vec::new(),
            ..common(spec, &of, &settings, settings.sources(), auth_mode)?
        };
        let sources = settings.sources().clone();
        let component = connector.digest().clone();
        Ok(Plan { view, draft: Draft { config, settings, sources, component, before: None } })
    }

    /// Plans a change to a connection, as [`Innkeeper::plan`] does, and lists what it changes. Stores nothing.
    ///
    /// A field that the owner set stays. One that the connector made from the config follows the config. With
    /// [`HostApproval::AsAsked`], the connection follows the connector as it is now. If that changes the
    /// `discoveryUrl`, or the change names it, the metadata is fetched again, and endpoints that the change does not
    /// name come from there.
    pub async fn plan_change(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        change: ConnectionChange,
    ) -> Result<Plan, Error> {
        let before = self.permitted(space, id, &Event::new(Verb::PlanConnection, None)).await?;
        if let Some(title) = &change.title {
            naming::check("title", title)?;
        }
        let connector = self.ready(&before.connector).await?;
        let (declaration, auth_type) = self.declared(&connector, before.auth_type.as_str())?;
        let config = match &change.config {
            Some(config) => self.check_config(&connector, config).await?,
            None => before.config.clone(),
        };
        let follows = matches!(change.hosts, Some(HostApproval::AsAsked));
        let renewing = match &change.config {
            _ if follows => Renewing::Defaults,
            Some(_) => Renewing::Templates,
            None => Renewing::Nothing,
        };
        let of = Declared { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let given = Sourced::all_given(change.fields);
        let changed_secrets: Vec<String> = change.secrets.keys().cloned().collect();
        let mut secrets = self.parts.auth.open_secrets(&before)?;
        secrets.retain(|name, _| !follows || before.is_given(name));
        let kept_secrets: Vec<String> = secrets.keys().cloned().collect();
        secrets.extend(change.secrets);
        let settings = match self.parts.auth.fields_after(&of, &fields_of(&before), renewing, given).await {
            Ok(known) => Settings::build(&of, &known, &secrets),
            Err(errors) => Err(errors),
        };
        let settings = settings.map_err(|errors| fields_error(&declaration, errors))?;
        let mut sources = settings.sources().clone();
        for name in kept_secrets.into_iter().filter(|name| !changed_secrets.contains(name)) {
            let source = before.source(&name);
            sources.insert(name, source);
        }
        let spec = connector.spec();
        let standing = |host: &Host| {
            // A pattern that a claim narrows was approved for that claim only.
            let binds_no_less = |approved: &ApprovedHost| approved.claim.is_none() || approved.claim == host.host.claim;
            let is_approved =
                before.hosts.iter().any(|approved| approved.covers(&host.host) && binds_no_less(approved));
            if is_approved { Approval::Standing } else { Approval::Needed }
        };
        let hosts = match &change.hosts {
            None => with_approval(before.hosts.iter().cloned().map(Host::from).collect(), |_| Approval::Standing),
            Some(HostApproval::AsAsked) => with_approval(asked(&connector, &config)?, standing),
            Some(HostApproval::Only(hosts)) => with_approval(named(&connector, hosts)?, |_| Approval::Named),
        };
        let (asked_placeholders, asked_claims) = match &change.hosts {
            None => (before.placeholders.clone(), before.claims.clone()),
            Some(_) => (asked_placeholders(spec), spec.claims.clone()),
        };
        let mut view = PlanView {
            kind: PlanKind::Change,
            space: space.clone(),
            id: id.clone(),
            title: change.title.unwrap_or_else(|| before.title.clone()),
            config: config_fields(&config, config.as_object()),
            hosts,
            endpoints: endpoints(&of, &settings, Some(&before)),
            placeholders: placeholders(&of, asked_placeholders, &before.placeholders),
            claims: claims(&of, &settings, asked_claims, &before.claims)?,
            ..common(spec, &of, &settings, &sources, before.auth_mode)?
        };
        view.changes = changes(&before, &view, &changed_secrets);
        let component = connector.digest().clone();
        Ok(Plan { view, draft: Draft { config, settings, sources, component, before: Some(before) } })
    }

    /// An auth type that the connector accepts and this host has, with what the connector declares for it.
    pub fn auth_type(&self, connector: &Connector, asked: &str) -> Result<(AuthDeclaration, Arc<dyn AuthType>), Error> {
        self.declared(connector, asked)
    }

    fn declared(&self, connector: &Connector, asked: &str) -> Result<(AuthDeclaration, Arc<dyn AuthType>), Error> {
        let spec = connector.spec();
        let declaration = spec.auth_types.iter().find(|declaration| declaration.auth_type.as_str() == asked);
        let Some(declaration) = declaration else {
            let taken = spec.auth_types.iter().map(|declaration| declaration.auth_type.to_string()).collect();
            return Err(Error::AuthTypeNotTaken { connector: spec.about.id.clone(), asked: asked.to_owned(), taken });
        };
        let types = self.parts.auth.types();
        let Some(auth_type) = types.find(&declaration.auth_type) else {
            let known = types.ids().map(ToString::to_string).collect();
            return Err(Error::UnknownAuthType { asked: asked.to_owned(), known });
        };
        Ok((declaration.clone(), auth_type.clone()))
    }

    async fn check_config(&self, connector: &Connector, config: &Value) -> Result<Value, Error> {
        let spec = connector.spec();
        let checked = self.parts.runtime.check_config(connector, spec.config.with_defaults(config)).await;
        let (config, checked) =
            checked.map_err(|reason| Error::Unchecked { connector: spec.about.id.clone(), reason })?;
        checked.map_err(|violations| Error::Config { connector: spec.about.id.clone(), violations })?;
        Ok(config)
    }

    async fn free_id(&self, space: &SpaceId, connector: &Connector) -> Result<ConnectionId, Error> {
        let base = connector.spec().about.id.as_str();
        let mut id = ConnectionId::parse(base)?;
        let mut number = 2_u32;
        while self.parts.auth.connections().get(space, &id).await?.is_some() {
            id = ConnectionId::parse(format!("{base}-{number}"))?;
            number += 1;
        }
        Ok(id)
    }
}

/// The part that all plans have in common.
fn common(
    spec: &ConnectorSpec,
    of: &Declared<'_>,
    settings: &Settings,
    sources: &BTreeMap<String, ValueSource>,
    auth_mode: AuthMode,
) -> Result<PlanView, Error> {
    let source = |name: &String| sources.get(name).copied().unwrap_or(ValueSource::Given);
    let plain = settings.plain().iter();
    let credential = of.auth_type.credential(settings).map_err(|errors| fields_error(of.declaration, errors))?;
    let scope = match &credential {
        Credential::Grant(grants) => grants.scope().map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    let writes = spec.actions.iter().filter(|action| action.scope > Scope::Read);
    Ok(PlanView {
        kind: PlanKind::Connect,
        space: SpaceId::default(),
        id: ConnectionId::parse(spec.about.id.as_str())?,
        title: String::new(),
        connector: spec.about.id.clone(),
        connector_version: spec.about.version.to_string(),
        auth_type: of.declaration.auth_type.clone(),
        auth_mode,
        interactive: of.auth_type.spec().interactive,
        config: Vec::new(),
        fields: plain
            .map(|(field, value)| PlannedField { field: field.clone(), value: value.clone(), source: source(field) })
            .collect(),
        secrets: settings
            .secrets()
            .keys()
            .map(|field| PlannedSecret { field: field.clone(), source: source(field) })
            .collect(),
        hosts: Vec::new(),
        endpoints: Vec::new(),
        placeholders: Vec::new(),
        claims: Vec::new(),
        scopes: scope.split_whitespace().map(str::to_owned).collect(),
        actions: writes
            .map(|action| PlannedAction { name: action.name.clone(), title: action.title.clone(), scope: action.scope })
            .collect(),
        changes: Vec::new(),
        warnings: warnings(spec, of, settings.secrets()),
    })
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

fn config_fields(config: &Value, given: Option<&serde_json::Map<String, Value>>) -> Vec<PlannedField> {
    let is_given = |name: &String| given.is_some_and(|given| given.contains_key(name));
    let source = |name| if is_given(name) { ValueSource::Given } else { ValueSource::ConnectorDefault };
    let fields = config.as_object().into_iter().flatten();
    fields
        .map(|(field, value)| PlannedField { field: field.clone(), value: value.clone(), source: source(field) })
        .collect()
}

/// The fields that are addresses, in the order of the auth type, then those of the host's configuration.
fn endpoints(of: &Declared<'_>, settings: &Settings, before: Option<&ConnectionRecord>) -> Vec<Endpoint> {
    let was = |field: &str| before.and_then(|before| before.fields.get(field)).and_then(Value::as_str);
    let fields = of.auth_type.fields(of.declaration).into_iter().filter(|field| field.kind == FieldKind::Url);
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

fn with_approval(hosts: Vec<Host>, approval: impl Fn(&Host) -> Approval) -> Vec<PlannedHost> {
    let planned = |host: Host| {
        let approval = approval(&host);
        let Host { host, reason } = host;
        PlannedHost { claim: host.claim.clone(), host, reason, approval }
    };
    hosts.into_iter().map(planned).collect()
}

/// The host with the claim that narrows it, which its own text leaves out.
fn with_claim(host: &ApprovedHost) -> String {
    host.claim.as_ref().map_or_else(|| host.to_string(), |claim| format!("{host}, narrowed by the claim `{claim}`"))
}

/// The secrets that requests may name. One that the auth type does not have has no effect.
fn placeholders(of: &Declared<'_>, uses: Vec<String>, before: &[String]) -> Vec<PlannedRight> {
    let fields = of.auth_type.fields(of.declaration);
    let is_used = |text: &str| {
        let usage = text.parse::<PlaceholderUse>();
        usage.is_ok_and(|usage| fields.iter().any(|field| field.kind.is_secret() && field.name == usage.field))
    };
    rights(uses, before, is_used)
}

/// The fields of a token answer that the connector may read. Without a grant there are none.
fn claims(
    of: &Declared<'_>,
    settings: &Settings,
    names: Vec<String>,
    before: &[String],
) -> Result<Vec<PlannedRight>, Error> {
    let credential = of.auth_type.credential(settings).map_err(|errors| fields_error(of.declaration, errors))?;
    Ok(rights(names, before, |_| matches!(credential, Credential::Grant(_))))
}

fn rights(names: Vec<String>, before: &[String], is_used: impl Fn(&str) -> bool) -> Vec<PlannedRight> {
    let right = |name: String| {
        let approval = match before.contains(&name) {
            true => Approval::Standing,
            false if is_used(&name) => Approval::Needed,
            false => Approval::Unused,
        };
        PlannedRight { name, approval }
    };
    names.into_iter().map(right).collect()
}

fn changes(before: &ConnectionRecord, view: &PlanView, secrets: &[String]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut note = |place: &str, before: Option<Value>, after: Option<Value>| {
        if before != after {
            changes.push(Change { place: place.to_owned(), before, after });
        }
    };
    note("title", Some(before.title.as_str().into()), Some(view.title.as_str().into()));
    let as_map = |fields: &[PlannedField]| -> BTreeMap<String, Value> {
        fields.iter().map(|field| (field.field.clone(), field.value.clone())).collect()
    };
    let config = before.config.as_object().into_iter().flatten();
    let config: BTreeMap<String, Value> = config.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (part, old, new) in
        [("config", &config, as_map(&view.config)), ("fields", &before.fields, as_map(&view.fields))]
    {
        let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            note(&format!("{part}.{name}"), old.get(name).cloned(), new.get(name).cloned());
        }
    }
    let texts = |texts: Vec<String>| Some(Value::from(texts));
    let names = |rights: &[PlannedRight]| texts(rights.iter().map(|right| right.name.clone()).collect());
    note(
        "hosts",
        texts(before.hosts.iter().map(with_claim).collect()),
        texts(view.hosts.iter().map(|planned| with_claim(&planned.host)).collect()),
    );
    note("placeholders", texts(before.placeholders.clone()), names(&view.placeholders));
    note("claims", texts(before.claims.clone()), names(&view.claims));
    changes.extend(secrets.iter().map(|name| Change { place: format!("secrets.{name}"), before: None, after: None }));
    changes
}

fn fields_of(record: &ConnectionRecord) -> BTreeMap<String, Sourced> {
    let sourced = |(name, value): (&String, &Value)| {
        (name.clone(), Sourced { value: value.clone(), source: record.source(name) })
    };
    record.fields.iter().map(sourced).collect()
}

/// The placeholders that the owner agrees to with the hosts, each entry with the places that it is bound to.
fn asked_placeholders(spec: &ConnectorSpec) -> Vec<String> {
    spec.placeholder_uses().iter().map(ToString::to_string).collect()
}

fn auth_mode(auth_type: &dyn AuthType, asked: Option<AuthMode>) -> Result<AuthMode, Error> {
    let spec = auth_type.spec();
    match asked {
        None => Ok(spec.modes.first().copied().unwrap_or(AuthMode::Shared)),
        Some(mode) if spec.modes.contains(&mode) => Ok(mode),
        Some(mode) => Err(Error::AuthMode {
            auth_type: spec.about.id.to_string(),
            asked: mode.to_string(),
            modes: spec.modes.iter().map(ToString::to_string).collect(),
        }),
    }
}

fn fields_error(declaration: &AuthDeclaration, errors: SettingsErrors) -> Error {
    Error::Fields { auth_type: declaration.auth_type.to_string(), errors }
}
