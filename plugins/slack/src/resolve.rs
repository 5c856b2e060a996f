//! From a channel's name to its id.

use innkeeper_guest::prelude::*;

use crate::answer::{Method, Query};
use crate::channels::{Channel, ChannelsBody};
use crate::given;
use crate::page::{ChannelType, public_channels, yes};

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new(ACTION, resolve)
            .title("Find a channel's id")
            .description(
                "The id of the channel with this name, which most other actions take. Goes through the list of \
                 channels page by page and stops at the first that matches. That none does is no error: `found` is \
                 false then, and with `nextCursor` the search can go on.",
            )
            .read()
            .tool(),
    ]
}

const ACTION: &str = "resolveChannelId";

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Resolve {
    /// Name of the channel; a leading `#` and upper case do not matter.
    #[schemars(length(min = 1))]
    name: String,
    /// Kinds of conversations to look through. Direct messages (`im`) have no name.
    #[serde(default = "public_channels")]
    #[schemars(length(min = 1))]
    types: Vec<ChannelType>,
    /// Whether the name is to be the same, or only to contain the text.
    #[serde(default)]
    r#match: Match,
    /// Whether to pass over archived channels.
    #[serde(default = "yes")]
    exclude_archived: bool,
    /// `nextCursor` of an answer before, to go on where it ended.
    cursor: Option<String>,
    /// Channels of a page.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// Pages to look through at most. Each is a request, of which a host allows 50 a call unless told otherwise.
    #[serde(default = "default_max_pages")]
    #[schemars(range(min = 1, max = 100))]
    max_pages: u32,
    /// Id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Match {
    #[default]
    Exact,
    Contains,
}

fn default_limit() -> u32 {
    1000
}

fn default_max_pages() -> u32 {
    10
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Resolved {
    ok: bool,
    /// Whether there is such a channel on the pages that were looked through.
    found: bool,
    /// Id of the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Name of the channel, as Slack has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The method of Slack that was asked.
    source: &'static str,
    /// Pages that were looked through.
    pages_fetched: u32,
    /// `cursor` of the call for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

fn resolve(ctx: &Ctx, input: Resolve) -> Result<Resolved, Error> {
    let Resolve { name, types, r#match, exclude_archived, cursor, limit, max_pages, team_id } = input;
    let wanted = bare(&name);
    if wanted.is_empty() {
        return Err(Error::invalid_input("name: give the name of a channel, such as general"));
    }
    let is_match = |channel: &Channel| {
        let name = channel.name.as_deref().map(str::to_lowercase);
        name.is_some_and(|name| if r#match == Match::Exact { name == wanted } else { name.contains(&wanted) })
    };
    let mut cursor = given(cursor);
    let mut pages_fetched = 0;
    while pages_fetched < max_pages {
        let body: ChannelsBody = Method::new(ctx, ACTION, "conversations.list").get(
            Query::new()
                .set("types", &ChannelType::list(&types))
                .set("exclude_archived", &exclude_archived)
                .set("limit", &limit)
                .text("cursor", cursor.clone())
                .text("team_id", team_id.clone()),
        )?;
        pages_fetched += 1;
        let (channels, next_cursor) = body.into_page();
        if let Some(Channel { id, name, .. }) = channels.into_iter().find(is_match) {
            return Ok(Resolved { found: true, id: Some(id), name, ..nothing(pages_fetched, next_cursor) });
        }
        if next_cursor.is_none() {
            return Ok(nothing(pages_fetched, None));
        }
        if next_cursor == cursor {
            return Err(Error::upstream(502, "Slack named a page as the next one that it had sent before"));
        }
        cursor = next_cursor;
    }
    Ok(nothing(pages_fetched, cursor))
}

fn nothing(pages_fetched: u32, next_cursor: Option<String>) -> Resolved {
    let source = "conversations.list";
    Resolved { ok: true, found: false, id: None, name: None, source, pages_fetched, next_cursor }
}

fn bare(name: &str) -> String {
    name.trim().trim_start_matches('#').trim().to_lowercase()
}
