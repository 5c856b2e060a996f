//! Pages of a listing, and the parameters that listings share.

use innkeeper_guest::prelude::*;

/// Kinds of conversations.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChannelType {
    PublicChannel,
    PrivateChannel,
    /// A direct message of several people.
    Mpim,
    /// A direct message.
    Im,
}

impl ChannelType {
    fn name(self) -> &'static str {
        match self {
            Self::PublicChannel => "public_channel",
            Self::PrivateChannel => "private_channel",
            Self::Mpim => "mpim",
            Self::Im => "im",
        }
    }

    /// Several kinds in Slack's format: separated by commas.
    pub(crate) fn list(types: &[Self]) -> String {
        types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",")
    }
}

pub(crate) fn public_channels() -> Vec<ChannelType> {
    vec![ChannelType::PublicChannel]
}

pub(crate) fn yes() -> bool {
    true
}

/// The `response_metadata` of a response.
#[derive(Default, Deserialize)]
pub(crate) struct Metadata {
    next_cursor: Option<String>,
}

impl Metadata {
    /// The beginning of the next page. At the end it is absent, or an empty text.
    pub(crate) fn next(metadata: Option<Self>) -> Option<String> {
        metadata.unwrap_or_default().next_cursor.filter(|cursor| !cursor.is_empty())
    }
}
