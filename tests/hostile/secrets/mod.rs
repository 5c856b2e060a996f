//! Attacks on tokens, passwords and keys: what a guest can see of them, wherever a service puts them.

mod echoes;
mod forms;
mod grants;
mod placeholders;
mod places;
mod sandbox;

use serde_json::json;

use crate::attack::{Attack, Class, attack};
use crate::rig::{Rig, TOKEN};
use crate::told::Told;
use crate::upstream::{credential_of, echo};

const SCRUBBER: &str = "the scrubber: whatever an answer echoes, the guest reads `[redacted]`";
const OUT_OF_REACH: &str = "no import answers a credential";
const PLACEHOLDERS: &str = "placeholders are filled in on their way to an approved host, and nowhere else";
const OTHERS: &str = "the error is for who calls, and holds no secret";
/// As much of a secret tells nobody anything: the service may hand it out itself.
const PIECE: usize = 7;
/// What is told when nothing of the secret came through, whether it was replaced or the answer refused.
const KEPT: (&str, &str) = ("kept", "nothing of the secret was seen");

pub(crate) fn attacks() -> Vec<Attack> {
    [
        echoes::attacks(),
        forms::encodings(),
        forms::codings(),
        places::places(),
        places::observations(),
        placeholders::attacks(),
        sandbox::attacks(),
        grants::attacks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What the guest sees of an answer that holds the secret in a form. `forms` says how the form looks to who knows it.
fn in_form(
    id: &'static str,
    what: &'static str,
    headers: &'static [&'static str],
    form: fn(&str) -> Vec<u8>,
) -> Attack {
    attack(Class::Secrets, (id, what), SCRUBBER, KEPT, move |rig: Rig| async move {
        let place = rig.upstream().at([echo(headers, move |heard| {
            [b"{\"you sent\": \"", &form(&credential_of(heard))[..], b"\"}"].concat()
        })]);
        let steps = json!([{ "do": "send", "url": place.url("/"), "keep": true }, { "do": "drain", "max": 13 }]);
        kept(rig.run(steps).await, &[form(TOKEN)])
    })
}

/// Whether nothing of the secret was seen, in none of these forms.
fn kept(told: Told, forms: &[Vec<u8>]) -> Told {
    let seen = told.everything();
    for form in forms {
        // What is no text comes to the guest's output as replacement characters: then its halves would not be found either.
        let form = String::from_utf8_lossy(form).into_owned();
        let quoted = json!(form).to_string();
        let quoted = &quoted[1..quoted.len() - 1];
        let twice = json!(quoted).to_string();
        for part in [form.as_str(), quoted, &twice[1..twice.len() - 1]] {
            if seen.contains(part) {
                return Told::error("leaked", seen);
            }
        }
    }
    match told.kind.as_str() {
        "answer" if !seen.contains("[redacted]") => Told::error("not redacted", seen),
        "answer" | "HttpError::Connect" | "HttpError::TooLarge" | "HttpError::Denied" | "HttpError::InvalidRequest" => {
            Told { kind: KEPT.0.to_owned(), text: KEPT.1.to_owned(), besides: seen }
        }
        _ => told,
    }
}
