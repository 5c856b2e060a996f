//! Callbacks that somebody changed.

use super::STATE;
use crate::attack::{Attack, Class, attack};
use crate::reach::tokens;
use crate::rig::Rig;
use crate::told::Told;
use crate::upstream::json as json_answer;

/// A callback that somebody changed.
pub(super) fn attacks() -> Vec<Attack> {
    let brought = |id, what, wall, error, change: fn(&str) -> String| {
        attack(Class::AuthFlows, (id, what), wall, error, move |rig: Rig| async move {
            let place = rig.upstream().at([json_answer(&tokens())]);
            match rig.consented(&place.url("/")).await {
                Ok((connection, callback, session)) => {
                    let told = rig.complete(&connection, &change(&callback), &session).await;
                    assert!(place.received().is_empty(), "no code was shown to anybody");
                    told
                }
                Err(error) => Told::host(&error),
            }
        })
    };
    let refused = |text| ("Refused", text);
    vec![
        brought("flows-state-guess", "A state is guessed", STATE, refused("is unknown or was already used"), |_| {
            format!("code=c&state={}", "A".repeat(43))
        }),
        brought("flows-state-short", "A state is cut", STATE, refused("is unknown or was already used"), |callback| {
            callback[..callback.len() - 1].to_owned()
        }),
        brought(
            "flows-state-case",
            "A state is in another case",
            STATE,
            refused("is unknown or was already used"),
            str::to_lowercase,
        ),
        brought("flows-state-empty", "A state is empty", STATE, ("FlowFailure", "state"), |_| {
            "code=c&state=".to_owned()
        }),
        brought("flows-code-twice", "A callback has two codes", STATE, ("FlowFailure", "twice"), |callback| {
            format!("{callback}&code=another")
        }),
        brought(
            "flows-no-code",
            "A callback has neither a code nor an error",
            STATE,
            refused("the authorization server sent no code"),
            |callback| callback.replace("code=a-code&", ""),
        ),
        brought("flows-denied", "A callback says that the user said no", STATE, refused("denied"), |callback| {
            format!("error=access_denied&{}", callback.replace("code=a-code&", ""))
        }),
        attack(
            Class::AuthFlows,
            ("flows-session", "A callback is brought with another session"),
            STATE,
            refused("another"),
            |rig| async move {
                let place = rig.upstream().at([json_answer(&tokens())]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, callback, _)) => {
                        let other = rig.begin(&connection).await.expect("it begins");
                        rig.complete(&connection, &callback, &other.session).await
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-replay", "A callback is brought twice"),
            STATE,
            refused("is unknown or was already used"),
            |rig| async move {
                let place = rig.upstream().at([json_answer(&tokens())]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, callback, session)) => {
                        rig.complete(&connection, &callback, &session).await;
                        rig.complete(&connection, &callback, &session).await
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-many", "A user begins 500 authorizations"),
            "authorizations of a user are counted",
            ("AuthError::TooManyAuthorizations", "try again in"),
            |rig| async move {
                let place = rig.upstream().at([json_answer(&tokens())]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, ..)) => {
                        for _ in 0..500 {
                            if let Err(error) = rig.begin(&connection).await {
                                return Told::host(&error);
                            }
                        }
                        Told::answer("all 500 began")
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
    ]
}
