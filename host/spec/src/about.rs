//! The identity of a component.

use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;
use url::Url;

use crate::ids::IdError;
use crate::mistake::{Mistakes, quoted};
use crate::{ConnectorId, Icon, draft};

/// The identity of a component: a connector or an auth type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct About<Id = ConnectorId> {
    /// The id, which never changes.
    pub id: Id,
    /// Semantic version of the component.
    pub version: Version,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The address of its documentation: `https`.
    #[schemars(with = "Option<String>")]
    pub documentation: Option<Url>,
    /// A picture.
    pub icon: Option<Icon>,
}

impl<Id> About<Id> {
    pub(crate) fn parse(
        draft: &draft::About,
        parse_id: impl FnOnce(&str) -> Result<Id, IdError>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let id = mistakes.take("/about/id", parse_id(&draft.id));
        let version = mistakes.take("/about/version", version(&draft.version));
        mistakes.check_line("/about/title", &draft.title, 128);
        mistakes.check_text("/about/description", &draft.description, 8 * 1024);
        let documentation =
            draft.documentation.as_deref().and_then(|text| mistakes.take("/about/documentation", documentation(text)));
        let icon = draft.icon.as_deref().and_then(|text| mistakes.take("/about/icon", Icon::parse(text)));
        Some(Self {
            id: id?,
            version: version?,
            title: draft.title.clone(),
            description: draft.description.clone(),
            documentation,
            icon,
        })
    }
}

fn version(text: &str) -> Result<Version, String> {
    Version::parse(text)
        .map_err(|error| format!("{} is not a semantic version ({error}): write one such as `1.2.0`", quoted(text)))
}

fn documentation(text: &str) -> Result<Url, String> {
    let given = quoted(text);
    let url =
        Url::parse(text).map_err(|error| format!("{given} is not an address ({error}): write an https address"))?;
    if url.scheme() != "https" || url.host().is_none() || text.len() > 2048 {
        return Err(format!("{given} is not an https address of at most 2048 characters"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains a user name or password: leave them out".to_owned());
    }
    Ok(url)
}
