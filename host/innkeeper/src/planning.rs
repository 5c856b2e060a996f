//! Making a plan for a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_auth::{AuthType, Declared, Defaults, FieldValues, Settings, SettingsErrors};
use innkeeper_runtime::Connector;
use innkeeper_spec::{AuthDeclaration, AuthMode, ConnectorSpec, ValueSource};
use innkeeper_store::{ConnectionId, SpaceId};
use serde_json::Value;

use crate::audit::Event;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::hosts::{Host, asked, is_approved, named};
use crate::naming;
use crate::new_connection::{ConnectionChange, HostApproval, NewConnection};
use crate::plan::{Approval, Draft, Plan, PlannedHost};
use crate::plan_view::Planned;
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
        let (declaration, auth_type) = self.auth_type(&connector, &new.auth_type)?;
        let auth_mode = auth_mode(&*auth_type, new.auth_mode)?;
        let config = self.check_config(&connector, &new.config).await?;
        let of =
            Declared { declaration: &declaration, auth_type: &*auth_type, config: &config, defaults: Defaults::All };
        let known = self.parts.auth.discover(&of, FieldValues::given(new.fields, new.secrets)).await;
        let settings = known.and_then(|known| Settings::build(&of, &known));
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
        let planned = Planned {
            space: new.space,
            id,
            title: new.title.unwrap_or_else(|| spec.about.title.clone()),
            auth_mode,
            spec,
            of,
            settings: &settings,
            config_sources: config_sources(&config, &new.config),
            hosts,
            placeholders: asked_placeholders(spec),
            claims: spec.claims.clone(),
            before: None,
        };
        let view = planned.view()?;
        let component = connector.digest().clone();
        Ok(Plan { view, draft: Draft { config, settings, component, before: None } })
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
        let (declaration, auth_type) = self.auth_type(&connector, before.auth_type.as_str())?;
        let follows = matches!(change.hosts, Some(HostApproval::AsAsked));
        let defaults = match &change.config {
            _ if follows => Defaults::All,
            Some(_) => Defaults::FromConfig,
            None => Defaults::AsBefore,
        };
        let (config, config_sources) = if defaults == Defaults::AsBefore {
            (before.config.clone(), before.config_sources.clone())
        } else {
            let given = change.config.unwrap_or_else(|| before.given_config());
            let config = self.check_config(&connector, &given).await?;
            let sources = config_sources(&config, &given);
            (config, sources)
        };
        let of = Declared { declaration: &declaration, auth_type: &*auth_type, config: &config, defaults };
        let secrets = self.parts.auth.open_secrets(&before)?;
        let fields = FieldValues::sourced(before.fields.clone(), secrets.clone(), |name| before.source(name));
        let given = FieldValues::given(change.fields, change.secrets);
        let known = self.parts.auth.fields_after(&of, fields, given).await;
        let settings = known.and_then(|known| Settings::build(&of, &known));
        let settings = settings.map_err(|errors| fields_error(&declaration, errors))?;
        let spec = connector.spec();
        let standing = |host: &Host| {
            if is_approved(&host.host, &before.hosts) { Approval::Standing } else { Approval::Needed }
        };
        let hosts = match &change.hosts {
            None => with_approval(before.hosts.iter().cloned().map(Host::from).collect(), |_| Approval::Standing),
            Some(HostApproval::AsAsked) => with_approval(asked(&connector, &config)?, standing),
            Some(HostApproval::Only(hosts)) => with_approval(named(&connector, hosts)?, |_| Approval::Named),
        };
        let (placeholders, claims) = match &change.hosts {
            None => (before.placeholders.clone(), before.claims.clone()),
            Some(_) => (asked_placeholders(spec), spec.claims.clone()),
        };
        let planned = Planned {
            space: space.clone(),
            id: id.clone(),
            title: change.title.unwrap_or_else(|| before.title.clone()),
            auth_mode: before.auth_mode,
            spec,
            of,
            settings: &settings,
            config_sources,
            hosts,
            placeholders,
            claims,
            before: Some((&before, &secrets)),
        };
        let view = planned.view()?;
        let component = connector.digest().clone();
        Ok(Plan { view, draft: Draft { config, settings, component, before: Some(before) } })
    }

    /// An auth type that the connector accepts and this host has, with what the connector declares for it.
    pub fn auth_type(&self, connector: &Connector, asked: &str) -> Result<(AuthDeclaration, Arc<dyn AuthType>), Error> {
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

fn with_approval(hosts: Vec<Host>, approval: impl Fn(&Host) -> Approval) -> Vec<PlannedHost> {
    let planned = |host: Host| {
        let approval = approval(&host);
        let Host { host, reason } = host;
        PlannedHost { claim: host.claim.clone(), host, reason, approval }
    };
    hosts.into_iter().map(planned).collect()
}

/// The origin of each value of a config that was checked, by what was given of it.
fn config_sources(config: &Value, given: &Value) -> BTreeMap<String, ValueSource> {
    let source = |name: &String| match given.get(name) {
        Some(_) => ValueSource::Given,
        None => ValueSource::ConnectorDefault,
    };
    config.as_object().into_iter().flatten().map(|(name, _)| (name.clone(), source(name))).collect()
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

pub(crate) fn fields_error(declaration: &AuthDeclaration, errors: SettingsErrors) -> Error {
    Error::Fields { auth_type: declaration.auth_type.to_string(), errors }
}
