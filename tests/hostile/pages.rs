//! Attacks on the host's pages and routes, by strangers and by other users.

use innkeeper::spec::AuthMode;
use innkeeper::{ConnectionView, Link, NewLink, SpaceId};
use innkeeper_tests::host::id;
use innkeeper_tests::query::with;
use reqwest::{Method, header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use url::Url;

use crate::attack::{Attack, Class, attack};
use crate::rig::Rig;
use crate::support::{Browser, Seen, Site};
use crate::told::Told;
use crate::upstream::{json as json_answer, say};

const BROWSER: &str = "a flow is bound to the browser that began it";
const LINKS: &str = "a link is signed, for one user, once, and for a short time";
const ESCAPED: &str = "pages escape every text, and run no script";
const SITES: &str = "what another site makes a browser send is refused";
const METHODS: &str = "each route has its method and its form";
const CALLBACKS: &str = "codes go only to registered addresses";

pub(crate) fn attacks() -> Vec<Attack> {
    [callbacks(), links(), routes(), redirect_service()].into_iter().flatten().collect()
}

/// The pages of one host, for all attacks.
async fn site() -> &'static Site {
    static SITE: OnceCell<Site> = OnceCell::const_new();
    SITE.get_or_init(Site::start).await
}

/// A connection of their own for one attack, where each user has a grant.
async fn connect(rig: &Rig) -> ConnectionView {
    let id = format!("site-{}", rig.next()).parse().expect("an id");
    site().await.connect_with(|new| new.id(id).auth_mode(AuthMode::PerUser)).await
}

/// What a page says: the kind of a problem is its status.
fn told(seen: &Seen) -> Told {
    let status = seen.status.as_u16();
    if seen.text.contains("alert(") {
        return Told::error("script", seen.text.clone());
    }
    if status < 400 {
        Told::answer(format!("{status} {}", seen.text))
    } else {
        Told::error(format!("page {status}"), seen.text.clone())
    }
}

fn on_site<F>(
    (id, what): (&'static str, &'static str),
    wall: &'static str,
    error: (&'static str, &'static str),
    work: impl Fn(&'static Site, ConnectionView) -> F + Send + Sync + Copy + 'static,
) -> Attack
where
    F: Future<Output = Seen> + Send + 'static,
{
    attack(Class::Pages, (id, what), wall, error, move |rig: Rig| async move {
        let (site, connection) = (site().await, connect(&rig).await);
        told(&work(site, connection).await)
    })
}

/// A flow of ada's that the provider has answered, with her browser.
async fn consented(site: &Site, connection: &ConnectionView) -> (Browser, Url) {
    let mut ada = site.browser(Some("ada"));
    let link = site.link(connection, Some("ada")).await;
    let callback = site.consented(&mut ada, &link).await;
    (ada, callback)
}

fn callbacks() -> Vec<Attack> {
    let other = ("page 403", "This is for somebody else");
    let browser = ("page 403", "Begun in another browser");
    let unknown = ("page 400", "Nothing to continue");
    vec![
        on_site(
            ("pages-no-cookie", "A callback is opened in another browser"),
            BROWSER,
            browser,
            |site, connection| async move {
                let (_, callback) = consented(site, &connection).await;
                site.browser(Some("ada")).open(&callback).await
            },
        ),
        on_site(
            ("pages-other-flow", "A callback is opened with the cookie of another flow"),
            BROWSER,
            browser,
            |site, connection| async move {
                let (_, callback) = consented(site, &connection).await;
                let (mut other, _) = consented(site, &connection).await;
                other.open(&callback).await
            },
        ),
        on_site(
            ("pages-guess", "A callback is opened with a guessed cookie"),
            BROWSER,
            other,
            |site, connection| async move {
                let (mut ada, callback) = consented(site, &connection).await;
                ada.cookies.values_mut().for_each(|value| "guess".clone_into(value));
                ada.open(&callback).await
            },
        ),
        on_site(
            ("pages-other-user", "A callback and its cookie are in the hands of another user"),
            BROWSER,
            other,
            |site, connection| async move {
                let (ada, callback) = consented(site, &connection).await;
                let mut bob = site.browser(Some("bob"));
                bob.cookies.clone_from(&ada.cookies);
                bob.open(&callback).await
            },
        ),
        on_site(
            ("pages-other-space", "They are in the hands of a user of that name in another space"),
            BROWSER,
            other,
            |site, connection| async move {
                let (ada, callback) = consented(site, &connection).await;
                let mut other = site.browser(Some("elsewhere/ada"));
                other.cookies.clone_from(&ada.cookies);
                other.open(&callback).await
            },
        ),
        on_site(
            ("pages-nobody", "They are in the hands of somebody who is not signed in"),
            BROWSER,
            ("page 401", "Please sign in first"),
            |site, connection| async move {
                let (ada, callback) = consented(site, &connection).await;
                let mut nobody = site.browser(None);
                nobody.cookies.clone_from(&ada.cookies);
                nobody.open(&callback).await
            },
        ),
        on_site(
            ("pages-twice", "A callback is opened twice"),
            "a state is valid once",
            unknown,
            |site, connection| async move {
                let (mut ada, callback) = consented(site, &connection).await;
                ada.open(&callback).await;
                ada.open(&callback).await
            },
        ),
        on_site(("pages-state-twice", "A callback has two states"), METHODS, unknown, |site, connection| async move {
            let (mut ada, mut callback) = consented(site, &connection).await;
            callback.query_pairs_mut().append_pair("state", "another");
            ada.open(&callback).await
        }),
        on_site(("pages-no-state", "A callback has none"), METHODS, unknown, |site, connection| async move {
            let (mut ada, callback) = consented(site, &connection).await;
            ada.open(&with(&callback, "state", None)).await
        }),
        on_site(
            ("pages-issuer", "Another server answers than the one that was asked"),
            "the issuer is checked (RFC 9207)",
            ("page 502", "The answer came from the wrong place"),
            |site, connection| async move {
                let (mut ada, callback) = consented(site, &connection).await;
                let back = ada.open(&with(&callback, "iss", Some("https://evil.example"))).await;
                ada.open(&Url::parse(&back.location()).expect("an address")).await
            },
        ),
        on_site(("pages-script", "A callback's error is a script"), ESCAPED, unknown, |site, _| async move {
            let url = site.pages.join("callback?state=a&error=%3Cscript%3Ealert(1)%3C/script%3E").expect("an address");
            site.browser(Some("ada")).open(&url).await
        }),
        on_site(
            ("pages-description", "A provider's description of an error is a script"),
            ESCAPED,
            ("page 502", "The sign-in server refused"),
            |site, connection| async move {
                let (mut ada, callback) = consented(site, &connection).await;
                let callback = with(&with(&callback, "code", None), "error", Some("<script>alert(1)</script>"));
                let back = ada.open(&with(&callback, "error_description", Some("<img onerror=alert(1)>"))).await;
                ada.open(&Url::parse(&back.location()).expect("an address")).await
            },
        ),
        on_site(("pages-bytes", "A callback is no text"), METHODS, unknown, |site, _| async move {
            let url = site.pages.join("callback?%00%ff&&&=;;").expect("an address");
            site.browser(Some("ada")).open(&url).await
        }),
        on_site(
            ("pages-callback-post", "A form of another site posts a callback"),
            METHODS,
            ("page 405", "Wrong kind of request"),
            |site, connection| async move {
                let (mut ada, callback) = consented(site, &connection).await;
                let request = ada.request(Method::POST, &callback);
                ada.send(request).await
            },
        ),
    ]
}

fn links() -> Vec<Attack> {
    let somebody = ("page 403", "This is for somebody else");
    async fn link(site: &Site, connection: &ConnectionView) -> Link {
        site.link(connection, Some("ada")).await
    }
    vec![
        on_site(
            ("pages-link-user", "A link is opened by another user"),
            LINKS,
            somebody,
            |site, connection| async move {
                let link = link(site, &connection).await;
                site.browser(Some("bob")).open(&link.url).await
            },
        ),
        on_site(
            ("pages-link-space", "A link is opened by a user of that name in another space"),
            LINKS,
            somebody,
            |site, connection| async move {
                let link = link(site, &connection).await;
                site.browser(Some("elsewhere/ada")).open(&link.url).await
            },
        ),
        on_site(
            ("pages-link-twice", "A link is opened twice"),
            LINKS,
            ("page 410", "This link was already used"),
            |site, connection| async move {
                let link = link(site, &connection).await;
                let mut ada = site.browser(Some("ada"));
                ada.open(&link.url).await;
                ada.open(&link.url).await
            },
        ),
        on_site(
            ("pages-link-forged", "A link has the proof of another"),
            LINKS,
            ("page 400", "This link does not work"),
            |site, connection| async move {
                let (one, other) = (link(site, &connection).await, site.link(&connection, Some("bob")).await);
                let (payload, _) = other.url.path().rsplit_once('.').expect("two parts");
                let (_, proof) = one.url.path().rsplit_once('.').expect("two parts");
                let mut forged = one.url.clone();
                forged.set_path(&format!("{payload}.{proof}"));
                site.browser(Some("bob")).open(&forged).await
            },
        ),
        on_site(
            ("pages-link-changed", "A letter of a link is another"),
            LINKS,
            ("page 400", "This link does not work"),
            |site, connection| async move {
                let mut url = link(site, &connection).await.url;
                let path = url.path().replacen("start/", "start/A", 1);
                url.set_path(&path);
                site.browser(Some("ada")).open(&url).await
            },
        ),
        on_site(
            ("pages-link-long", "A link has 9,000 letters"),
            LINKS,
            ("page 400", "This link does not work"),
            |site, _| async move {
                let url = site.pages.join(&format!("start/{}", "a".repeat(9000))).expect("an address");
                site.browser(Some("ada")).open(&url).await
            },
        ),
        on_site(
            ("pages-link-ahead", "A browser, or a scanner of mails, looks at a link ahead of its user"),
            LINKS,
            ("page 503", "Not opened yet"),
            |site, connection| async move {
                let link = link(site, &connection).await;
                let mut ada = site.browser(Some("ada"));
                let ahead = ada.request(Method::GET, &link.url).header("sec-purpose", "prefetch;prerender");
                ada.send(ahead).await
            },
        ),
        on_site(
            ("pages-link-head", "A link is asked for with HEAD"),
            METHODS,
            ("page 405", ""),
            |site, connection| async move {
                let link = link(site, &connection).await;
                let mut ada = site.browser(Some("ada"));
                let head = ada.request(Method::HEAD, &link.url);
                ada.send(head).await
            },
        ),
        on_site(
            ("pages-return", "A link would send the user to a foreign site in the end"),
            "browsers are sent back only to allowed origins",
            ("page 400", "This link leads to a forbidden address"),
            |site, connection| async move {
                let return_url = Url::parse("https://evil.example/").ok();
                let mut new = NewLink::new(connection.space.clone(), connection.id.clone(), Some(id("ada")));
                new.return_url = return_url;
                let link = site.host.host.start_link(new).await.expect("the host does not know the origins");
                site.browser(Some("ada")).open(&link.url).await
            },
        ),
    ]
}

fn routes() -> Vec<Attack> {
    async fn posted(site: &Site, path: &str, kind: &str, more: (&'static str, &'static str), body: String) -> Seen {
        let mut ada = site.browser(Some("ada"));
        let url = site.pages.join(path).expect("a path joins");
        let request = ada.request(Method::POST, &url).header(header::CONTENT_TYPE, kind.to_owned());
        ada.send(request.header(more.0, more.1).body(body)).await
    }
    /// A request that promises so many bytes. Only the first of them are sent: who sends on may miss the answer.
    async fn promised(path: &str, bytes: usize) -> Told {
        let url = site().await.pages.join(path).expect("a path joins");
        let (host, port) = (url.host_str().expect("a host"), url.port().expect("a port"));
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {host}:{port}\r\nx-user: default/ada\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {bytes}\r\n\r\n",
            url.path()
        );
        let mut stream = TcpStream::connect((host, port)).await.expect("it listens");
        stream.write_all(format!("{head}{}", "[".repeat(20_000)).as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        // It may be cut off as soon as the answer is there.
        stream.read_to_end(&mut answer).await.unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap_or("none");
        Told::error(format!("page {status}"), answer.clone())
    }
    const PLAIN: (&str, &str) = ("x-nothing", "1");
    vec![
        on_site(
            ("pages-cross-site", "Another site has the browser begin"),
            SITES,
            ("page 403", "cross_site"),
            |site, connection| async move {
                let body = json!({ "connection": connection.id.to_string() }).to_string();
                posted(site, "begin", "application/json", ("sec-fetch-site", "cross-site"), body).await
            },
        ),
        on_site(
            ("pages-origin", "Another site has the browser disconnect"),
            SITES,
            ("page 403", "cross_site"),
            |site, connection| async move {
                let body = json!({ "connection": connection.id.to_string() }).to_string();
                posted(site, "disconnect", "application/json", ("origin", "https://evil.example"), body).await
            },
        ),
        on_site(
            ("pages-form", "A form disconnects"),
            SITES,
            ("page 400", "invalid_request"),
            |site, connection| async move {
                let body = format!("connection={}", connection.id);
                posted(site, "disconnect", "application/x-www-form-urlencoded", PLAIN, body).await
            },
        ),
        on_site(
            ("pages-text", "A form sends JSON as text"),
            SITES,
            ("page 400", "invalid_request"),
            |site, connection| async move {
                let body = json!({ "connection": connection.id.to_string() }).to_string();
                posted(site, "disconnect", "text/plain", PLAIN, body).await
            },
        ),
        on_site(
            ("pages-more", "A request has more than the route takes"),
            METHODS,
            ("page 400", "invalid_request"),
            |site, connection| async move {
                let body = json!({ "connection": connection.id.to_string(), "principal": "bob", "space": "elsewhere" });
                posted(site, "begin", "application/json", PLAIN, body.to_string()).await
            },
        ),
        attack(
            Class::Pages,
            ("pages-large", "A request has ten megabytes"),
            METHODS,
            ("page 400", "invalid_request"),
            |_| async move { promised("begin", 10 << 20).await },
        ),
        on_site(
            ("pages-deep", "A request is nested ten thousand deep"),
            METHODS,
            ("page 400", "invalid_request"),
            |site, _| async move { posted(site, "begin", "application/json", PLAIN, "[".repeat(10_000)).await },
        ),
        on_site(
            ("pages-elsewhere", "A user of another space begins for a connection"),
            "what is asked for is looked up in the user's space",
            ("page 404", "unknown_connection"),
            |site, connection| async move {
                site.browser(Some("elsewhere/ada"))
                    .post("begin", json!({ "connection": connection.id.to_string() }))
                    .await
            },
        ),
        on_site(
            ("pages-status", "A user of another space looks at a connection"),
            "what is asked for is looked up in the user's space",
            ("page 404", "unknown_connection"),
            |site, connection| async move {
                let url = site.pages.join(&format!("status/{}", connection.id)).expect("an address");
                site.browser(Some("elsewhere/ada")).open(&url).await
            },
        ),
        on_site(
            ("pages-title", "The title of a connection is a script"),
            ESCAPED,
            ("answer", "&#60;script&#62;"),
            |site, connection| async move {
                let title = "<script>alert(document.domain)</script>";
                let change = innkeeper::ConnectionChange::default().title(title);
                let space = SpaceId::default();
                innkeeper_tests::host::change(&site.host.host, &space, &connection.id, change)
                    .await
                    .expect("it is changed");
                let (mut ada, callback) = consented(site, &connection).await;
                let back = ada.open(&callback).await;
                let mut page = ada.open(&Url::parse(&back.location()).expect("an address")).await;
                // The words are there, and are no script.
                page.text = page.text.replace("&#60;script&#62;alert(", "&#60;script&#62;");
                page
            },
        ),
    ]
}

/// The auth redirect service, whose clients are strangers.
fn redirect_service() -> Vec<Attack> {
    let asked = |id, what, wall, error, ask: fn(reqwest::Client, String) -> reqwest::RequestBuilder| {
        attack(Class::Pages, (id, what), wall, error, move |rig: Rig| async move {
            let provider = rig.upstream().at([json_answer(&crate::reach::tokens())]);
            let (base, server) = rig.redirect_service(&provider.url("/"));
            let client = innkeeper_tests::oidc::plain_client().expect("a client");
            let answer = ask(client, base).send().await.expect("an answer");
            let status = answer.status().as_u16();
            let led_to = answer.headers().get(header::LOCATION).map_or(String::new(), |to| format!("to {to:?} "));
            let text = led_to + &answer.text().await.expect("a text");
            server.abort();
            if status < 300 { Told::answer(text) } else { Told::error(format!("page {status}"), text) }
        })
    };
    fn authorize(base: &str, callback: &str, more: &str) -> String {
        let callback: String = url::form_urlencoded::byte_serialize(callback.as_bytes()).collect();
        let challenge = "a".repeat(43);
        format!(
            "{base}/v1/acme/oauth/authorize?callback_uri={callback}&state=s&pkce_challenge={challenge}&pkce_method=S256{more}"
        )
    }
    let unknown = ("page 400", "Unknown destination");
    vec![
        asked("pages-ears-callback", "A stranger's callback gets the codes", CALLBACKS, unknown, |client, base| {
            client.get(authorize(&base, "https://evil.example/", ""))
        }),
        asked("pages-ears-suffix", "A callback begins like a registered one", CALLBACKS, unknown, |client, base| {
            client.get(authorize(&base, "https://app.example.com.evil.example/", ""))
        }),
        asked(
            "pages-ears-user",
            "A registered name stands where the user stands",
            CALLBACKS,
            unknown,
            |client, base| client.get(authorize(&base, "https://app.example.com@evil.example/", "")),
        ),
        asked("pages-ears-loopback", "A callback is on the user's own machine", CALLBACKS, unknown, |client, base| {
            client.get(authorize(&base, "http://127.0.0.1:4000/evil", ""))
        }),
        asked(
            "pages-ears-repeated",
            "A parameter comes twice",
            METHODS,
            ("page 400", "Not a valid request"),
            |client, base| {
                client.get(authorize(&base, "https://app.example.com/", "&callback_uri=https://evil.example/"))
            },
        ),
        asked(
            "pages-ears-plain",
            "A code is asked for with a challenge that is no secret",
            CALLBACKS,
            ("page 302", "to \"https://app.example.com/?error=invalid_request"),
            |client, base| client.get(authorize(&base, "https://app.example.com/", "").replace("=S256", "=plain")),
        ),
        asked(
            "pages-ears-provider",
            "A provider's name climbs",
            METHODS,
            ("page 404", "Unknown provider"),
            |client, base| client.get(format!("{base}/v1/..%2facme/oauth/authorize")),
        ),
        asked("pages-ears-code", "A code is made up", CALLBACKS, ("page 400", "invalid_grant"), |client, base| {
            let body = json!({ "code": "a-code", "pkce_verifier": "v".repeat(64) });
            client
                .post(format!("{base}/v1/acme/oauth/token"))
                .header("content-type", "application/json")
                .body(body.to_string())
        }),
        asked(
            "pages-ears-form",
            "A form of another site refreshes",
            METHODS,
            ("page 415", "the body must be JSON"),
            |client, base| {
                client
                    .post(format!("{base}/v1/acme/oauth/refresh"))
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("refresh_token=x")
            },
        ),
        asked(
            "pages-ears-large",
            "A token has a megabyte",
            METHODS,
            ("page 413", "the body is larger than any that contains a code or a token"),
            |client, base| {
                let body = json!({ "refresh_token": "x".repeat(1 << 20) });
                client
                    .post(format!("{base}/v1/acme/oauth/refresh"))
                    .header("content-type", "application/json")
                    .body(body.to_string())
            },
        ),
        asked(
            "pages-ears-lines",
            "A token holds a further header",
            METHODS,
            ("page 400", "invalid_request"),
            |client, base| {
                let body = json!({ "token": "x\r\nx-evil: 1" });
                client
                    .post(format!("{base}/v1/acme/oauth/revoke"))
                    .header("content-type", "application/json")
                    .body(body.to_string())
            },
        ),
        attack(
            Class::Pages,
            ("pages-slow", "A client sends a byte of its head and waits"),
            "time for the head and the body of a request",
            ("closed", "the connection was closed"),
            |rig| async move {
                let provider = rig.upstream().at([say(200, &[], "")]);
                let (base, server) = rig.redirect_service(&provider.url("/"));
                let address = base.trim_start_matches("http://").to_owned();
                let told = async {
                    let mut stream = TcpStream::connect(address).await.expect("it listens");
                    stream.write_all(b"G").await.expect("written");
                    let read = stream.read(&mut [0; 64]).await;
                    format!("{read:?}")
                };
                let told = tokio::time::timeout(std::time::Duration::from_secs(25), told).await;
                server.abort();
                match told {
                    Ok(_) => Told::error("closed", "the connection was closed"),
                    Err(_) => Told::error("open", "it is open after 25 s"),
                }
            },
        ),
    ]
}
