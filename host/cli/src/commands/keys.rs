//! `innkeeper keys list` and `innkeeper keys rotate`

use clap::Subcommand;
use innkeeper::{Keyring, KeyringSource, Rotation, SystemRandom};
use serde_json::json;

use super::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::Listing;
use crate::progress::Progress;

/// What can be done with keys.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// List the ids of the keyring's keys
    List,
    /// Create a new key, seal every secret under it, and remove the older keys
    Rotate,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List => list(context),
            Self::Rotate => rotate(context).await,
        }
    }
}

fn list(context: &Context) -> Outcome {
    let settings = &context.settings;
    let source = settings.keyring.clone().unwrap_or_else(|| KeyringSource::File(settings.folder.join("keyring")));
    let keyring = Keyring::load(&source).map_err(innkeeper::Error::from)?;
    let keys: Vec<(String, &str)> = keyring
        .ids()
        .enumerate()
        .map(|(index, id)| (id.to_owned(), if index == 0 { "seals and opens" } else { "opens" }))
        .collect();
    if context.output.is_json() {
        let keys: Vec<_> = keys.iter().map(|(id, use_of)| json!({ "id": id, "seals": *use_of != "opens" })).collect();
        return context.output.json(&json!({ "source": source.to_string(), "keys": keys }));
    }
    let mut listing = Listing::new(["KEY", "WHAT IT DOES"]);
    for (id, use_of) in keys {
        listing.row([id, use_of.to_owned()]);
    }
    context.output.table(&listing, "no key")?;
    context.output.note(format!("from the {source}"));
    Ok(())
}

/// A new key is first added to the keyring's file; once every secret is sealed under a data key that it wraps, the
/// older keys are removed. If this is interrupted at any point, everything can still be opened.
async fn rotate(context: &Context) -> Outcome {
    let file = context.settings.keyring_file();
    context
        .with_host(async |host| {
            if let Some(file) = &file {
                let keyring = Keyring::rotate_file(file, &SystemRandom).map_err(innkeeper::Error::from)?;
                host.replace_keyring(keyring).await?;
            }
            let rotating = host.rotate_keys();
            let rotation = Progress::during("sealing again", !context.output.is_json(), rotating).await?;
            let retired = match &file {
                Some(file) if rotation.unopened.is_empty() => {
                    Keyring::retire_file(file, &SystemRandom).map_err(innkeeper::Error::from)?;
                    true
                }
                _ => false,
            };
            show(&rotation, retired, file.is_some(), context)
        })
        .await
}

fn show(rotation: &Rotation, retired: bool, in_file: bool, context: &Context) -> Outcome {
    if context.output.is_json() {
        context.output.json(&json!({
            "resealed": rotation.resealed,
            "rewrapped": rotation.rewrapped,
            "unopened": rotation.unopened,
            "older_keys_dropped": retired,
        }))?;
    } else {
        context.output.line(format!("sealed {} secret(s) again under a new key", rotation.resealed))?;
        if retired {
            context.output.line(
                "removed the older keys: an earlier copy of the store opens only with its own copy of the keyring",
            )?;
        } else if !in_file {
            context.output.note(
                "The keyring is not in a file, so only the data key is new. To replace the keys of the keyring too, \
                 put a new key in front of the others, rotate again, then remove the older ones.",
            );
        }
    }
    if rotation.unopened.is_empty() {
        return Ok(());
    }
    let which = rotation.unopened.join("; ");
    let message =
        format!("{} record(s) cannot be opened and stay sealed under older keys: {which}", rotation.unopened.len());
    Err(Failure::new(Exit::Storage, "unopened", message).hint(
        "the older keys are still in the keyring; restore these records from a copy or delete them, then rotate again",
    ))
}
