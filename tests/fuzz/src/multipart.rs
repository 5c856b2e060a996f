//! Forms that guests send, encoded for services that read them strictly.

use innkeeper_ambient::SeededRandom;
use innkeeper_egress::{EgressError, Part, PartContent, fuzzing};
use sha2::{Digest, Sha256};

use crate::shown::{assert_one_plain_line, text};

const MOST_PARTS: usize = 64;

/// A strict reader finds the parts that were given, in order, with no header of its own in any of them.
///
/// Parts are between bytes 1e; name, file name, media type and content of each between bytes 1f, where the middle two may be empty
/// for none.
pub fn multipart(bytes: &[u8]) {
    let given: Vec<Given> = bytes.split(|&byte| byte == 0x1e).take(MOST_PARTS).map(Given::read).collect();
    let parts = given.iter().map(Given::part).collect();
    // Who writes the parts cannot know the boundary.
    let mut seed = [0; 8];
    seed.copy_from_slice(&Sha256::digest(bytes)[..8]);
    let encoded = fuzzing::form(parts, &SeededRandom::new(u64::from_le_bytes(seed)));
    let plain = |given: &Given| given.media_type.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let (media_type, body) = match encoded {
        Ok(encoded) => encoded,
        Err(EgressError::InvalidRequest(told)) => {
            let fills = |given: &Given| given.file_name.is_empty() && text(&given.content).contains("${secret.");
            assert!(!given.iter().all(plain) || given.iter().any(fills), "a form is refused without a reason: {told}");
            return assert_one_plain_line(&told);
        }
        Err(other) => panic!("{other} is no reason to refuse a form"),
    };
    let media_type = media_type.to_str().expect("a media type is ASCII");
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").expect("a form has a boundary");
    let read = read(&body, boundary).expect("a form is well formed");
    assert_eq!(read, given.iter().map(Given::expected).collect::<Vec<_>>());
}

struct Given {
    name: String,
    file_name: String,
    media_type: String,
    content: Vec<u8>,
}

impl Given {
    fn read(bytes: &[u8]) -> Self {
        let mut fields = bytes.splitn(4, |&byte| byte == 0x1f);
        let mut next = || fields.next().unwrap_or_default();
        let [name, file_name, media_type] = [(); 3].map(|()| text(next()).into_owned());
        Self { name, file_name, media_type, content: next().to_vec() }
    }

    fn part(&self) -> Part {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Part {
            name: self.name.clone(),
            file_name: given(&self.file_name),
            content_type: given(&self.media_type),
            content: PartContent::Bytes(self.content.clone().into()),
        }
    }

    fn expected(&self) -> Read {
        let mut disposition = format!("content-disposition: form-data; name=\"{}\"", quoted(&self.name));
        if !self.file_name.is_empty() {
            disposition = format!("{disposition}; filename=\"{}\"", quoted(&self.file_name));
        }
        let mut headers = vec![disposition];
        if !self.media_type.is_empty() {
            headers.push(format!("content-type: {}", self.media_type));
        } else if !self.file_name.is_empty() {
            headers.push("content-type: application/octet-stream".to_owned());
        }
        Read { headers, content: self.content.clone() }
    }
}

/// What would end the quotes or the line is percent-encoded.
fn quoted(text: &str) -> String {
    let quote = |character: char| match character {
        '"' | '\0'..='\x1f' | '\x7f' => format!("%{:02X}", u32::from(character)),
        _ => character.to_string(),
    };
    text.chars().map(quote).collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Read {
    headers: Vec<String>,
    content: Vec<u8>,
}

/// RFC 2046, section 5.1.1, without preamble, epilogue and white space.
fn read(body: &[u8], boundary: &str) -> Option<Vec<Read>> {
    let mut rest = body.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let delimiter = format!("\r\n--{boundary}");
    let mut parts = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            return (end == b"\r\n").then_some(parts);
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let (part, after) = split_at(part, delimiter.as_bytes())?;
        let (head, content) = split_at(part, b"\r\n\r\n")?;
        let headers = String::from_utf8(head.to_vec()).ok()?.split("\r\n").map(str::to_owned).collect();
        parts.push(Read { headers, content: content.to_vec() });
        rest = after;
    }
}

fn split_at<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}
