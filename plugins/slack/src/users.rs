//! Users of the workspace, and the user of the connection.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method, Query};
use crate::page::Metadata;

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("listUsers", list_users)
            .title("List users")
            .description(
                "Lists the users of the workspace, one page at a time: ids, names, email addresses, whether bot or \
                 deactivated. Mentions, direct messages and invite take these ids.",
            )
            .read()
            .tool(),
        Action::new("whoAmI", who_am_i)
            .title("Who is connected")
            .description("Returns the user and the workspace of the connection, with their ids.")
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListUsers {
    /// `nextCursor` from the previous page.
    cursor: Option<String>,
    /// The maximum number of users to return.
    #[serde(default = "users_of_a_page")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// Whether to include each user's language.
    #[serde(default)]
    include_locale: bool,
    /// The id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to return Slack's whole response, unchanged.
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
    /// The Slack method that was called.
    source: &'static str,
    users: Vec<User>,
    /// Pass it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more results.
    has_more: bool,
}

/// The important fields of a user.
#[derive(Serialize, JsonSchema)]
struct User {
    id: String,
    /// The handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    real_name: Option<String>,
    /// The name that others see, if the user chose one.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    /// Present if the connection may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The user's job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The time zone, such as `Europe/Berlin`.
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

/// A user as Slack returns it.
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

/// The user of the connection's token.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Identity {
    ok: bool,
    /// The address of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The name of the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<String>,
    /// The handle of the user.
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
    /// Whether the token is for a whole organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_enterprise_install: Option<bool>,
}

fn identity(ctx: &Ctx, action: &'static str) -> Result<Identity, Error> {
    Method::new(ctx, action, "auth.test").get(Query::new())
}

fn who_am_i(ctx: &Ctx, _: NoInput) -> Result<Identity, Error> {
    identity(ctx, "whoAmI")
}

/// Any token may ask for its user, whatever its scopes.
pub(crate) fn check(ctx: &Ctx) -> Result<String, Error> {
    let team = identity(ctx, "check")?.team.filter(|team| !team.is_empty());
    Ok(format!("Connected to the Slack workspace {}", team.as_deref().unwrap_or("Unknown")))
}
