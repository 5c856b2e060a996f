//! Answers that hold the token in another form.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::json;

use super::{KEPT, SCRUBBER, in_form, kept};
use crate::attack::{Attack, Class, attack};
use crate::rig::{Rig, TOKEN};
use crate::told::Told;
use crate::upstream::{credential_of, echo};

pub(super) fn encodings() -> Vec<Attack> {
    fn percent(text: &[u8]) -> String {
        text.iter().map(|byte| format!("%{byte:02X}")).collect()
    }
    fn quoted(text: &str) -> String {
        let quoted = json!(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    }
    fn entities(text: &str, write: fn(char) -> String) -> Vec<u8> {
        text.chars().map(write).collect::<String>().into_bytes()
    }
    vec![
        in_form("secrets-base64", "The token comes in base64", &[], |token| STANDARD.encode(token).into_bytes()),
        in_form("secrets-base64-url", "The token comes in base64 for addresses", &[], |token| {
            URL_SAFE_NO_PAD.encode(token).into_bytes()
        }),
        in_form("secrets-base64-shifted", "The same, with one byte before it", &[], |token| {
            STANDARD.encode(format!("a{token}")).into_bytes()
        }),
        in_form("secrets-base64-header", "The whole header comes in base64", &[], |token| {
            STANDARD.encode(format!("authorization: Bearer {token}\r\n")).into_bytes()
        }),
        in_form("secrets-base64-json", "It is in JSON that is in base64", &[], |token| {
            STANDARD.encode(json!({ "token": token }).to_string()).into_bytes()
        }),
        in_form("secrets-base64-wrapped", "The base64 is broken into lines of 16", &[], |token| {
            let encoded = STANDARD.encode(token);
            encoded.as_bytes().chunks(16).collect::<Vec<_>>().join(&b"\r\n"[..])
        }),
        in_form("secrets-base64-twice", "It is in base64 in base64", &[], |token| {
            STANDARD.encode(STANDARD.encode(token)).into_bytes()
        }),
        in_form("secrets-percent", "The token is percent-encoded", &[], |token| percent(token.as_bytes()).into_bytes()),
        in_form("secrets-percent-lower", "The same in lower case, where it has to be", &[], |token| {
            url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>().to_lowercase().into_bytes()
        }),
        in_form("secrets-percent-twice", "The same twice", &[], |token| {
            percent(percent(token.as_bytes()).as_bytes()).into_bytes()
        }),
        in_form("secrets-json", "The token is a JSON string", &[], |token| quoted(token).into_bytes()),
        in_form("secrets-json-unicode", "Every character is a `\\u` escape", &[], |token| {
            token.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>().into_bytes()
        }),
        in_form("secrets-json-twice", "It is JSON in JSON", &[], |token| quoted(&quoted(token)).into_bytes()),
        in_form("secrets-html", "Its special characters are HTML entities", &["content-type: text/html"], |token| {
            let token = token.replace('&', "&amp;").replace('"', "&quot;").replace('/', "&#x2F;").replace('+', "&#43;");
            token.replace('=', "&equals;").replace('\\', "&bsol;").replace('~', "&#126;").into_bytes()
        }),
        in_form("secrets-html-decimal", "Every character is a decimal entity", &["content-type: text/html"], |token| {
            entities(token, |c| format!("&#{};", u32::from(c)))
        }),
        in_form("secrets-html-hex", "Every character is a hexadecimal entity", &["content-type: text/html"], |token| {
            entities(token, |c| format!("&#x{:X};", u32::from(c)))
        }),
        in_form("secrets-utf16", "The answer is in UTF-16", &["content-type: text/plain; charset=utf-16le"], |token| {
            token.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
        in_form(
            "secrets-utf16-be",
            "The same the other way round",
            &["content-type: text/plain; charset=utf-16be"],
            |token| token.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
        in_form("secrets-hex", "The token comes in hexadecimal digits", &[], |token| {
            token.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()
        }),
    ]
}

/// Content codings: the token is in what is packed.
pub(super) fn codings() -> Vec<Attack> {
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).expect("memory takes all");
        packed.finish().expect("it ends")
    }
    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).expect("memory takes all");
        packed.finish().expect("it ends")
    }
    let coded = |id, what, headers: &'static [&'static str], pack: fn(&[u8]) -> Vec<u8>| {
        attack(Class::Secrets, (id, what), SCRUBBER, KEPT, move |rig: Rig| async move {
            let place = rig.upstream().at([echo(headers, move |heard| {
                pack(format!("{{\"you sent\": {}}}", json!(credential_of(heard))).as_bytes())
            })]);
            // Whoever could unpack it would see the token: what is handed out must be neither.
            let connection = rig.bearer().await;
            let told = rig.download(&connection, &place.url("/")).await;
            let refused = told.kind.starts_with("EgressError::");
            let told = if refused { Told { kind: "HttpError::Connect".to_owned(), ..told } } else { told };
            kept(told, &[TOKEN.into(), json!(TOKEN).to_string().into()])
        })
    };
    vec![
        coded("secrets-gzip", "The answer is packed with gzip", &["content-encoding: gzip"], gzip),
        coded("secrets-gzip-twice", "The answer is packed twice", &["content-encoding: gzip, gzip"], |bytes| {
            gzip(&gzip(bytes))
        }),
        coded(
            "secrets-gzip-lines",
            "The same, in two headers",
            &["content-encoding: gzip", "content-encoding: gzip"],
            |bytes| gzip(&gzip(bytes)),
        ),
        coded("secrets-deflate", "The answer is packed otherwise", &["content-encoding: deflate"], deflate),
        coded(
            "secrets-brotli",
            "The answer says that it is in a coding that nobody asked for",
            &["content-encoding: br"],
            <[u8]>::to_vec,
        ),
        coded("secrets-x-gzip", "The coding goes by its old name", &["content-encoding: x-gzip"], gzip),
    ]
}
