//! The API in the shape of Google Drive's.

use std::collections::BTreeSet;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::practice_run::{Answer, PracticeRun, READ};

const METADATA: &str = "https://www.googleapis.com/auth/drive.metadata.readonly";

async fn signed_in(person: &str) -> (PracticeRun, String) {
    let stage = PracticeRun::new().await;
    let (access, _) = stage.grant(person, READ).await;
    (stage, access)
}

fn names(answer: &Answer) -> Vec<String> {
    let files = answer.json()["files"].as_array().expect("files").clone();
    files.iter().map(|file| file["name"].as_str().expect("a name").to_owned()).collect()
}

async fn id(stage: &PracticeRun, token: &str, name: &str) -> String {
    let query = format!("name = '{}'", name.replace('\'', "\\'"));
    let answer = stage.api(token, "files", &[("q", &query)]).await;
    answer.json()["files"][0]["id"].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
}

fn is_error(answer: &Answer, status: StatusCode, reason: &str) -> Value {
    let error = answer.json()["error"].clone();
    assert_eq!((answer.status, error["code"].as_u64()), (status, Some(status.as_u16().into())), "{error}");
    assert_eq!(error["errors"][0]["reason"].as_str(), Some(reason));
    assert_eq!(error["errors"][0]["message"], error["message"]);
    error
}

#[tokio::test]
async fn paging_shows_each_file_once() {
    let (stage, token) = signed_in("ada").await;
    let all = names(&stage.api(&token, "files", &[("orderBy", "name"), ("q", "trashed=false")]).await);
    assert!(all.len() >= 25);
    for size in ["1", "4", "7"] {
        let (mut seen, mut next) = (Vec::new(), String::new());
        loop {
            let fields = "nextPageToken, files(id, name)";
            let parameters = [
                ("orderBy", "name"),
                ("q", "trashed=false"),
                ("pageSize", size),
                ("fields", fields),
                ("pageToken", &next),
            ];
            let answer = stage.api(&token, "files", &parameters).await;
            seen.extend(names(&answer));
            match answer.json()["nextPageToken"].as_str() {
                Some(token) => next = token.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, all);
    }
    let mut sorted = all.clone();
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!(all, sorted);
    let unique: BTreeSet<_> = all.iter().collect();
    assert_eq!(unique.len(), all.len());
}

#[tokio::test]
async fn a_page_token_opens_no_other_listing() {
    let (stage, token) = signed_in("ada").await;
    let first = stage.api(&token, "files", &[("pageSize", "2")]).await.json();
    let next = first["nextPageToken"].as_str().expect("more").to_owned();
    for parameters in [
        vec![("pageToken", next.as_str()), ("q", "trashed=false")],
        vec![("pageToken", "~!!~AAAA")],
        vec![("pageToken", "x")],
    ] {
        let answer = stage.api(&token, "files", &parameters).await;
        assert_eq!(is_error(&answer, StatusCode::BAD_REQUEST, "invalid")["errors"][0]["location"], "pageToken");
    }
}

#[tokio::test]
async fn folders_list_their_files_newest_first_when_asked() {
    let (stage, token) = signed_in("ada").await;
    let top = names(
        &stage
            .api(&token, "files", &[("q", "'root' in parents and trashed=false"), ("orderBy", "folder,name desc")])
            .await,
    );
    assert_eq!(top, ["Travel", "Projects", "Household", "todo.txt", "Letter to Grace"]);
    let travel = id(&stage, &token, "Travel").await;
    let query = format!("'{travel}' in parents");
    let newest = stage
        .api(
            &token,
            "files",
            &[("q", &query), ("orderBy", "modifiedTime desc"), ("fields", "files(name,modifiedTime,parents)")],
        )
        .await;
    assert_eq!(
        newest.json()["files"][0],
        json!({ "name": "Trip plan", "modifiedTime": "2026-03-02T21:14:00.000Z", "parents": [travel] })
    );
    let answer = stage.api(&token, "files", &[("q", "'nowhere' in parents")]).await;
    is_error(&answer, StatusCode::NOT_FOUND, "notFound");
}

#[tokio::test]
async fn an_answer_has_the_usual_fields_or_those_asked_for() {
    let (stage, token) = signed_in("ada").await;
    let todo = id(&stage, &token, "todo.txt").await;
    let usual = stage.api(&token, &format!("files/{todo}"), &[]).await.json();
    assert_eq!(usual, json!({ "kind": "drive#file", "id": todo, "name": "todo.txt", "mimeType": "text/plain" }));
    let fields = "id,name,mimeType,size,createdTime,modifiedTime,owners,lastModifyingUser,sharingUser,shared,starred,\
                  trashed,permissions,description,parents,labelInfo,webViewLink";
    let all =
        stage.api(&token, &format!("files/{todo}"), &[("fields", fields), ("supportsAllDrives", "true")]).await.json();
    assert_eq!((all["size"].as_str(), all["shared"].as_bool()), (Some("47"), Some(false)));
    assert_eq!(all["owners"][0]["emailAddress"], "ada@practice.example");
    let answer = stage.api(&token, &format!("files/{todo}"), &[("fields", "colour")]).await;
    let error = is_error(&answer, StatusCode::BAD_REQUEST, "invalidParameter");
    assert_eq!(error["message"], "Invalid field selection colour");
    is_error(&stage.api(&token, "about", &[]).await, StatusCode::BAD_REQUEST, "required");
}

#[tokio::test]
async fn bytes_come_by_media_and_documents_by_export() {
    let (stage, token) = signed_in("ada").await;
    let list = id(&stage, &token, "Ada's packing list.txt").await;
    let text = stage.api(&token, &format!("files/{list}"), &[("alt", "media")]).await;
    assert_eq!((text.header("content-type"), text.text().starts_with("Raincoat")), ("text/plain", true));
    for (name, magic) in [("Ferry timetable.pdf", &b"%PDF-1.4"[..]), ("Harbour at dawn.png", b"\x89PNG\r\n")] {
        let file = id(&stage, &token, name).await;
        let size = stage.api(&token, &format!("files/{file}"), &[("fields", "size")]).await.json();
        let bytes = stage.api(&token, &format!("files/{file}"), &[("alt", "media")]).await.body;
        assert!(bytes.starts_with(magic));
        assert_eq!(size["size"].as_str(), Some(bytes.len().to_string().as_str()));
    }
    let sheet = id(&stage, &token, "Trip costs").await;
    let answer = stage.api(&token, &format!("files/{sheet}"), &[("alt", "media")]).await;
    is_error(&answer, StatusCode::FORBIDDEN, "fileNotDownloadable");
    let export =
        async |file: &str, mime| stage.api(&token, &format!("files/{file}/export"), &[("mimeType", mime)]).await;
    let workbook = export(&sheet, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet").await;
    assert!(workbook.status == StatusCode::OK && workbook.body.starts_with(b"PK\x03\x04"));
    assert!(export(&sheet, "text/csv").await.text().starts_with("What,Who,Amount\r\n"));
    let document = id(&stage, &token, "Trip plan").await;
    assert!(export(&document, "text/markdown").await.text().starts_with("# Trip plan\n"));
    assert!(export(&document, "application/pdf").await.body.starts_with(b"%PDF"));
    is_error(&export(&document, "image/png").await, StatusCode::BAD_REQUEST, "badRequest");
    is_error(&export(&list, "application/pdf").await, StatusCode::FORBIDDEN, "fileNotExportable");
}

#[tokio::test]
async fn errors_have_googles_shape() {
    let (stage, token) = signed_in("ada").await;
    let error = is_error(&stage.api(&token, "files/nothing", &[]).await, StatusCode::NOT_FOUND, "notFound");
    assert_eq!(error["message"], "File not found: nothing.");
    for (parameter, value) in
        [("q", "name ="), ("orderBy", "colour"), ("pageSize", "0"), ("pageSize", "1001"), ("fields", "files(")]
    {
        let answer = stage.api(&token, "files", &[(parameter, value)]).await;
        let reason = if parameter == "fields" { "invalidParameter" } else { "invalid" };
        assert_eq!(is_error(&answer, StatusCode::BAD_REQUEST, reason)["errors"][0]["location"], parameter);
    }
    is_error(&stage.api(&token, "changes", &[]).await, StatusCode::NOT_FOUND, "notFound");
    let unknown = stage.api("unknown", "files", &[]).await;
    is_error(&unknown, StatusCode::UNAUTHORIZED, "authError");
    assert!(
        unknown.header("www-authenticate").starts_with("Bearer ")
            && unknown.header("www-authenticate").contains("invalid_token")
    );
    let bare = stage.get("/drive/v3/files").await;
    is_error(&bare, StatusCode::UNAUTHORIZED, "required");
    assert!(!bare.header("www-authenticate").contains("error"));
    stage.provider.rate_limit(1, Duration::from_secs(3));
    let limited = stage.api(&token, "files", &[]).await;
    is_error(&limited, StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded");
    assert_eq!(limited.header("retry-after"), "3");
    assert_eq!(stage.api(&token, "files", &[]).await.status, StatusCode::OK);
    assert_eq!(stage.provider.counters().api_rate_limited, 1);
}

#[tokio::test]
async fn the_scope_decides_what_is_opened() {
    let stage = PracticeRun::new().await;
    let (metadata, _) = stage.grant("ada", METADATA).await;
    let todo = id(&stage, &metadata, "todo.txt").await;
    let answer = stage.api(&metadata, &format!("files/{todo}"), &[("alt", "media")]).await;
    is_error(&answer, StatusCode::FORBIDDEN, "insufficientPermissions");
    assert!(answer.header("www-authenticate").contains("insufficient_scope"));
    let (email, _) = stage.grant("ada", "email").await;
    is_error(&stage.api(&email, "files", &[]).await, StatusCode::FORBIDDEN, "insufficientPermissions");
}

#[tokio::test]
async fn each_person_sees_their_own_files_and_what_was_shared() {
    let (stage, grace) = signed_in("grace").await;
    let (ada, _) = stage.grant("ada", READ).await;
    let shared = names(&stage.api(&grace, "files", &[("q", "sharedWithMe = true"), ("orderBy", "name")]).await);
    assert_eq!(
        shared,
        [
            "Letter to Grace",
            "Raw readings 2025.csv",
            "Readings by month",
            "sensors.json",
            "Station handbook",
            "Weather station"
        ]
    );
    let todo = id(&stage, &ada, "todo.txt").await;
    is_error(&stage.api(&grace, &format!("files/{todo}"), &[]).await, StatusCode::NOT_FOUND, "notFound");
    let letter = id(&stage, &grace, "Letter to Grace").await;
    let fields = [("fields", "ownedByMe,sharingUser/emailAddress,parents,permissions")];
    let seen = stage.api(&grace, &format!("files/{letter}"), &fields).await.json();
    assert_eq!(seen, json!({ "ownedByMe": false, "sharingUser": { "emailAddress": "ada@practice.example" } }));
    let root = stage.api(&grace, "files/root", &[("fields", "name,ownedByMe")]).await.json();
    assert_eq!(root, json!({ "name": "My Drive", "ownedByMe": true }));
}
