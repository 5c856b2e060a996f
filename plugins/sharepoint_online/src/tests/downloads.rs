use super::*;
use crate::download::{CONTENT_LIMIT, file_name};
use service::{DOWNLOAD, FILE};

fn content() -> Sent {
    sent(&format!("{}/items/{ITEM}/content", drive_path()), &[])
}

fn presigned() -> Sent {
    let query = [("UniqueId", "b60cd9a4"), ("tempauth", "v1.eyJz/w.e30")];
    let url = "https://contoso.sharepoint.com/sites/hr/_layouts/15/download.aspx".to_owned();
    Sent { url, with_credential: false, follows_redirects: false, ..sent("", &query) }
}

#[test]
fn a_file_is_read_as_text() {
    let called = call("downloadDriveItem", &json!({ "driveId": DRIVE, "itemId": ITEM }), &content()).expect("a file");
    assert_eq!(called.value, json!({ "contentType": "text/plain", "contentLength": FILE.len(), "text": FILE }));
    assert!(called.files.is_empty());
}

#[test]
fn a_file_is_handed_over_unread() {
    let input = json!({ "driveId": DRIVE, "itemId": ITEM, "asFile": true });
    let called = call("downloadDriveItem", &input, &content()).expect("a file");
    assert_eq!(
        called.value,
        json!({ "contentType": "text/plain", "contentLength": FILE.len(), "fileName": "Größe_1.txt" })
    );
    assert_eq!((called.files[0].name.as_str(), called.files[0].content.as_slice()), ("Größe_1.txt", FILE.as_bytes()));
}

#[test]
fn bytes_that_are_no_text_do_not_fail_the_call() {
    let answer = Answer::new(200).body(vec![0x25, 0x50, 0xff], "application/pdf").chunked();
    let script = connection(Token::App).on(get(content().url)).reply_with(answer);
    let called = script.call(connector, "downloadDriveItem", &json!({ "driveId": DRIVE, "itemId": ITEM }));
    assert_eq!(
        called.expect("a file").value,
        json!({ "contentType": "application/pdf", "contentLength": 3, "text": "%P\u{fffd}" })
    );
}

#[test]
fn a_file_beyond_the_limit_is_handed_over_only() {
    let large = vec![b'x'; usize::try_from(CONTENT_LIMIT).expect("a small number") + 1];
    for chunked in [false, true] {
        let answer = || {
            let answer = Answer::new(200).body(large.clone(), "text/plain");
            if chunked { answer.chunked() } else { answer }
        };
        let drive_item = json!({ "driveId": DRIVE, "itemId": ITEM });
        for (action, input, url) in [
            ("downloadDriveItem", drive_item, content().url),
            ("downloadItemFromURL", json!({ "downloadUrl": DOWNLOAD }), DOWNLOAD.to_owned()),
        ] {
            let error =
                connection(Token::App).on(get(url.clone())).reply_with(answer()).call(connector, action, &input);
            let error = error.expect_err("too large");
            assert!(matches!(error, Error::TooLarge { limit: CONTENT_LIMIT, .. }), "{error}");
            let mut input = input;
            input["asFile"] = true.into();
            let called = connection(Token::App).on(get(url)).reply_with(answer()).call(connector, action, &input);
            assert_eq!(called.expect("files have no limit").files[0].content.len(), large.len());
        }
    }
}

#[test]
fn a_presigned_address_is_asked_without_the_token() {
    let called = call("downloadItemFromURL", &json!({ "downloadUrl": DOWNLOAD }), &presigned()).expect("a file");
    let base64 = "R3LDtsOfZTogNDIK";
    assert_eq!(called.value, json!({ "contentType": "text/plain", "contentLength": FILE.len(), "base64": base64 }));
    let as_file = json!({ "downloadUrl": DOWNLOAD, "asFile": true });
    let called = call("downloadItemFromURL", &as_file, &presigned()).expect("a file");
    assert_eq!(called.files[0].content, FILE.as_bytes());
    assert_eq!(called.value.get("base64"), None);
}

#[test]
fn a_file_is_measured_where_sharepoint_does_not_say_its_length() {
    for length in 0..5 {
        let answer = Answer::new(200).body(vec![0xff; length], "application/pdf").chunked();
        let script = connection(Token::App).on(get(DOWNLOAD)).reply_with(answer);
        let called = script.call(connector, "downloadItemFromURL", &json!({ "downloadUrl": DOWNLOAD }));
        assert_eq!(called.expect("a file").value["contentLength"], length);
    }
}

#[test]
fn an_address_of_graph_is_asked_with_the_token() {
    let url = content().url;
    let called = call("downloadItemFromURL", &json!({ "downloadUrl": url }), &content()).expect("a file");
    assert_eq!(called.value["contentLength"], FILE.len());
}

#[test]
fn the_token_goes_nowhere_else() {
    for address in [
        "https://evil.test/file",
        "http://graph.microsoft.com/v1.0/me",
        "https://graph.microsoft.com.evil.test/v1.0/me",
        "https://graph.microsoft.com@evil.test/v1.0/me",
        "https://graph.microsoft.com:8443/v1.0/me",
        "https://graph.microsoft.com:443@evil.test/v1.0/me",
        "https://evil.test\\@graph.microsoft.com/v1.0/me",
        "https://graph.microsoft.com\\.evil.test/v1.0/me",
        "https://graph.microsoft.com./v1.0/me",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/beta/me",
        "https://graph.microsoft.com/v1.0/../beta/me",
        "https://graph.microsoft.com/v1.0/%2e%2e/beta/me",
        "https://graph.microsoft.com/v1.0/x%2f..%2fbeta",
        "https://graph.microsoft.com/v1.0/\u{9}../beta",
        "https://graph.micro\nsoft.com/v1.0/me",
        "https://ｇraph.microsoft.com/v1.0/me",
        "https:/graph.microsoft.com/v1.0/me",
        "https:///graph.microsoft.com/v1.0/me",
        "//graph.microsoft.com/v1.0/me",
        "file:///etc/passwd",
        "data:text/plain,x",
        "graph.microsoft.com/v1.0/me",
        "https://sharepoint.com/x",
        "https://.sharepoint.com/x",
        "https://evilsharepoint.com/x",
        "https://contoso.sharepoint.com.evil.test/x",
        "https://contoso.sharepoint.com",
        "https://contoso.sharepoint.com/x#y",
        "https://user:password@contoso.sharepoint.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
    ] {
        let message = refused("downloadItemFromURL", &json!({ "downloadUrl": address }));
        assert!(message.contains("downloadUrl"), "{address}: {message}");
    }
}

#[test]
fn an_address_that_is_not_presigned_or_has_expired_says_so() {
    let unsigned =
        Sent { query: Vec::new(), url: "https://contoso.sharepoint.com/sites/hr/a.pdf".to_owned(), ..presigned() };
    let error =
        call("downloadItemFromURL", &json!({ "downloadUrl": unsigned.url }), &unsigned).expect_err("a sign-in page");
    assert!(matches!(&error, Error::Denied(text) if text.contains("pre-signed")), "{error}");
    for status in [401, 403] {
        let script = connection(Token::User).on(get(DOWNLOAD)).reply_with(Answer::new(status));
        let error =
            script.call(connector, "downloadItemFromURL", &json!({ "downloadUrl": DOWNLOAD })).expect_err("expired");
        assert!(
            matches!(&error, Error::Denied(text) if text.contains("expired")),
            "no new sign-in would help: {error}"
        );
    }
    let script = connection(Token::User).on(get(content().url)).reply_with(Answer::new(401));
    let error = script.call(connector, "downloadDriveItem", &json!({ "driveId": DRIVE, "itemId": ITEM }));
    assert_eq!(error, Err(Error::NeedsAuthorization));
}

#[test]
fn a_file_gets_a_name_that_is_one() {
    for (header, name) in [
        ("attachment; filename=\"a b.txt\"", "a b.txt"),
        ("attachment; filename=plain.txt; size=3", "plain.txt"),
        ("attachment; filename=\"../../etc/passwd\"", ".._.._etc_passwd"),
        ("attachment; FileName*=utf-8'en'%e2%82%ac.txt", "€.txt"),
        ("attachment; filename*=utf-8''..", "otherwise"),
        ("attachment; filename*=latin1''%a4; filename=\"fallback.txt\"", "fallback.txt"),
        ("attachment; filename=\"\"", "otherwise"),
        ("attachment; filename=", "otherwise"),
        ("inline", "otherwise"),
    ] {
        let ctx = connection(Token::App)
            .on(get(DOWNLOAD))
            .reply_with(Answer::new(200).header("Content-Disposition", header))
            .into_ctx();
        let answer = ctx.get(DOWNLOAD).send().expect("an answer");
        assert_eq!(file_name(&answer, "otherwise"), name, "{header}");
    }
}
