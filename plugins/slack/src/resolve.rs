//! Finding the id of a channel by its name.

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
                "Finds the id of the channel with this name. Most other actions take this id. Searches the list of \
                 channels page by page and stops at the first match. If there is no match, this is not an error: \
                 `found` is false, and the search can be continued with `nextCursor`.",
            )
            .read()
            .tool(),
    ]
}

const ACTION: &str = "resolveChannelId";

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Resolve {
    /// The name of the channel. A leading `#` and upper case are ignored.
    #[schemars(length(min = 1))]
    name: String,
    /// Kinds of conversations to search. Direct messages (`im`) have no name.
    #[serde(default = "public_channels")]
    #[schemars(length(min = 1))]
    types: Vec<ChannelType>,
    /// Whether the name must be equal to the text, or only contain it.
    #[serde(default)]
    r#match: Match,
    /// Whether to exclude archived channels.
    #[serde(default = "yes")]
    exclude_archived: bool,
    /// `nextCursor` from an earlier result, to continue the search.
    cursor: Option<String>,
    /// The number of channels on a page.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// The maximum number of pages to search. Each is a request, and a call may make 50 by default.
    #[serde(default = "default_max_pages")]
    #[schemars(range(min = 1, max = 100))]
    max_pages: u32,
    /// The id of the workspace; only for a token of a whole organization.
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
    /// Whether the searched pages have such a channel.
    found: bool,
    /// The id of the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The name of the channel in Slack.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The Slack method that was called.
    source: &'static str,
    /// The number of pages that were searched.
    pages_fetched: u32,
    /// Pass it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

fn resolve(ctx: &Ctx, input: Resolve) -> Result<Resolved, Error> {
    let Resolve { name, types, r#match, exclude_archived, cursor, limit, max_pages, team_id } = input;
    let wanted = bare(&name);
    if wanted.is_empty() {
        return Err(Error::invalid_input("name: pass the name of a channel, such as general"));
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
