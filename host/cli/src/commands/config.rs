//! `innkeeper config show`

use clap::Subcommand;
use serde_json::{Map, json};

use super::Context;
use crate::failure::Outcome;
use crate::output::Listing;

/// What can be done with the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show every setting, its value and the source of the value
    Show,
}

impl Command {
    pub(super) fn run(self, context: &Context) -> Outcome {
        let Self::Show = self;
        let shown = &context.settings.shown;
        if context.output.is_json() {
            let settings: Map<_, _> = shown
                .iter()
                .map(|setting| (setting.name.clone(), json!({ "value": setting.value, "source": setting.source })))
                .collect();
            return context.output.json(&json!({ "files": context.settings.files, "settings": settings }));
        }
        let mut listing = Listing::new(["SETTING", "VALUE", "FROM"]);
        for setting in shown {
            listing.row([setting.name.clone(), setting.value.clone(), setting.source.clone()]);
        }
        context.output.table(&listing, "no setting")
    }
}
