//! Users of the workspace, and who the connection is.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method, Query};
use crate::page::Metadata;

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("listUsers", list_users)
            .title("List users")
            .description(
                "Users of the workspace, a page at a time: ids, names, mail addresses, whether bot or deactivated. \
                 Ids are what mentions, direct messages and invite take.",
            )
            .read()
            .tool(),
        Action::new("whoAmI", who_am_i)
            .title("Who is connected")
            .description("The user and the workspace that the connection is for, with their ids.")
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListUsers {
    /// `nextCursor` of the answer before, to go on where it ended.
    cursor: Option<String>,
    /// How many users to answer at most.
    #[serde(default = "users_of_a_page")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// Whether to answer each user's language.
    #[serde(default)]
    include_locale: bool,
    /// Id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to answer all that Slack says, unchanged.
    #[serde(default)]
    raw: bool,
}

fn users_of_a_page() -> u32 {
    200
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserPage {
    ok: bool,
    /// The method of Slack that was asked.
    source: &'static str,
    users: Vec<User>,
    /// `cursor` of the call for what follows; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there is more.
    has_more: bool,
}

/// What matters of a user.
#[derive(Serialize, JsonSchema)]
struct User {
    id: String,
    /// The handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    real_name: Option<String>,
    /// The name that others see, where the user chose one.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    /// Where the connection may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What the user does.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Time zone: `Europe/Berlin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tz: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_bot: Option<bool>,
    /// Whether the account was deactivated.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
}

/// A user as Slack answers it.
#[derive(Deserialize)]
struct Member {
    id: String,
    name: Option<String>,
    real_name: Option<String>,
    tz: Option<String>,
    locale: Option<String>,
    is_bot: Option<bool>,
    deleted: Option<bool>,
    profile: Option<Profile>,
}

#[derive(Default, Deserialize)]
struct Profile {
    real_name: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    title: Option<String>,
}

impl From<Member> for User {
    fn from(member: Member) -> Self {
        let profile = member.profile.unwrap_or_default();
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            id: member.id,
            name: filled(member.name),
            real_name: filled(member.real_name).or(filled(profile.real_name)),
            display_name: filled(profile.display_name),
            email: filled(profile.email),
            title: filled(profile.title),
            tz: member.tz,
            locale: member.locale,
            is_bot: member.is_bot,
            deleted: member.deleted,
        }
    }
}

fn list_users(ctx: &Ctx, input: ListUsers) -> Result<Answer<UserPage>, Error> {
    const SOURCE: &str = "users.list";
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        members: Vec<Member>,
        response_metadata: Option<Metadata>,
    }
    let method = Method::new(ctx, "listUsers", SOURCE);
    let query = Query::new()
        .set("limit", &input.limit)
        .text("cursor", input.cursor)
        .flag("include_locale", input.include_locale)
        .text("team_id", input.team_id);
    if input.raw {
        return Ok(Answer::Raw(method.get(query)?));
    }
    let Body { members, response_metadata } = method.get(query)?;
    let next_cursor = Metadata::next(response_metadata);
    let has_more = next_cursor.is_some();
    let users = members.into_iter().map(User::from).collect();
    Ok(Answer::Compact(UserPage { ok: true, source: SOURCE, users, next_cursor, has_more }))
}

/// Who the connection's token is for.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Identity {
    ok: bool,
    /// Address of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Name of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<String>,
    /// Handle of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Only for a bot token.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot_id: Option<String>,
    /// Only in an organization of several workspaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise_id: Option<String>,
    /// Whether the token is one of a whole organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_enterprise_install: Option<bool>,
}

fn identity(ctx: &Ctx, action: &'static str) -> Result<Identity, Error> {
    Method::new(ctx, action, "auth.test").get(Query::new())
}

fn who_am_i(ctx: &Ctx, _: NoInput) -> Result<Identity, Error> {
    identity(ctx, "whoAmI")
}

/// Any token may ask who it is for, whatever its scopes.
pub(crate) fn check(ctx: &Ctx) -> Result<String, Error> {
    let team = identity(ctx, "check")?.team.filter(|team| !team.is_empty());
    Ok(format!("Connected to the Slack workspace {}", team.as_deref().unwrap_or("Unknown")))
}
