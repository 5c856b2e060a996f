//! A service that lets its users call connectors: `POST /{connection}/{action}` with the input as JSON, for the user named
//! in the header `x-user`. Try it with a connector file and a token:
//!
//! ```sh
//! TOKEN=ntn_... cargo run -p innkeeper --example service -- notion.wasm bearer
//! curl -H 'x-user: ada' -d '{"pageId": "..."}' http://127.0.0.1:8080/notion/getPage
//! ```

#![expect(clippy::print_stderr, reason = "where it listens is told on standard error")]

use axum::extract::{Json, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Router, serve};
use innkeeper::{CallRequest, Compiler, ConnectionId, Error, Innkeeper, NewConnection, Page, PrincipalId, SpaceId};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let compiler = Compiler::this_program(); // Started once more to compile a connector, it gets no further.
    let mut arguments = std::env::args().skip(1);
    let component = arguments.next().ok_or("name a connector file")?;
    let auth_type = arguments.next().unwrap_or_else(|| "none".to_owned());

    // Store, keyring and compiled code are in one folder; the next start finds everything there.
    let folder = std::env::var("FOLDER").unwrap_or_else(|_| "innkeeper-data".to_owned());
    let host = Innkeeper::builder().folder(folder).compiler(compiler).open().await?;
    let connector = host.load_file(component).await?;
    if host.connections(&SpaceId::default(), &Page::first(1)).await?.items.is_empty() {
        let mut connection = NewConnection::new(SpaceId::default(), connector.id(), auth_type);
        if let Ok(token) = std::env::var("TOKEN") {
            connection = connection.secret("token", token);
        }
        host.connect(host.plan(connection).await?.approved()).await?;
    }

    let router = Router::new().route("/{connection}/{action}", post(call)).with_state(host);
    let listener = tokio::net::TcpListener::bind(std::env::var("LISTEN").unwrap_or("127.0.0.1:8080".into())).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    Ok(serve(listener, router).await?)
}

async fn call(
    State(host): State<Innkeeper>,
    Path((connection, action)): Path<(ConnectionId, String)>,
    headers: HeaderMap,
    Json(input): Json<Value>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let mut request = CallRequest::new(SpaceId::default(), connection, action, input);
    request.principal = headers.get("x-user").and_then(|user| PrincipalId::parse(user.to_str().ok()?).ok());
    host.call(request).await.map(|result| Json(result.value)).map_err(|error: Error| {
        let status = StatusCode::from_u16(error.kind().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "error": error.kind(), "message": error.to_string() })))
    })
}
