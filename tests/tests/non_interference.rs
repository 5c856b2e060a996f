//! What a guest can observe does not depend on a secret: the same guest, at the same service, on two connections whose secrets differ
//! and are equally long, sees the same, byte for byte and piece for piece.
//!
//! A guest once found a token of 27 characters in 27 requests: the host held back what might begin the token, and the sizes of what it
//! handed out said how much of a guess was right.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper::{ConnectionView, EchoLimits, Limits, Random, SeededRandom};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Pairs that are equally long. They share a beginning, so that guesses are right for a while about both.
const SECRETS: [[&str; 2]; 2] = [
    ["ab12cd34ef56gh78ij90kl12mn", "ab12cd34eX56Gh78iJ90kL12mN"],
    // With characters that some codings escape and others do not.
    ["tok-3fA/9+kQ=wZ_x.7Lm2~Bd4", r#"tok-3fBx8Hk2&wZ<a>7"m9\Bd5"#],
];
/// Calls on each pair; each asks for [`FETCHES`] answers.
const CALLS: u64 = 40;
const FETCHES: u64 = 40;

struct Draw(SeededRandom);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    fn below(&self, below: usize) -> usize {
        let random: &dyn Random = &self.0;
        usize::from(u16::from_le_bytes(random.bytes())) % below
    }
}

/// The codings of services, each applied to what they repeat.
fn coded(secret: &str, coding: usize) -> Vec<u8> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let each = |write: fn(u8) -> String| secret.bytes().map(write).collect::<Vec<_>>().concat();
    match coding {
        0 => secret.into(),
        1 => each(|byte| format!("%{byte:02X}")).into(),
        2 => each(|byte| format!("%25{byte:02x}")).into(),
        3 => each(|byte| format!("&#{byte};")).into(),
        4 => json(secret).into(),
        5 => json(&json(secret)).into(),
        6 => STANDARD.encode(secret).into(),
        7 => STANDARD.encode(format!("user:{secret}!")).into(),
        8 => STANDARD
            .encode(secret)
            .as_bytes()
            .chunks(11)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join("\r\n")
            .into(),
        9 => secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => each(|byte| format!("{byte:02x}")).into(),
    }
}

/// Writes the answer that `seed` stands for. What it holds of the secret, and nothing else, comes from the request.
async fn answer(stream: TcpStream) -> std::io::Result<()> {
    // Else each small piece waits for the one before to be acknowledged.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let (mut path, mut secret) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if let Some(rest) = line.strip_prefix("GET ") {
                path = rest.split(' ').next().unwrap_or_default().to_owned();
            } else if let Some(rest) = line.strip_prefix("x-key: ") {
                secret = rest.trim_end().to_owned();
            } else if line.trim().is_empty() {
                break;
            }
        }
        let mut parts = path.trim_start_matches('/').split('/');
        let seed = parts.next().and_then(|seed| seed.parse().ok()).unwrap_or(0);
        let candidates =
            SECRETS[parts.next().and_then(|pair| pair.strip_prefix("pair")?.parse::<usize>().ok()).unwrap_or(0)];
        // A service that stored the secret repeats it to requests that come without, too.
        if secret.is_empty() {
            secret = parts.next().map(|index| candidates[usize::from(index == "1")]).unwrap_or_default().to_owned();
        }
        let draw = Draw::new(seed);
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for _ in 0..draw.below(40) {
            let guess = candidates[draw.below(2)];
            let piece = match draw.below(7) {
                0 => coded(&secret, draw.below(11)),
                1 => b"x".repeat(draw.below(700)),
                2 => format!("<p>line {}\r\n&amp; more</p>\n", draw.below(100)).into(),
                // A guess that is right about the beginning, whole in no coding.
                _ => {
                    let end = draw.below(guess.len() - 1);
                    let mut coded = coded(&guess[..end], draw.below(11));
                    coded.push(b' ');
                    coded
                }
            };
            pieces.push(piece);
        }
        let mut head = String::from("HTTP/1.1 ");
        head.push_str(["200 OK", "200 OK", "404 Not Found", "302 Found"][draw.below(4)]);
        head.push_str("\r\n");
        let kinds = ["application/json", "text/event-stream", "text/plain"];
        let _ = write!(head, "content-type: {}\r\n", kinds[draw.below(3)]);
        if draw.below(3) == 0 {
            let value = String::from_utf8_lossy(&coded(&secret, [0, 1, 6][draw.below(3)])).into_owned();
            let _ = write!(head, "x-echo: a{value}b\r\nlocation: /elsewhere?key={value}\r\n");
        }
        let is_chunked = draw.below(2) == 0;
        if is_chunked {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
        } else {
            let _ = write!(head, "content-length: {}\r\n\r\n", pieces.iter().map(Vec::len).sum::<usize>());
        }
        stream.write_all(head.as_bytes()).await?;
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            if is_chunked {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            }
            stream.write_all(piece).await?;
            if is_chunked {
                stream.write_all(b"\r\n").await?;
            }
            stream.flush().await?;
            // The pieces are to arrive apart from each other.
            tokio::task::yield_now().await;
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        stream.flush().await?;
    }
}

async fn connections(host: &TestHost, base: &str, secrets: [&str; 2]) -> Vec<ConnectionView> {
    let service = EchoService::start().await;
    let mut made = Vec::new();
    for secret in secrets {
        let connection = host
            .hostile_with(
                &service,
                |new| {
                    let new = new.config(json!({ "base": base })).field("headerField", "x-key");
                    new.secret("apiKey", secret)
                },
                "api_key_header",
            )
            .await;
        made.push(connection);
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_sees_the_same_whatever_the_secret_is() {
    let mut limits = Limits::default();
    limits.requests = 100;
    limits.echoes = EchoLimits { of_a_call: u32::MAX, calls_a_minute: usize::MAX };
    let host = TestHost::start_with_limits(limits).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    let mut redacted = 0;
    for (pair, secrets) in SECRETS.into_iter().enumerate() {
        let connections = connections(&host, &base, secrets).await;
        for call in 0..CALLS {
            let draw = Draw::new(1_000_000 + call);
            // What the guest asks for is the same. Which secret the service has stored is the service's own matter.
            let fetches = |index: usize| -> Vec<Value> {
                let draw = Draw::new(2_000_000 + call);
                (0..FETCHES)
                    .map(|number| {
                        let reads: Vec<usize> = (0..=draw.below(4)).map(|_| 1 + draw.below(3000)).collect();
                        let stored_only = draw.below(6) == 0;
                        let stored = if stored_only { format!("/{index}") } else { String::new() };
                        let url = format!("{base}/{}/pair{pair}{stored}", call * FETCHES + number);
                        json!({ "url": url, "reads": reads, "bare": stored_only, "stop": true })
                    })
                    .collect()
            };
            let order = if draw.below(2) == 0 { [0, 1] } else { [1, 0] };
            let mut seen = [Value::Null, Value::Null];
            for index in order {
                let input = json!({ "fetches": fetches(index) });
                let result = host.call(&connections[index], "observe", input).await.expect("it only looks");
                seen[index] = result.value;
            }
            for (mine, other) in seen[0].as_array().into_iter().flatten().zip(seen[1].as_array().into_iter().flatten())
            {
                let mut other = other.clone();
                // The guest itself named another path where the service was to have stored the secret.
                if let Some(url) = other["url"].as_str() {
                    other["url"] = url.replace(&format!("/pair{pair}/1"), &format!("/pair{pair}/0")).into();
                }
                assert_eq!(*mine, other, "of the secrets {secrets:?}");
                redacted += usize::from(mine.to_string().contains("[redacted]"));
            }
            let all = seen[0].to_string() + &seen[1].to_string();
            assert!(!secrets.iter().any(|secret| all.contains(secret)), "a guest read a secret");
        }
    }
    assert!(redacted > 300, "only {redacted} of the answers held a secret: the services say too little");
}
