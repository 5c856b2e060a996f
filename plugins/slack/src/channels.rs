//! Channels: those there are, those of a user, new ones, and who is invited to them.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method, Query};
use crate::page::{ChannelType, Metadata, public_channels, yes};

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("listChannels", list_channels)
            .title("List channels")
            .description(
                "Channels of the workspace, a page at a time: ids, names, whether private, archived, joined. For the \
                 id of one channel whose name is known use resolveChannelId.",
            )
            .read()
            .tool(),
        Action::new("listUserConversations", list_user_conversations)
            .title("List conversations of a user")
            .description(
                "Conversations that the connected user, or another one, is a member of, a page at a time. Ask for \
                 the types `im` and `mpim` to find direct messages.",
            )
            .read()
            .tool(),
        Action::new("createConversation", create_conversation)
            .title("Create a channel")
            .description("Makes a public or private channel and answers it with its id.")
            .write()
            .tool(),
        Action::new("invite", invite)
            .title("Invite to a channel")
            .description("Invites users to a channel, which the connected user must be a member of.")
            .write()
            .tool(),
    ]
}

/// What matters of a conversation.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// Absent for a direct message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Whom a direct message is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_private: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_archived: Option<bool>,
    /// Whether the connected user is in it, where Slack says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_member: Option<bool>,
}

/// What Slack answers to a request for channels.
#[derive(Deserialize)]
pub(crate) struct ChannelsBody {
    #[serde(default)]
    channels: Vec<Channel>,
    response_metadata: Option<Metadata>,
}

impl ChannelsBody {
    /// The channels, and where the next page begins.
    pub(crate) fn into_page(self) -> (Vec<Channel>, Option<String>) {
        (self.channels, Metadata::next(self.response_metadata))
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChannelPage {
    ok: bool,
    /// The method of Slack that was asked.
    source: &'static str,
    channels: Vec<Channel>,
    /// `cursor` of the call for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there is more.
    has_more: bool,
}

/// A page of channels from this method, whole or what matters of it.
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
    /// `nextCursor` of the answer before, to go on where it ended.
    cursor: Option<String>,
    /// How many channels to answer at most. Slack filters afterwards, so that a page may hold fewer.
    #[serde(default = "channels_of_a_page")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// Kinds of conversations to list.
    #[serde(default = "public_channels")]
    #[schemars(length(min = 1))]
    types: Vec<ChannelType>,
    /// Whether to pass over archived channels.
    #[serde(default = "yes")]
    exclude_archived: bool,
    /// Id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to answer all that Slack says, unchanged.
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
    /// Id of the user; the connected one, unless given. Of others only what both are in is listed, and public channels.
    user: Option<String>,
    /// `nextCursor` of the answer before, to go on where it ended.
    cursor: Option<String>,
    /// How many conversations to answer at most.
    #[serde(default = "conversations_of_a_page")]
    #[schemars(range(min = 1, max = 999))]
    limit: u32,
    /// Kinds of conversations to list.
    #[serde(default = "public_channels")]
    #[schemars(length(min = 1))]
    types: Vec<ChannelType>,
    /// Whether to pass over archived channels.
    #[serde(default = "yes")]
    exclude_archived: bool,
    /// Id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to answer all that Slack says, unchanged.
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
    /// Name of the channel: lower case letters, digits, hyphens and underscores, at most 80.
    #[schemars(length(min = 1, max = 80))]
    name: String,
    /// Whether only those who are invited see it.
    #[serde(default)]
    is_private: bool,
    /// Id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to answer all that Slack says, unchanged.
    #[serde(default)]
    raw: bool,
}

/// The channel that was changed.
#[derive(Serialize, JsonSchema)]
struct Changed {
    ok: bool,
    /// The method of Slack that was asked.
    source: &'static str,
    channel: Channel,
    /// Users who could not be invited, where `force` let the others pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<NotInvited>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct NotInvited {
    /// Id of the user.
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
    /// Id of a public or private channel: resolveChannelId finds it.
    #[schemars(length(min = 1))]
    channel: String,
    /// Ids of the users: listUsers finds them.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1), regex(pattern = "^[^,\\s]+$")))]
    users: Vec<String>,
    /// Whether to invite the others where one cannot be invited.
    #[serde(default)]
    force: bool,
    /// Whether to answer all that Slack says, unchanged.
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
