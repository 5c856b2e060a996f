//! Connectors and their components.

use std::sync::Arc;

use crate::conformance::records::{connector, connector_id};
use crate::records::ComponentDigest;
use crate::repositories::Store;

/// The old component goes, the new one comes, in one step.
pub async fn a_connector_is_replaced_with_its_component(store: Arc<dyn Store>) {
    store.put_connector(connector("acme", "sha256:1"), vec![1]).await.expect("added");
    store.put_connector(connector("acme", "sha256:2"), vec![2]).await.expect("replaced");
    let found = store.connector(&connector_id("acme")).await.expect("read").expect("there");
    assert_eq!(found.digest, digest("sha256:2"));
    assert_eq!(store.connectors().await.expect("listed").len(), 1);
    assert_eq!(store.component(&digest("sha256:2")).await.expect("read"), Some(vec![2]));
    assert_eq!(store.component(&digest("sha256:1")).await.expect("read"), None);

    assert!(store.delete_connector(&connector_id("acme")).await.expect("deleted"));
    assert!(!store.delete_connector(&connector_id("acme")).await.expect("deleted"));
    assert!(store.connector(&connector_id("acme")).await.expect("read").is_none());
    assert_eq!(store.component(&digest("sha256:2")).await.expect("read"), None);
}

/// Components are kept by what they are, not by whose.
pub async fn a_component_that_two_connectors_share_stays_while_one_has_it(store: Arc<dyn Store>) {
    store.put_connector(connector("one", "sha256:1"), vec![1]).await.expect("added");
    store.put_connector(connector("two", "sha256:1"), vec![1]).await.expect("added");
    store.delete_connector(&connector_id("one")).await.expect("deleted");
    assert_eq!(store.component(&digest("sha256:1")).await.expect("read"), Some(vec![1]));
    // The same component once more is no reason to drop it.
    store.put_connector(connector("two", "sha256:1"), vec![1]).await.expect("replaced");
    assert_eq!(store.component(&digest("sha256:1")).await.expect("read"), Some(vec![1]));
}

fn digest(text: &str) -> ComponentDigest {
    ComponentDigest(text.to_owned())
}
