//! The scopes that can be requested, and what each permits.

/// Read everything: metadata and content.
pub(crate) const READ: &str = "https://www.googleapis.com/auth/drive.readonly";
/// Read only metadata.
pub(crate) const READ_METADATA: &str = "https://www.googleapis.com/auth/drive.metadata.readonly";
/// Read and write; this API only reads.
pub(crate) const FULL: &str = "https://www.googleapis.com/auth/drive";

/// Each scope with its text on the consent page.
const KNOWN: &[(&str, &str)] = &[
    (READ, "See and download all your files"),
    (READ_METADATA, "See names, dates and owners of your files, not what is in them"),
    (FULL, "See, change and delete all your files"),
    ("openid", "Know who you are"),
    ("email", "See your e-mail address"),
    ("profile", "See your name"),
    ("offline_access", "Keep this access while you are offline"),
];

/// Scopes in the requested order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scopes(Vec<String>);

impl Scopes {
    /// Reads a `scope` parameter (RFC 6749, section 3.3); if absent, it means reading everything. `further` are the
    /// scopes that the settings add. `None` if a scope is unknown.
    pub(crate) fn parse(text: Option<&str>, further: &[String]) -> Option<Self> {
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.unwrap_or(READ).split(' ').filter(|scope| !scope.is_empty()) {
            if !KNOWN.iter().any(|(known, _)| *known == scope) && !further.iter().any(|known| known == scope) {
                return None;
            }
            if !scopes.iter().any(|seen| seen == scope) {
                scopes.push(scope.to_owned());
            }
        }
        (!scopes.is_empty()).then_some(Self(scopes))
    }

    /// Whether all of these are among `wider`.
    pub(crate) fn within(&self, wider: &Self) -> bool {
        self.0.iter().all(|scope| wider.0.contains(scope))
    }

    /// Whether one of `any` is present.
    pub(crate) fn hold_one_of(&self, any: &[&str]) -> bool {
        self.0.iter().any(|scope| any.contains(&scope.as_str()))
    }

    /// Its text in an answer.
    pub(crate) fn join(&self) -> String {
        self.0.join(" ")
    }

    /// Each scope with its meaning.
    pub(crate) fn explained(&self) -> Vec<(&str, &'static str)> {
        let meaning = |scope: &str| KNOWN.iter().find(|(known, _)| *known == scope).map(|(_, meaning)| *meaning);
        self.0
            .iter()
            .map(|scope| (scope.as_str(), meaning(scope).unwrap_or("A scope added in this provider's settings")))
            .collect()
    }
}

/// Every scope the provider knows.
pub(crate) fn all(further: &[String]) -> Vec<String> {
    KNOWN.iter().map(|(scope, _)| (*scope).to_owned()).chain(further.iter().cloned()).collect()
}
