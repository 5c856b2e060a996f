//! Any other endpoint of Microsoft Graph 1.0.

use std::collections::BTreeMap;

use innkeeper_guest::prelude::*;
use innkeeper_guest::serde_json::{self, Number};

use crate::address::check_graph_path;
use crate::{ANSWER_LIMIT, checked};

pub(crate) fn action() -> Action {
    Action::new("callGraphAPI", call_graph_api)
        .title("Call Microsoft Graph")
        .description(
            "Sends a GET or POST to any path of Microsoft Graph 1.0, for what no other action does. A \
                     POST may change or delete data.",
        )
        .destroy()
        .tool()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CallGraph {
    method: Method,
    /// The path, which begins with `/v1.0/`, such as `/v1.0/sites/root/columns`, without a host.
    #[schemars(length(max = 4096))]
    path: String,
    /// Query parameters, such as `$top` or `$filter`.
    #[serde(default)]
    query: BTreeMap<String, Scalar>,
    /// The JSON body of a POST.
    body: Option<Value>,
}

/// The HTTP method.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Flag(bool),
    Number(Number),
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GraphAnswer {
    status: u16,
    status_text: String,
    /// The headers, with names in lower case.
    headers: BTreeMap<String, String>,
    /// The JSON or the text of Graph's response; null if it has no body.
    data: Value,
}

fn call_graph_api(ctx: &Ctx, input: CallGraph) -> Result<GraphAnswer, Error> {
    let path = input.path.trim();
    check_graph_path(path)?;
    let address = format!("https://graph.microsoft.com{path}");
    let request = match (input.method, &input.body) {
        (Method::Get, None) => ctx.get(address),
        (Method::Post, None) => ctx.post(address),
        (Method::Post, Some(body)) => ctx.post(address).json(body),
        (Method::Get, Some(_)) => return Err(Error::invalid_input("body: a GET request has no body; leave it out")),
    };
    let request = input.query.into_iter().fold(request, |request, (name, value)| match value {
        Scalar::Text(text) => request.query(name, text),
        Scalar::Flag(flag) => request.query(name, flag),
        Scalar::Number(number) => request.query(name, number),
    });
    let answer = checked(request.send()?)?;
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in answer.headers() {
        let line = headers.entry(name.to_owned()).or_default();
        *line = if line.is_empty() { value.to_owned() } else { format!("{line}, {value}") };
    }
    let status = answer.status();
    let content_type = answer.content_type().unwrap_or_default().to_owned();
    let bytes = answer.bytes(ANSWER_LIMIT)?;
    let data = if bytes.is_empty() {
        Value::Null
    } else if content_type.contains("json") {
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::upstream(status, format!("the response says that it is JSON, but is not: {error}"))
        })?
    } else {
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::invalid_input(format!(
                "path: the response is {content_type}, not text; use downloadDriveItem for files"
            ))
        })?;
        Value::String(text)
    };
    Ok(GraphAnswer { status, status_text: reason(status).to_owned(), headers, data })
}

/// RFC 9110, section 15. HTTP/2 does not transmit the reason.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        _ => "",
    }
}
