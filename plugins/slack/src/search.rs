//! Searching messages.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method};
use crate::given;
use crate::page::yes;

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("searchMessages", search_messages)
            .title("Search messages")
            .description(
                "Finds messages that match the words, in all conversations that the connected user sees. Returns text, \
                 address, channel and sender of each. Narrow the search by channel, sender and dates.",
            )
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct SearchMessages {
    /// Words to search for, or a question.
    #[schemars(length(min = 1))]
    query: String,
    /// Only in this channel, by its name: `general`.
    in_channel: Option<String>,
    /// Only from this user, by handle (`@ada`) or id (`<@U123>`).
    from_user: Option<String>,
    /// Only after this day: `2025-01-31`.
    after: Option<String>,
    /// Only before this day: `2025-12-31`.
    before: Option<String>,
    /// Whether the best or the newest come first. By default Slack decides.
    sort: Option<Sort>,
    /// The sort direction. By default Slack decides.
    sort_dir: Option<SortDir>,
    /// The maximum number of messages to return.
    #[serde(default = "messages_of_a_page")]
    #[schemars(range(min = 1, max = 20))]
    count: u32,
    /// `nextCursor` from the previous page.
    cursor: Option<String>,
    /// Whether to include the messages around each match.
    #[serde(default = "yes")]
    include_context_messages: bool,
    /// Whether to include messages from bots.
    #[serde(default)]
    include_bots: bool,
    /// Whether Slack adds the layout blocks of messages, which only `raw` shows.
    #[serde(default = "yes")]
    include_message_blocks: bool,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    Score,
    Timestamp,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SortDir {
    Asc,
    Desc,
}

fn messages_of_a_page() -> u32 {
    20
}

#[derive(Serialize, JsonSchema)]
struct Found {
    ok: bool,
    /// The words and conditions that were sent to Slack.
    query: String,
    /// The number of messages on this page.
    total: usize,
    /// Slack's own paging information.
    response_metadata: Value,
    matches: Vec<Match>,
    /// Pass it as `cursor` to get the next page; absent at the end.
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more results.
    #[serde(rename = "hasMore")]
    has_more: bool,
}

#[derive(Serialize, JsonSchema)]
struct Match {
    /// Identifies the message in its channel; pass it as `threadTs` to reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<String>,
    /// The id of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The address of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    permalink: Option<String>,
    channel: Place,
    sender: Sender,
    /// The messages before and after, as Slack returns them.
    #[serde(rename = "contextMessages", skip_serializing_if = "Option::is_none")]
    context_messages: Option<Value>,
}

#[derive(Serialize, JsonSchema)]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Sender {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
}

#[derive(Default, Deserialize)]
struct Results {
    #[serde(default)]
    messages: Vec<Hit>,
}

/// A message as the search returns it, with other field names than in other methods.
#[derive(Deserialize)]
struct Hit {
    message_ts: Option<String>,
    team_id: Option<String>,
    content: Option<String>,
    permalink: Option<String>,
    channel_id: Option<String>,
    channel_name: Option<String>,
    author_user_id: Option<String>,
    author_name: Option<String>,
    context_messages: Option<Value>,
}

impl From<Hit> for Match {
    fn from(hit: Hit) -> Self {
        Self {
            ts: hit.message_ts,
            team: hit.team_id,
            text: hit.content,
            permalink: hit.permalink,
            channel: Place { id: hit.channel_id, name: hit.channel_name },
            sender: Sender { user_id: hit.author_user_id, username: hit.author_name },
            context_messages: hit.context_messages,
        }
    }
}

fn search_messages(ctx: &Ctx, input: SearchMessages) -> Result<Answer<Found>, Error> {
    #[derive(Deserialize)]
    struct Body {
        results: Option<Results>,
        #[serde(default)]
        response_metadata: Value,
    }
    let query = with_conditions(&input)?;
    // With Slack's own page size, a cursor would skip what `count` cuts off.
    let mut body = json!({
        "query": query,
        "channel_types": ["public_channel", "private_channel", "mpim", "im"],
        "content_types": ["messages"],
        "include_context_messages": input.include_context_messages,
        "include_bots": input.include_bots,
        "include_message_blocks": input.include_message_blocks,
        "limit": input.count,
    });
    if let Some(sort) = input.sort {
        body["sort"] = json!(sort);
    }
    if let Some(direction) = input.sort_dir {
        body["sort_dir"] = json!(direction);
    }
    if let Some(cursor) = given(input.cursor) {
        body["cursor"] = cursor.into();
    }
    let method = Method::new(ctx, "searchMessages", "assistant.search.context");
    if input.raw {
        return Ok(Answer::Raw(method.post(&body)?));
    }
    let Body { results, response_metadata } = method.post(&body)?;
    let mut messages = results.unwrap_or_default().messages;
    messages.truncate(input.count.try_into().unwrap_or(usize::MAX));
    let matches: Vec<Match> = messages.into_iter().map(Match::from).collect();
    let next_cursor = response_metadata["next_cursor"].as_str().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
    let has_more = next_cursor.is_some();
    Ok(Answer::Compact(Found {
        ok: true,
        query,
        total: matches.len(),
        response_metadata,
        matches,
        next_cursor,
        has_more,
    }))
}

/// The words, followed by Slack's search modifiers.
fn with_conditions(input: &SearchMessages) -> Result<String, Error> {
    let words = input.query.trim();
    if words.is_empty() {
        return Err(Error::invalid_input("query: pass what to search for"));
    }
    let mut query = vec![words.to_owned()];
    let conditions = [
        ("inChannel", "in", &input.in_channel),
        ("fromUser", "from", &input.from_user),
        ("after", "after", &input.after),
        ("before", "before", &input.before),
    ];
    for (field, modifier, value) in conditions {
        let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) else { continue };
        // Text after a space would be another word to search for.
        if value.contains(char::is_whitespace) {
            return Err(Error::invalid_input(format!("{field}: `{value}` must not contain spaces")));
        }
        query.push(format!("{modifier}:{value}"));
    }
    Ok(query.join(" "))
}
