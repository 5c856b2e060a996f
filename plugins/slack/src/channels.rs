//! Channels: listing them, those of a user, creating them and inviting users.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method, Query};
use crate::page::{ChannelType, Metadata, public_channels, yes};

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("listChannels", list_channels)
            .title("List channels")
            .description(
                "Lists the channels of the workspace, one page at a time: ids, names, whether private, archived, \
                 joined. To get the id of a channel whose name you know, use resolveChannelId.",
            )
            .read()
            .tool(),
        Action::new("listUserConversations", list_user_conversations)
            .title("List conversations of a user")
            .description(
                "Lists the conversations that the connected user, or another user, is a member of, one page at a \
                 time. Ask for the types `im` and `mpim` to find direct messages.",
            )
            .read()
            .tool(),
        Action::new("createConversation", create_conversation)
            .title("Create a channel")
            .description("Creates a public or private channel and returns it with its id.")
            .write()
            .tool(),
        Action::new("invite", invite)
            .title("Invite to a channel")
            .description("Invites users to a channel. The connected user must be a member of it.")
            .write()
            .tool(),
    ]
}

/// The important fields of a conversation.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// Absent for a direct message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The other user of a direct message.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_private: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_archived: Option<bool>,
    /// Whether the connected user is a member, if Slack says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_member: Option<bool>,
}

/// Slack's response to a request for channels.
#[derive(Deserialize)]
pub(crate) struct ChannelsBody {
    #[serde(default)]
    channels: Vec<Channel>,
    response_metadata: Option<Metadata>,
}

impl ChannelsBody {
    /// The channels, and the beginning of the next page.
    pub(crate) fn into_page(self) -> (Vec<Channel>, Option<String>) {
        (self.channels, Metadata::next(self.response_metadata))
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChannelPage {
    ok: bool,
    /// The Slack method that was called.
    source: &'static str,
    channels: Vec<Channel>,
    /// Pass it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more results.
    has_more: bool,
}

/// A page of channels from this method, whole or only its important parts.
fn page(method: Method<'_>, source: &'static str, query: Query, raw: bool) -> Result<Answer<ChannelPage>, Error> {
    if raw {
        return Ok(Answer::Raw(method.get(query)?));
    }
    let (channels, next_cursor) = method.get::<ChannelsBody>(query)?.into_page();
    let has_more = next_cursor.is_some();
    Ok(Answer::Compact(ChannelPage { ok: true, source, channels, next_cursor, has_more }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListChannels {
    /// `nextCursor` from the previous page.
    cursor: Option<String>,
    /// The maximum number of channels to return. Slack filters afterwards, so a page may have fewer.
    #[serde(default = "channels_of_a_page")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// Kinds of conversations to list.
    #[serde(default = "public_channels")]
    #[schemars(length(min = 1))]
    types: Vec<ChannelType>,
    /// Whether to exclude archived channels.
    #[serde(default = "yes")]
    exclude_archived: bool,
    /// The id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

fn channels_of_a_page() -> u32 {
    1000
}

fn list_channels(ctx: &Ctx, input: ListChannels) -> Result<Answer<ChannelPage>, Error> {
    const SOURCE: &str = "conversations.list";
    let query = Query::new()
        .set("types", &ChannelType::list(&input.types))
        .set("exclude_archived", &input.exclude_archived)
        .set("limit", &input.limit)
        .text("cursor", input.cursor)
        .text("team_id", input.team_id);
    page(Method::new(ctx, "listChannels", SOURCE), SOURCE, query, input.raw)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListUserConversations {
    /// The id of the user. The default is the connected user. For others, only public channels and shared conversations
    /// are listed.
    user: Option<String>,
    /// `nextCursor` from the previous page.
    cursor: Option<String>,
    /// The maximum number of conversations to return.
    #[serde(default = "conversations_of_a_page")]
    #[schemars(range(min = 1, max = 999))]
    limit: u32,
    /// Kinds of conversations to list.
    #[serde(default = "public_channels")]
    #[schemars(length(min = 1))]
    types: Vec<ChannelType>,
    /// Whether to exclude archived channels.
    #[serde(default = "yes")]
    exclude_archived: bool,
    /// The id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

fn conversations_of_a_page() -> u32 {
    200
}

fn list_user_conversations(ctx: &Ctx, input: ListUserConversations) -> Result<Answer<ChannelPage>, Error> {
    const SOURCE: &str = "users.conversations";
    let query = Query::new()
        .text("user", input.user)
        .set("types", &ChannelType::list(&input.types))
        .set("exclude_archived", &input.exclude_archived)
        .set("limit", &input.limit)
        .text("cursor", input.cursor)
        .text("team_id", input.team_id);
    page(Method::new(ctx, "listUserConversations", SOURCE), SOURCE, query, input.raw)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateConversation {
    /// The name of the channel: lower-case letters, digits, hyphens and underscores, at most 80.
    #[schemars(length(min = 1, max = 80))]
    name: String,
    /// Whether only invited users see it.
    #[serde(default)]
    is_private: bool,
    /// The id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

/// The channel that was changed.
#[derive(Serialize, JsonSchema)]
struct Changed {
    ok: bool,
    /// The Slack method that was called.
    source: &'static str,
    channel: Channel,
    /// Users who could not be invited, if `force` let the others pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<NotInvited>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NotInvited {
    /// The id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Slack's code for the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn change(method: Method<'_>, source: &'static str, body: &Value, raw: bool) -> Result<Answer<Changed>, Error> {
    #[derive(Deserialize)]
    struct Body {
        channel: Channel,
        errors: Option<Vec<NotInvited>>,
    }
    if raw {
        return Ok(Answer::Raw(method.post(body)?));
    }
    let Body { channel, errors } = method.post(body)?;
    Ok(Answer::Compact(Changed { ok: true, source, channel, errors: errors.unwrap_or_default() }))
}

fn create_conversation(ctx: &Ctx, input: CreateConversation) -> Result<Answer<Changed>, Error> {
    const SOURCE: &str = "conversations.create";
    let mut body = json!({ "name": input.name.trim(), "is_private": input.is_private });
    if let Some(team) = crate::given(input.team_id) {
        body["team_id"] = team.into();
    }
    change(Method::new(ctx, "createConversation", SOURCE), SOURCE, &body, input.raw)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Invite {
    /// The id of a public or private channel: resolveChannelId finds it.
    #[schemars(length(min = 1))]
    channel: String,
    /// The ids of the users: listUsers finds them.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1), regex(pattern = "^[^,\\s]+$")))]
    users: Vec<String>,
    /// Whether to invite the others if one cannot be invited.
    #[serde(default)]
    force: bool,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

fn invite(ctx: &Ctx, Invite { channel, users, force, raw }: Invite) -> Result<Answer<Changed>, Error> {
    const SOURCE: &str = "conversations.invite";
    let mut body = json!({ "channel": channel, "users": users.join(",") });
    if force {
        body["force"] = true.into();
    }
    change(Method::new(ctx, "invite", SOURCE), SOURCE, &body, raw)
}
