//! The connector of docs/authors.md.
use innkeeper_guest::prelude::*;

/// Connection config.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The address of your bookmark server.
    #[schemars(url, extend("x-form" = { "label": "Server", "placeholder": "https://bookmarks.example.com" }))]
    server: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetBookmark {
    /// Id of the bookmark.
    id: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Bookmark {
    id: String,
    title: String,
    size: Option<u32>,
}

fn get_bookmark(ctx: &Ctx, input: GetBookmark) -> Result<Bookmark, Error> {
    let config: Config = ctx.config()?;
    ctx.get(url!(config.server; "/api/bookmarks/{}", input.id)).send()?.ok()?.json()
}

fn check(ctx: &Ctx) -> Result<String, Error> {
    let config: Config = ctx.config()?;
    ctx.get(url!(config.server; "/api/me")).send()?.ok()?;
    Ok("Connected".to_owned())
}

fn connector() -> Connector {
    Connector::new("bookmarks", env!("CARGO_PKG_VERSION"))
        .title("Bookmarks")
        .auth(Auth::new("bearer"))
        .config::<Config>()
        .host(Host::config("/server").reason("Your server."))
        .action(Action::new("get_bookmark", get_bookmark).title("Get a bookmark").read().tool())
        .check(check)
}

innkeeper_guest::export!(connector);
