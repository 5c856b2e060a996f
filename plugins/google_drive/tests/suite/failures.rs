//! Errors of the API, as callers see them.

use innkeeper_guest::testing::Answer;
use innkeeper_guest::{Error, json};

use super::service::{Drive, ask, failure};

fn error_after(answer: Answer) -> Error {
    Drive::new().gives(ask("files"), answer).call("searchFiles", &json!({ "query": "starred" })).error()
}

fn upstream(status: u16, message: &str, retryable: bool) -> Error {
    Error::Upstream { status, message: message.to_owned(), retryable }
}

#[test]
fn errors_are_typed_and_keep_googles_words() {
    assert_eq!(
        error_after(failure(400, "invalid", "Invalid Value")),
        upstream(400, "Google Drive API error: Invalid Value", false)
    );
    assert_eq!(error_after(failure(401, "authError", "Invalid Credentials")), Error::NeedsAuthorization);
    assert_eq!(
        error_after(failure(403, "insufficientPermissions", "Insufficient Permission")),
        Error::denied("Google Drive API error: Insufficient Permission")
    );
    assert_eq!(
        error_after(failure(404, "notFound", "File not found: .")),
        Error::not_found("Google Drive API error: File not found: .")
    );
    assert_eq!(
        error_after(failure(500, "backendError", "Backend Error")),
        upstream(500, "Google Drive API error: Backend Error", true)
    );
}

#[test]
fn too_many_requests_are_told_from_a_lack_of_rights() {
    for reason in ["rateLimitExceeded", "userRateLimitExceeded"] {
        assert_eq!(error_after(failure(403, reason, "Rate Limit Exceeded")), Error::RateLimited(None));
    }
    let answer = failure(403, "userRateLimitExceeded", "Rate Limit Exceeded").header("retry-after", "7");
    assert_eq!(error_after(answer), Error::RateLimited(Some(7)));
    let answer = failure(429, "rateLimitExceeded", "Rate Limit Exceeded").header("retry-after", "3");
    assert_eq!(error_after(answer), Error::RateLimited(Some(3)));
}

#[test]
fn an_error_that_is_not_googles_is_passed_on() {
    assert_eq!(error_after(Answer::new(502).body("<html>", "text/html")), upstream(502, "status 502", true));
    assert_eq!(error_after(Answer::new(503).body("busy", "text/plain")), upstream(503, "busy", true));
    assert!(matches!(
        error_after(Answer::new(200).body("not JSON", "text/plain")),
        Error::Upstream { status: 200, retryable: false, .. }
    ));
}

#[test]
fn a_failing_export_and_a_failing_check_say_why() {
    let document = json!({ "id": "f1", "name": "a", "mimeType": "application/vnd.google-apps.document" });
    let error = Drive::new()
        .answers("drive.files.get", ask("files/f1").without_query("alt"), &document)
        .gives(
            ask("files/f1/export"),
            failure(403, "exportSizeLimitExceeded", "This file is too large to be exported."),
        )
        .call("downloadFile", &json!({ "fileId": "f1" }))
        .error();
    assert_eq!(error, Error::denied("Google Drive API error: This file is too large to be exported."));
    let error =
        Drive::new().gives(ask("about"), failure(403, "accessNotConfigured", "Drive API has not been used")).check();
    assert_eq!(error, Err(Error::denied("Google Drive API error: Drive API has not been used")));
}
