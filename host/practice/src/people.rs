//! The made-up users.

use serde::Serialize;

/// A made-up user of the practice provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name to sign in with, and the `sub` of introspection.
    pub id: &'static str,
    /// The name to show.
    pub name: &'static str,
    /// An address in a domain that is reserved for examples.
    pub email: &'static str,
    /// What to know before choosing this person.
    pub about: &'static str,
}

/// The users who can sign in.
pub const PEOPLE: &[Person] = &[
    Person {
        id: "ada",
        name: "Ada Byron",
        email: "ada@practice.example",
        about: "A busy Drive: folders, sheets, slides, trash",
    },
    Person {
        id: "grace",
        name: "Grace Murray",
        email: "grace@practice.example",
        about: "A small Drive, and a folder Ada shared",
    },
];

/// The person that tokens of client credentials act as: no one signs in as this one.
pub(crate) const SERVICE_PERSON: Person = Person {
    id: "service",
    name: "Practice Service Account",
    email: "service@practice.example",
    about: "A service account with a few reports",
};

impl Person {
    /// One or two letters for a picture.
    pub(crate) fn initials(&self) -> String {
        self.name.split(' ').filter_map(|word| word.chars().next()).take(2).collect()
    }
}

/// The person with this id, if it is one who can sign in.
pub(crate) fn person(id: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.id == id)
}
