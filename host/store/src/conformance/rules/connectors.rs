//! Connectors and their components.

use crate::conformance::records::{connector, connector_id};
use crate::conformance::{Fresh, list};
use crate::page::Page;
use crate::records::ComponentDigest;

list![
    a_connector_is_replaced_with_its_component,
    the_digest_of_a_connector_follows_its_component,
    connectors_are_listed_page_by_page,
    a_component_that_two_connectors_share_stays_while_one_has_it,
];

/// The new component replaces the old one in one step, if it is the one that the writer saw.
async fn a_connector_is_replaced_with_its_component(Fresh { store, .. }: Fresh) {
    let put = async |text: &str, byte, before: Option<&str>| {
        let before = before.map(digest);
        store.put_connector(connector("acme", text), vec![byte], before.as_ref()).await.expect("answered")
    };
    assert!(!put("sha256:1", 1, Some("sha256:0")).await, "there is none to replace");
    assert!(put("sha256:1", 1, None).await);
    assert!(!put("sha256:3", 3, None).await, "there is one");
    assert!(!put("sha256:3", 3, Some("sha256:0")).await, "it is another");
    assert_eq!(store.component(&digest("sha256:3")).await.expect("read"), None);
    assert!(put("sha256:2", 2, Some("sha256:1")).await);
    let found = store.connector(&connector_id("acme")).await.expect("read").expect("there");
    assert_eq!(found.digest, digest("sha256:2"));
    assert_eq!(found, connector("acme", "sha256:2"));
    assert_eq!(store.connectors(&Page::first(9)).await.expect("listed").items, [found]);
    assert_eq!(store.component(&digest("sha256:2")).await.expect("read"), Some(vec![2]));
    assert_eq!(store.component(&digest("sha256:1")).await.expect("read"), None);

    assert!(store.delete_connector(&connector_id("acme")).await.expect("deleted"));
    assert!(!store.delete_connector(&connector_id("acme")).await.expect("deleted"));
    assert!(store.connector(&connector_id("acme")).await.expect("read").is_none());
    assert_eq!(store.component(&digest("sha256:2")).await.expect("read"), None);
}

/// For a host that has the older one in memory.
async fn the_digest_of_a_connector_follows_its_component(Fresh { store, .. }: Fresh) {
    let now = async || store.connector_digest(&connector_id("acme")).await.expect("read");
    assert_eq!(now().await, None);
    for text in ["sha256:1", "sha256:2"] {
        let before = store.revision();
        let replaced = now().await;
        assert!(store.put_connector(connector("acme", text), vec![1], replaced.as_ref()).await.expect("put"));
        assert_eq!(now().await, Some(digest(text)));
        assert!(before.is_none() || store.revision() != before, "a store that has a revision changes it");
    }
    store.delete_connector(&connector_id("acme")).await.expect("deleted");
    assert_eq!(now().await, None);
}

/// Ordered by id, whatever the page size.
async fn connectors_are_listed_page_by_page(Fresh { store, .. }: Fresh) {
    for id in ["c", "a", "b"] {
        assert!(store.put_connector(connector(id, "sha256:1"), vec![1], None).await.expect("added"));
    }
    let first = store.connectors(&Page::first(2)).await.expect("listed");
    let second = Page::after(first.next.expect("there is more"), 2);
    let last = store.connectors(&second).await.expect("listed");
    assert_eq!(last.next, None);
    let ids: Vec<_> = first.items.iter().chain(&last.items).map(|record| record.id.to_string()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(store.all_connectors().await.expect("listed").len(), 3);
}

/// Components are stored by their content, not by their connector.
async fn a_component_that_two_connectors_share_stays_while_one_has_it(Fresh { store, .. }: Fresh) {
    for id in ["one", "two"] {
        assert!(store.put_connector(connector(id, "sha256:1"), vec![1], None).await.expect("added"));
    }
    store.delete_connector(&connector_id("one")).await.expect("deleted");
    assert_eq!(store.component(&digest("sha256:1")).await.expect("read"), Some(vec![1]));
    // Adding the same component again must not remove it.
    let same = digest("sha256:1");
    assert!(store.put_connector(connector("two", "sha256:1"), vec![1], Some(&same)).await.expect("replaced"));
    assert_eq!(store.component(&digest("sha256:1")).await.expect("read"), Some(vec![1]));
}

fn digest(text: &str) -> ComponentDigest {
    ComponentDigest(text.to_owned())
}
