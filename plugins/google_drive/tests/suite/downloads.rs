//! `downloadFile`.

use innkeeper_guest::testing::{Answer, Expected};
use innkeeper_guest::{Error, Value, json};

use super::service::{Drive, Outcome, ask};

const DOCUMENT: &str = "application/vnd.google-apps.document";
const SHEET: &str = "application/vnd.google-apps.spreadsheet";
const SLIDES: &str = "application/vnd.google-apps.presentation";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Bytes of a file that are answered as base64, and of one that is answered as text.
const LIMITS: (u64, u64) = (7_667_712, 10_223_616);

/// Files of shared drives are found with this parameter only.
fn of_file(id: &str) -> Expected {
    ask(&format!("files/{id}")).query("supportsAllDrives", true)
}

fn with_file(file: &Value) -> Drive {
    let request = of_file("f1").query("fields", "id, name, mimeType, size").only_query();
    Drive::new().answers("drive.files.get", request, file)
}

fn native(mime_type: &str) -> Value {
    json!({ "id": "f1", "name": "Trip", "mimeType": mime_type })
}

/// Downloads a file of these bytes.
fn download(mime_type: &str, bytes: &[u8], input: &Value) -> Outcome {
    let file = json!({ "id": "f1", "name": "a.bin", "mimeType": mime_type, "size": bytes.len().to_string() });
    let media = of_file("f1").query("alt", "media").only_query().header("accept", "*/*");
    with_file(&file).gives(media, Answer::new(200).body(bytes, mime_type)).call("downloadFile", input)
}

#[test]
fn a_document_is_exported_in_the_form_that_suits_it() {
    for (stored, response_type, exported) in [
        (DOCUMENT, "text", "text/markdown"),
        (SHEET, "text", "text/csv"),
        (SLIDES, "text", "text/plain"),
        (DOCUMENT, "arraybuffer", "application/pdf"),
        (SHEET, "arraybuffer", WORKBOOK),
        (SLIDES, "arraybuffer", "application/pdf"),
    ] {
        let export = ask("files/f1/export").query("mimeType", exported).only_query();
        let outcome = with_file(&native(stored))
            .gives(export, Answer::new(200).body("abc", exported).chunked())
            .call("downloadFile", &json!({ "fileId": "f1", "responseType": response_type }));
        let (content, encoding) = if response_type == "text" { ("abc", "utf-8") } else { ("YWJj", "base64") };
        let expected =
            json!({ "id": "f1", "name": "Trip", "mimeType": exported, "content": content, "encoding": encoding });
        assert_eq!(outcome.value(), expected);
    }
}

#[test]
fn a_file_comes_as_base64_unless_text_is_wanted_and_it_is_text() {
    for (mime_type, input, content, encoding) in [
        ("text/plain", json!({ "fileId": "f1" }), "YWI=", "base64"),
        ("text/plain", json!({ "fileId": "f1", "responseType": "text" }), "ab", "utf-8"),
        ("application/json", json!({ "fileId": "f1", "responseType": "text" }), "YWI=", "base64"),
        ("image/png", json!({ "fileId": "f1", "responseType": "arraybuffer" }), "YWI=", "base64"),
    ] {
        let outcome = download(mime_type, b"ab", &input);
        let expected = json!({
            "id": "f1", "name": "a.bin", "mimeType": mime_type, "size": "2", "content": content, "encoding": encoding
        });
        assert_eq!(outcome.value(), expected);
    }
}

#[test]
fn text_that_is_no_utf_8_is_not_mangled() {
    let value = download("text/csv", b"caf\xe9", &json!({ "fileId": "f1", "responseType": "text" })).value();
    assert_eq!((&value["content"], &value["encoding"]), (&json!("Y2Fm6Q=="), &json!("base64")));
    let value = download("text/csv", b"\xef\xbb\xbfa,b", &json!({ "fileId": "f1", "responseType": "text" })).value();
    assert_eq!((&value["content"], &value["encoding"]), (&json!("a,b"), &json!("utf-8")));
}

#[test]
fn a_file_that_drive_says_is_too_large_is_not_asked_for() {
    let (binary, text) = LIMITS;
    for (response_type, limit, size, estimated) in
        [("arraybuffer", binary, binary + 1, binary / 3 * 4 + 4), ("text", text, text + 1, text + 1)]
    {
        let file = json!({ "id": "f1", "name": "a", "mimeType": "text/plain", "size": size.to_string() });
        let outcome = with_file(&file).call("downloadFile", &json!({ "fileId": "f1", "responseType": response_type }));
        assert_eq!(outcome.sent.len(), 1);
        let expected = Error::TooLarge { limit, content_length: Some(size), estimated_output: Some(estimated) };
        assert_eq!(outcome.error(), expected);
    }
}

#[test]
fn a_small_export_of_a_large_document_is_answered() {
    for (response_type, content) in [("text", "abc"), ("arraybuffer", "YWJj")] {
        let file = json!({ "id": "f1", "name": "Trip", "mimeType": DOCUMENT, "size": (LIMITS.1 + 1).to_string() });
        let value = with_file(&file)
            .gives(ask("files/f1/export"), Answer::new(200).body("abc", "text/markdown"))
            .call("downloadFile", &json!({ "fileId": "f1", "responseType": response_type }))
            .value();
        assert_eq!((&value["content"], &value["size"]), (&json!(content), &file["size"]));
    }
}

#[test]
fn an_export_that_is_too_large_says_how_large() {
    let size = LIMITS.0 + 3;
    let bytes = vec![0; usize::try_from(size).expect("it fits")];
    for is_known in [true, false] {
        let answer = Answer::new(200).body(bytes.clone(), "application/pdf");
        let answer = if is_known { answer } else { answer.chunked() };
        let outcome = with_file(&native(DOCUMENT))
            .gives(ask("files/f1/export"), answer)
            .call("downloadFile", &json!({ "fileId": "f1" }));
        let (content_length, estimated_output) = if is_known { (Some(size), Some(size / 3 * 4)) } else { (None, None) };
        assert_eq!(outcome.error(), Error::TooLarge { limit: LIMITS.0, content_length, estimated_output });
    }
}

#[test]
fn text_that_grows_too_large_as_json_is_refused() {
    let bytes = vec![b'"'; usize::try_from(LIMITS.1 / 2 + 1).expect("it fits")];
    let outcome = download("text/plain", &bytes, &json!({ "fileId": "f1", "responseType": "text" }));
    let length = bytes.len() as u64;
    let expected =
        Error::TooLarge { limit: LIMITS.1, content_length: Some(length), estimated_output: Some(length * 2) };
    assert_eq!(outcome.error(), expected);
}

#[test]
fn a_file_is_handed_out_of_whatever_size() {
    let bytes = vec![7; usize::try_from(LIMITS.1 + 1).expect("it fits")];
    let called = download("image/tiff", &bytes, &json!({ "fileId": "f1", "asFile": true })).result.expect("a file");
    let size = bytes.len().to_string();
    assert_eq!(
        called.value,
        json!({ "id": "f1", "name": "a.bin", "mimeType": "image/tiff", "size": size, "file": "a.bin" })
    );
    let file = &called.files[0];
    assert_eq!((file.name.as_str(), file.content_type.as_deref()), ("a.bin", Some("image/tiff")));
    assert!(file.content == bytes);
}

#[test]
fn a_file_that_is_handed_out_has_a_name_that_is_no_path() {
    for (name, file_name) in [
        ("Trip", "Trip.xlsx"),
        ("Trip.XLSX", "Trip.XLSX"),
        ("../a\\b\nc", ".._a_b_c.xlsx"),
        ("..", "f1.xlsx"),
        ("", "f1.xlsx"),
    ] {
        let file = json!({ "id": "f1", "name": name, "mimeType": SHEET });
        let called = with_file(&file)
            .gives(ask("files/f1/export").query("mimeType", WORKBOOK), Answer::new(200).body("PK", "application/zip"))
            .call("downloadFile", &json!({ "fileId": "f1", "asFile": true }))
            .result
            .expect("a file");
        assert_eq!((called.files[0].name.as_str(), &called.value["file"]), (file_name, &json!(file_name)));
        assert_eq!(called.files[0].content_type.as_deref(), Some(WORKBOOK));
    }
}

#[test]
fn folders_and_shortcuts_have_nothing_to_download() {
    for (kind, advice) in [("folder", "listFiles"), ("shortcut", "points to")] {
        let file = native(&format!("application/vnd.google-apps.{kind}"));
        let error = with_file(&file).call("downloadFile", &json!({ "fileId": "f1" })).error();
        assert!(matches!(&error, Error::InvalidInput(reason) if reason.contains(advice)), "{error}");
    }
}

#[test]
fn an_id_stays_within_its_place_in_the_address() {
    let file = json!({ "id": "x", "name": "a", "mimeType": "image/png" });
    let value = Drive::new()
        .answers("drive.files.get", of_file("a%2F..%3Falt%3Dmedia").query("fields", "id, name, mimeType, size"), &file)
        .gives(of_file("a%2F..%3Falt%3Dmedia").query("alt", "media"), Answer::new(200).body("ab", "image/png"))
        .call("downloadFile", &json!({ "fileId": "a/..?alt=media" }))
        .value();
    assert_eq!(value["content"], "YWI=");
    for input in
        [json!({ "fileId": ".." }), json!({ "fileId": "" }), json!({ "fileId": "f1", "responseType": "stream" })]
    {
        assert!(matches!(Drive::new().call("downloadFile", &input).error(), Error::InvalidInput(_)), "{input}");
    }
}
