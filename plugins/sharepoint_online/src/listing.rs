//! Listings, which are returned page by page.

use innkeeper_guest::Address;
use innkeeper_guest::prelude::*;

use crate::address::continued;
use crate::{ANSWER_LIMIT, checked};

/// One page of a listing, as Graph returns it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Collection(#[schemars(with = "CollectionShape")] Value);

#[derive(JsonSchema)]
#[expect(dead_code, reason = "says what a listing looks like, and is never made")]
struct CollectionShape {
    /// The items.
    value: Vec<Value>,
    /// Present if there are more items: pass it as `nextLink` to get the next page.
    #[serde(rename = "@odata.nextLink", skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

pub(crate) fn list(
    ctx: &Ctx,
    address: &Address,
    query: &[(&str, &str)],
    next: Option<String>,
) -> Result<Collection, Error> {
    let request = match next {
        None => query.iter().fold(ctx.get(address), |request, (name, value)| request.query(*name, value)),
        Some(next) => ctx.get(continued(address, &next)?),
    };
    checked(request.send()?)?.limit(ANSWER_LIMIT).json()
}
