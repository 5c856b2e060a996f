//! Notion: finds pages and data sources by title, reads them, and queries data sources.
//!
//! Output is Notion's response, unchanged. The caller pages through a listing: it passes `next_cursor` of one page as
//! `startCursor` of the next call.

use innkeeper_guest::prelude::*;
use innkeeper_guest::serde_json;

/// The maximum size of a response in bytes: a hundred rows with long texts stay well below it.
const ANSWER_LIMIT: u64 = 4 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Search {
    /// Words in the title. An empty text finds everything that is shared with the integration.
    query: String,
    /// What to find: pages, or data sources (the tables of a database).
    query_object_type: ObjectType,
    /// `next_cursor` from the previous page.
    start_cursor: Option<String>,
    /// The maximum number of results to return.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 100))]
    page_size: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ObjectType {
    Page,
    DataSource,
}

fn default_page_size() -> u32 {
    10
}

fn search(ctx: &Ctx, input: Search) -> Result<Listing, Error> {
    let mut body = json!({
        "query": input.query,
        "filter": { "property": "object", "value": input.query_object_type },
        "page_size": input.page_size,
    });
    if let Some(cursor) = given(input.start_cursor) {
        body["start_cursor"] = cursor.into();
    }
    let answer = checked(ctx.post("https://api.notion.com/v1/search").json(&body).send()?)?;
    answer.limit(ANSWER_LIMIT).json()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetPage {
    /// The id of the page: a UUID, with or without dashes. It is the end of the page's address, and `id` of a search
    /// result.
    #[schemars(length(min = 1, max = 128))]
    page_id: String,
}

fn get_page(ctx: &Ctx, GetPage { page_id }: GetPage) -> Result<Value, Error> {
    let answer = checked(ctx.get(url!("https://api.notion.com/v1/pages/{}", page_id)).send()?)?;
    answer.limit(ANSWER_LIMIT).json()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetDataSource {
    /// The id of the data source: a UUID, with or without dashes. It is `id` of a search result of the type
    /// `data_source`.
    #[schemars(length(min = 1, max = 128))]
    data_source_id: String,
}

fn get_data_source(ctx: &Ctx, GetDataSource { data_source_id }: GetDataSource) -> Result<Value, Error> {
    let address = url!("https://api.notion.com/v1/data_sources/{}", data_source_id);
    checked(ctx.get(address).send()?)?.limit(ANSWER_LIMIT).json()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QueryDataSource {
    /// The id of the data source: a UUID, with or without dashes.
    #[schemars(length(min = 1, max = 128))]
    data_source_id: String,
    /// Which rows to return: a string that contains Notion's filter object as JSON, such as
    /// `{"property":"Status","status":{"equals":"Done"}}`. All rows by default.
    filter: Option<String>,
    /// `next_cursor` from the previous page.
    start_cursor: Option<String>,
    /// The maximum number of rows to return.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 100))]
    page_size: u32,
}

fn query_data_source(ctx: &Ctx, input: QueryDataSource) -> Result<Listing, Error> {
    let mut body = json!({ "page_size": input.page_size });
    if let Some(cursor) = given(input.start_cursor) {
        body["start_cursor"] = cursor.into();
    }
    if let Some(filter) = given(input.filter) {
        body["filter"] = filter_object(&filter)?;
    }
    let address = url!("https://api.notion.com/v1/data_sources/{}/query", input.data_source_id);
    checked(ctx.post(address).json(&body).send()?)?.limit(ANSWER_LIMIT).json()
}

fn filter_object(text: &str) -> Result<Value, Error> {
    match serde_json::from_str(text) {
        Ok(filter @ Value::Object(_)) => Ok(filter),
        Ok(_) => Err(Error::invalid_input("filter: this is JSON, but not an object; write Notion's filter in braces")),
        Err(error) => {
            Err(Error::invalid_input(format!("filter: this is not JSON ({error}); write Notion's filter as JSON")))
        }
    }
}

/// One page of a listing, as Notion returns it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Listing(#[schemars(with = "ListingShape")] Value);

#[derive(JsonSchema)]
#[expect(dead_code, reason = "says what a listing looks like, and is never made")]
struct ListingShape {
    /// Page or data source objects.
    results: Vec<Value>,
    /// Pass it as `startCursor` to get the next page; null at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more results.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
}

/// An integration may lack the capability to list users: Notion refuses that only after it has accepted the token.
fn check(ctx: &Ctx) -> Result<String, Error> {
    let users: Value = match checked(ctx.get("https://api.notion.com/v1/users").send()?) {
        Ok(answer) => answer.json()?,
        Err(Error::Denied(reason)) if reason.contains("restricted_resource") => Value::Null,
        Err(error) => return Err(error),
    };
    let users = users.pointer("/results").and_then(Value::as_array);
    let workspace = users.into_iter().flatten().find_map(|user| user.pointer("/bot/workspace_name")?.as_str());
    Ok(match workspace {
        Some(name) => format!("Connected to the Notion workspace {name}"),
        None => "Connected to Notion".to_owned(),
    })
}

/// Notion puts its error message in `message`, and the kind of error in `code`.
fn checked(answer: Response) -> Result<Response, Error> {
    answer.error_for_status_with(|_, body| {
        let message = body.at("/message")?;
        Some(body.at("/code").map_or_else(|| message.to_owned(), |code| format!("{message} ({code})")))
    })
}

/// Language models fill in optional texts with empty ones.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn connector() -> Connector {
    // Notion expects the client's secret in the header, has no scopes, and responds in the standard format. It revokes
    // tokens with a request format of its own, which the host does not support.
    let settled = [
        "scope",
        "useBasicAuth",
        "scopeParamName",
        "accessTokenPath",
        "tokenTypePath",
        "tokenType",
        "issuer",
        "revocationUrl",
    ];
    let oauth = Auth::new("oauth_authorization_code")
        .label("Notion account")
        .recommended()
        // Notion requires `owner`, which is not part of OAuth.
        .default("authorizationUrl", "https://api.notion.com/v1/oauth/authorize?owner=user")
        .default("tokenUrl", "https://api.notion.com/v1/oauth/token")
        .hide("authorizationUrl")
        .hide("tokenUrl")
        .help("clientId", "The OAuth client ID of your public integration.")
        .help("clientSecret", "The OAuth client secret of your public integration.");
    let token = Auth::new("bearer")
        .label("Internal integration secret")
        .legacy()
        .help("token", "The secret of an internal integration.")
        .placeholder("token", "ntn_...");
    Connector::new("notion", env!("CARGO_PKG_VERSION"))
        .title("Notion")
        .description("Finds and reads pages and data sources in a Notion workspace.")
        .documentation("https://developers.notion.com/reference/intro")
        .auth(settled.into_iter().fold(oauth, Auth::hide))
        .auth(token)
        .host(Host::name("api.notion.com").path_prefix("/v1").methods(["GET", "POST"]).reason("Notion's API"))
        .header("Notion-Version", "2025-09-03")
        .policies(
            Policies::new()
                .rate_limit(RateLimit::statuses([429]))
                // Each POST here is a query, so it can be repeated.
                .retry(Retry::new().statuses([429, 502, 503, 504]).max_retries(3).methods(["GET", "POST"])),
        )
        .skill(include_str!("../skill.md"))
        .action(
            Action::new("searchPageOrDSByTitle", search)
                .title("Search pages or data sources by title")
                .description(
                    "Finds pages or data sources (tables) whose title has these words. Returns Notion's objects with their \
                     ids and properties, not the text of pages. Finds only what is shared with the integration.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("getPage", get_page)
                .title("Get a page")
                .description(
                    "Returns the properties of a page: title, dates, and the columns of its row if it is in a data source. \
                     Ids come from searchPageOrDSByTitle or queryDataSource.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("getDataSource", get_data_source)
                .title("Get a data source")
                .description(
                    "Returns the columns of a data source (table) with their names and types. Use it before you write a \
                     filter for queryDataSource. Ids come from searchPageOrDSByTitle.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("queryDataSource", query_data_source)
                .title("Query a data source")
                .description(
                    "Returns the rows of a data source (table), all or those that match a filter, as page objects with \
                     their properties. Column names and types for the filter come from getDataSource.",
                )
                .read()
                .tool(),
        )
        .check(check)
}

innkeeper_guest::export!(connector);

#[cfg(test)]
mod tests;
