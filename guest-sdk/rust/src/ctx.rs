//! The context of an action.

use std::cell::RefCell;
use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::address::Address;
use crate::error::Error;
use crate::file::File;
use crate::log::Log;
use crate::request::RequestBuilder;
use crate::response::Response;
use crate::state::State;
use crate::transport::Link;

/// The context of an action: requests, the connection that it works for, files, the log. Nothing here is secret.
pub struct Ctx {
    host: Box<Link>,
    files: RefCell<Vec<File>>,
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The user that an action runs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Never changes.
    pub id: String,
    /// The name for people.
    pub name: Option<String>,
}

impl Ctx {
    pub(crate) fn new(host: Box<Link>, files: Vec<File>) -> Self {
        Self { host, files: RefCell::new(files) }
    }

    /// Builds a GET request.
    pub fn get(&self, address: impl Into<Address>) -> RequestBuilder<'_> {
        self.request("GET", address)
    }

    /// Builds a POST request.
    pub fn post(&self, address: impl Into<Address>) -> RequestBuilder<'_> {
        self.request("POST", address)
    }

    /// Builds a PUT request.
    pub fn put(&self, address: impl Into<Address>) -> RequestBuilder<'_> {
        self.request("PUT", address)
    }

    /// Builds a PATCH request.
    pub fn patch(&self, address: impl Into<Address>) -> RequestBuilder<'_> {
        self.request("PATCH", address)
    }

    /// Builds a DELETE request.
    pub fn delete(&self, address: impl Into<Address>) -> RequestBuilder<'_> {
        self.request("DELETE", address)
    }

    /// Builds a request with any method.
    pub fn request(&self, method: &str, address: impl Into<Address>) -> RequestBuilder<'_> {
        RequestBuilder::new(&*self.host, method, address.into())
    }

    /// Sends several requests concurrently, as many at a time as the host allows. The results are in the order of the
    /// requests; the failure of one does not stop the others.
    pub fn send_all(&self, requests: Vec<RequestBuilder<'_>>) -> Vec<Result<Response, Error>> {
        let mut good = Vec::with_capacity(requests.len());
        let mistakes: Vec<Option<Error>> = requests
            .into_iter()
            .map(|request| match request.into_request() {
                Ok(request) => {
                    good.push(request);
                    None
                }
                Err(mistake) => Some(mistake),
            })
            .collect();
        let mut answers = self.host.send_all(good).into_iter();
        mistakes
            .into_iter()
            .map(|mistake| match mistake {
                Some(mistake) => Err(mistake),
                None => match answers.next() {
                    Some(answer) => answer.map(Response::new).map_err(Error::from),
                    None => Err(Error::internal("the host returned fewer responses than there were requests")),
                },
            })
            .collect()
    }

    /// The connection's config. The host has checked it against the connector's schema.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.host.config())
            .map_err(|error| Error::internal(format!("the connection's config: {error}")))
    }

    /// The auth type that the connection uses: `bearer`, `oauth_authorization_code` ...
    pub fn auth_type(&self) -> String {
        self.host.auth_type()
    }

    /// A non-secret field of the token response, if the connector declares it with
    /// [`Connector::claim`](crate::Connector::claim) and the service sent it.
    pub fn claim(&self, name: &str) -> Option<String> {
        self.host.claim(name)
    }

    /// The tenant that the connection belongs to.
    pub fn space(&self) -> String {
        self.host.space()
    }

    /// The user that the action runs for; `None` in shared mode if the caller names no user.
    pub fn user(&self) -> Option<User> {
        self.host.user()
    }

    /// Writes log lines for the operator.
    pub fn log(&self) -> Log<'_> {
        Log(&*self.host)
    }

    /// The connection's state.
    pub fn state(&self) -> State<'_> {
        State(&*self.host)
    }

    /// Reports to the caller that `done` of `total` units of work are done.
    pub fn progress(&self, done: u64, total: impl Into<Option<u64>>, message: impl AsRef<str>) {
        self.host.progress(done, total.into(), message.as_ref());
    }

    /// Hands out one value of a streamed result, in an action that is declared with
    /// [`Action::streaming`](crate::Action::streaming).
    pub fn emit<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Error> {
        self.host.emit(&serde_json::to_string(value)?);
        Ok(())
    }

    /// Takes the files that were passed with the call and not taken yet.
    pub fn files(&self) -> Vec<File> {
        self.files.take()
    }

    /// Takes the file of this name that was passed with the call.
    pub fn file(&self, name: &str) -> Result<File, Error> {
        let mut files = self.files.borrow_mut();
        match files.iter().position(|file| file.name() == name) {
            Some(index) => Ok(files.remove(index)),
            None => Err(Error::invalid_input(format!("the call has no file `{name}`"))),
        }
    }
}
