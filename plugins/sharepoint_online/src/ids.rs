//! Ids from the caller.

use innkeeper_guest::Error;

/// The ids that an action requires. If one is empty, the error names the action that finds it.
pub(crate) struct Ids(pub(crate) &'static str);

impl Ids {
    pub(crate) fn site<'a>(&self, id: &'a str) -> Result<&'a str, Error> {
        self.required("a siteId", id, "getAllSites")
    }

    pub(crate) fn page<'a>(&self, id: &'a str) -> Result<&'a str, Error> {
        self.required("a pageId", id, "getSitePages")
    }

    pub(crate) fn list<'a>(&self, id: &'a str) -> Result<&'a str, Error> {
        self.required("a listId", id, "getSiteLists")
    }

    pub(crate) fn drive<'a>(&self, id: &'a str) -> Result<&'a str, Error> {
        self.required("a driveId", id, "getSiteDrives")
    }

    pub(crate) fn item<'a>(&self, id: &'a str) -> Result<&'a str, Error> {
        self.required("an itemId", id, "getDriveItems")
    }

    fn required<'a>(&self, what: &str, id: &'a str, finder: &str) -> Result<&'a str, Error> {
        match id.trim() {
            "" => Err(Error::invalid_input(format!("{} requires {what}. Use {finder} to find it.", self.0))),
            id => Ok(id),
        }
    }
}
