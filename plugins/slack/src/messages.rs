//! Messages: sending one, and reading those of a conversation.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method, Query};
use crate::given;
use crate::page::Metadata;

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("sendMessage", send_message)
            .title("Send a message")
            .description(
                "Posts a message to a channel, a direct message or a thread, in the name of the connected user. \
                 Returns Slack's own body; its `ts` identifies the message.",
            )
            .write()
            .tool(),
        Action::new("getConversationHistory", get_conversation_history)
            .title("Read a conversation")
            .description(
                "Returns the messages of a channel or direct message, newest first, one page at a time. Replies in \
                 threads are not included; `reply_count` says how many replies a message has.",
            )
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SendMessage {
    /// The id of the channel, or of a user for a direct message: resolveChannelId and listUsers find it.
    #[schemars(length(min = 1))]
    channel: String,
    /// The message, in Slack's markup: `*bold*`, `<https://example.com|a link>`, `<@U123>` for a mention.
    #[schemars(length(min = 1, max = 40000))]
    text: String,
    /// The `ts` of the message to reply to in its thread.
    thread_ts: Option<String>,
    /// Whether Slack shows previews of linked pages.
    unfurl_links: Option<bool>,
    /// Whether Slack shows previews of linked media.
    unfurl_media: Option<bool>,
}

/// Slack's response to a message, unchanged.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Posted(#[schemars(with = "PostedShape")] Value);

#[derive(JsonSchema)]
#[expect(dead_code, reason = "says what the answer looks like, and is never made")]
struct PostedShape {
    ok: bool,
    /// The id of the channel that the message is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// Identifies the message in its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<String>,
    /// The message as it was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Value>,
}

fn send_message(ctx: &Ctx, input: SendMessage) -> Result<Posted, Error> {
    let mut body = json!({ "channel": input.channel, "text": input.text });
    if let Some(thread) = given(input.thread_ts) {
        body["thread_ts"] = thread.into();
    }
    for (name, value) in [("unfurl_links", input.unfurl_links), ("unfurl_media", input.unfurl_media)] {
        if let Some(value) = value {
            body[name] = value.into();
        }
    }
    Method::new(ctx, "sendMessage", "chat.postMessage").post(&body)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetConversationHistory {
    /// The id of the conversation: resolveChannelId, listChannels and listUserConversations find it.
    #[schemars(length(min = 1))]
    channel: String,
    /// `nextCursor` from the previous page.
    cursor: Option<String>,
    /// The maximum number of messages to return. Slack gives some apps only 15 a page, whatever you ask for.
    #[serde(default = "messages_of_a_page")]
    #[schemars(range(min = 1, max = 999))]
    limit: u32,
    /// Only messages after this time: a `ts`, or seconds since 1970.
    oldest: Option<String>,
    /// Only messages before this time: a `ts`, or seconds since 1970.
    latest: Option<String>,
    /// Whether to include messages at exactly `oldest` and `latest`.
    #[serde(default)]
    inclusive: bool,
    /// Whether Slack adds the metadata of messages, which only `raw` shows.
    #[serde(default)]
    include_all_metadata: bool,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

fn messages_of_a_page() -> u32 {
    100
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct History {
    ok: bool,
    /// The Slack method that was called.
    source: &'static str,
    /// The messages, newest first.
    messages: Vec<Message>,
    /// Pass it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more results.
    has_more: bool,
}

/// The important fields of a message.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Message {
    /// Identifies the message in its conversation, and says when it was sent: seconds since 1970.
    ts: String,
    /// Absent for a plain message: `bot_message`, `channel_join` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    subtype: Option<String>,
    /// Id of the user who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Id of the bot that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot_id: Option<String>,
    /// The name that a bot shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// `ts` of the message that began the thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<String>,
    /// Replies in its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_count: Option<u64>,
    /// Files that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<Attached>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Attached {
    /// Id of the file, for getFileInfo.
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mimetype: Option<String>,
}

fn get_conversation_history(ctx: &Ctx, input: GetConversationHistory) -> Result<Answer<History>, Error> {
    const SOURCE: &str = "conversations.history";
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        messages: Vec<Message>,
        has_more: Option<bool>,
        response_metadata: Option<Metadata>,
    }
    let method = Method::new(ctx, "getConversationHistory", SOURCE);
    let query = Query::new()
        .set("channel", &input.channel)
        .set("limit", &input.limit)
        .text("cursor", input.cursor)
        .text("oldest", input.oldest)
        .text("latest", input.latest)
        .flag("inclusive", input.inclusive)
        .flag("include_all_metadata", input.include_all_metadata);
    if input.raw {
        return Ok(Answer::Raw(method.get(query)?));
    }
    let Body { messages, has_more, response_metadata } = method.get(query)?;
    let next_cursor = Metadata::next(response_metadata);
    let has_more = has_more.unwrap_or_default() || next_cursor.is_some();
    Ok(Answer::Compact(History { ok: true, source: SOURCE, messages, next_cursor, has_more }))
}
