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
                "Messages that fit the words, in all conversations that the connected user sees: text, address, \
                 channel and sender of each. Narrow it by channel, sender and dates.",
            )
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct SearchMessages {
    /// Words to look for, or a question.
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
    /// Whether the best or the newest come first; Slack decides, unless given.
    sort: Option<Sort>,
    /// Which way to sort; Slack decides, unless given.
    sort_dir: Option<SortDir>,
    /// How many messages to answer at most.
    #[serde(default = "messages_of_a_page")]
    #[schemars(range(min = 1, max = 20))]
    count: u32,
    /// `nextCursor` of the answer before, to go on where it ended.
    cursor: Option<String>,
    /// Whether to have the messages around each match as well.
    #[serde(default = "yes")]
    include_context_messages: bool,
    /// Whether to find messages of bots as well.
    #[serde(default)]
    include_bots: bool,
    /// Whether Slack adds the layout blocks of messages, which `raw` shows.
    #[serde(default = "yes")]
    include_message_blocks: bool,
    /// Whether to answer all that Slack says, unchanged.
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
    /// The words and conditions that Slack was asked for.
    query: String,
    /// How many messages this answer has.
    total: usize,
    /// Slack's own word on what follows.
    response_metadata: Value,
    matches: Vec<Match>,
    /// `cursor` of the call for what follows; absent at the end.
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there is more.
    #[serde(rename = "hasMore")]
    has_more: bool,
}

#[derive(Serialize, JsonSchema)]
struct Match {
    /// Names the message in its channel; a reply gives it as `threadTs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<String>,
    /// Id of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Address of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    permalink: Option<String>,
    channel: Place,
    sender: Sender,
    /// What Slack says of the messages before and after.
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

/// A message as the search answers it, which other methods name differently.
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
    // With a page of Slack's own size, a cursor would jump over what `count` cuts off.
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

/// The words with Slack's search modifiers behind them.
fn with_conditions(input: &SearchMessages) -> Result<String, Error> {
    let words = input.query.trim();
    if words.is_empty() {
        return Err(Error::invalid_input("query: say what to look for"));
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
        // What follows a space would be one more word to look for.
        if value.contains(char::is_whitespace) {
            return Err(Error::invalid_input(format!("{field}: `{value}` may not hold spaces")));
        }
        query.push(format!("{modifier}:{value}"));
    }
    Ok(query.join(" "))
}
