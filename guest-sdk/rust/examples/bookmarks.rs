//! A connector to a bookmark server, the example of `docs/authors.md`.

use innkeeper_guest::prelude::*;

/// The configuration of a connection.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The address of your bookmark server.
    #[schemars(url, extend("x-form" = { "label": "Server", "placeholder": "https://bookmarks.example.com" }))]
    server: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Search {
    /// Words to search for in titles and notes.
    #[schemars(length(min = 1))]
    text: String,
    /// The maximum number of bookmarks to return.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 100))]
    page_size: u32,
    /// `nextPageToken` from the previous page.
    page_token: Option<String>,
}

fn default_page_size() -> u32 {
    25
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Bookmark {
    id: String,
    title: String,
    address: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Bookmarks {
    bookmarks: Vec<Bookmark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

fn search(ctx: &Ctx, input: Search) -> Result<Bookmarks, Error> {
    let server = ctx.config::<Config>()?.server;
    let answer = ctx
        .get(url!(server; "/api/v1/bookmarks"))
        .query("q", &input.text)
        .query("pageSize", input.page_size)
        .query_opt("pageToken", input.page_token)
        .send()?;
    checked(answer)?.json()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The address of the page, `https` or `http`.
    #[schemars(url)]
    address: String,
    /// The page's own title by default.
    title: Option<String>,
}

fn add(ctx: &Ctx, Add { address, title }: Add) -> Result<Bookmark, Error> {
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(Error::invalid_input("address: only https and http addresses can be bookmarked"));
    }
    let server = ctx.config::<Config>()?.server;
    let body = json!({ "address": address, "title": title });
    checked(ctx.post(url!(server; "/api/v1/bookmarks")).json(&body).send()?)?.json()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    /// The id of the bookmark.
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct Saved {
    name: String,
}

/// The saved page goes to the caller as a file of any size: its bytes never enter this connector.
fn snapshot(ctx: &Ctx, Snapshot { id }: Snapshot) -> Result<Output<Saved>, Error> {
    let server = ctx.config::<Config>()?.server;
    let answer = checked(ctx.get(url!(server; "/api/v1/bookmarks/{}/snapshot", id)).send()?)?;
    let name = format!("{}.html", segment(&id));
    Ok(Output::new(Saved { name: name.clone() }).file(answer.into_file(name)))
}

#[derive(Serialize, JsonSchema)]
struct Restored {
    added: u64,
}

/// The uploaded file goes to the service the same way.
fn restore(ctx: &Ctx, _: NoInput) -> Result<Restored, Error> {
    #[derive(Deserialize)]
    struct Import {
        count: u64,
    }
    let server = ctx.config::<Config>()?.server;
    let file = ctx.file("bookmarks.html")?;
    let import: Import = checked(ctx.post(url!(server; "/api/v1/import")).body_from(file).send()?)?.json()?;
    ctx.log().info(format!("{} bookmarks restored", import.count));
    Ok(Restored { added: import.count })
}

fn check(ctx: &Ctx) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Account {
        name: String,
    }
    let server = ctx.config::<Config>()?.server;
    let account: Account = checked(ctx.get(url!(server; "/api/v1/account")).send()?)?.json()?;
    Ok(format!("Connected as {}", account.name))
}

/// This server puts its error message at `/problem/text`.
fn checked(answer: Response) -> Result<Response, Error> {
    answer.error_for_status_with(|_, body| body.at("/problem/text").map(str::to_owned))
}

fn connector() -> Connector {
    Connector::new("bookmarks", env!("CARGO_PKG_VERSION"))
        .title("Bookmarks")
        .description("Finds, adds and saves bookmarks.")
        .auth(Auth::new("bearer").label("Personal token").recommended().placeholder("token", "bm_..."))
        .auth(Auth::new("basic").legacy())
        .config::<Config>()
        .host(Host::config("/server").path_prefix("/api/v1").reason("The API of your bookmark server"))
        .header("accept", "application/json")
        .policies(Policies::new().retry(Retry::new().statuses([429, 503]).max_retries(2)))
        .skill("Search before you add a bookmark: the server stores each address only once.")
        .action(
            Action::new("search", search)
                .title("Search bookmarks")
                .description("Finds bookmarks whose title or note contains these words, newest first.")
                .read()
                .tool(),
        )
        .action(Action::new("add", add).title("Add a bookmark").description("Saves an address.").write().tool())
        .action(
            Action::new("snapshot", snapshot)
                .title("Save a page")
                .description("Returns the saved page as a file.")
                .read(),
        )
        .action(
            Action::new("restore", restore)
                .title("Restore bookmarks")
                .description("Adds the bookmarks in the file `bookmarks.html`, which is passed with the call.")
                .write(),
        )
        .check(check)
}

innkeeper_guest::export!(connector);

#[cfg(test)]
mod tests {
    use innkeeper_guest::testing::{Answer, Script, get, post};

    use super::*;

    const API: &str = "https://marks.test/api/v1";

    fn script() -> Script {
        Script::new().config(json!({ "server": "https://marks.test/" }))
    }

    #[test]
    fn a_search_asks_for_one_page() {
        let page = json!({ "bookmarks": [{ "id": "1", "title": "Rust", "address": "https://rust-lang.org" }] });
        let ctx = script()
            .on(get(format!("{API}/bookmarks")).query("q", "rust").query("pageSize", 25).without_query("pageToken"))
            .reply(200, page.clone())
            .into_ctx();
        let called = ctx.call(connector, "search", &json!({ "text": "rust" })).expect("the search is answered");
        assert_eq!(called.value, page);
        assert!(ctx.sent()[0].with_credential);
    }

    #[test]
    fn an_input_that_breaks_the_schema_sends_nothing() {
        let error = script().call(connector, "search", &json!({ "text": "", "pageSize": 101 })).expect_err("refused");
        assert!(matches!(error, Error::InvalidInput(message) if message.contains("/pageSize")));
    }

    #[test]
    fn the_words_of_the_service_reach_the_caller() {
        let problem = json!({ "problem": { "text": "kept already" } });
        let error = script()
            .on(post(format!("{API}/bookmarks")).json_part(json!({ "address": "https://a.test" })))
            .reply(409, problem)
            .call(connector, "add", &json!({ "address": "https://a.test" }))
            .expect_err("the service refuses");
        assert_eq!(error, Error::upstream(409, "kept already"));
    }

    #[test]
    fn a_snapshot_becomes_a_file_of_the_caller() {
        let called = script()
            .on(get(format!("{API}/bookmarks/a%2Fb/snapshot")))
            .reply_with(Answer::new(200).body("<html>", "text/html"))
            .call(connector, "snapshot", &json!({ "id": "a/b" }))
            .expect("the page is there");
        assert_eq!(called.files[0].name, "a%2Fb.html");
        assert_eq!(called.files[0].content, b"<html>");
    }

    #[test]
    fn a_file_is_restored() {
        let ctx = script()
            .file("bookmarks.html", "text/html", "<dl>")
            .on(post(format!("{API}/import")).text("<dl>").header("content-type", "text/html"))
            .reply(200, json!({ "count": 3 }))
            .into_ctx();
        let called = ctx.call(connector, "restore", &json!({})).expect("the file is taken");
        assert_eq!(called.value, json!({ "added": 3 }));
        assert_eq!(ctx.logged()[0].1, "3 bookmarks restored");
    }

    #[test]
    fn the_check_names_the_account() {
        let answer = script().on(get(format!("{API}/account"))).reply(200, json!({ "name": "Ada" })).check(connector);
        assert_eq!(answer.expect("the account is there"), "Connected as Ada");
    }
}
