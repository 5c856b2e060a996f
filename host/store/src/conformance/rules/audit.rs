//! The audit trail.

use innkeeper_ambient::Timestamp;

use crate::conformance::records::{audit, id, space};
use crate::conformance::{Fresh, list};
use crate::ids::PrincipalId;
use crate::page::Page;
use crate::records::AuditRecord;
use crate::repositories::{AuditFilter, Store};

list![
    audit_records_are_listed_newest_first,
    audit_records_stay_in_their_space_and_connection,
    audit_records_are_filtered_by_time_principal_kind_and_outcome,
    audit_records_are_listed_page_by_page,
];

/// Ordered by when they began, not by when they were written; two with the same time are both kept.
async fn audit_records_are_listed_newest_first(Fresh { store, .. }: Fresh) {
    store.write_audit(&[20, 10].map(|at| audit("s", "a", at))).expect("written");
    store.write_audit(&[300, 20].map(|at| audit("s", "a", at))).expect("written");
    store.write_audit(&[]).expect("nothing to write");
    assert_eq!(times(&*store, &of("s", None), 9).await, [300, 20, 20, 10]);
    assert_eq!(times(&*store, &of("s", Some("a")), 2).await, [300, 20]);
    assert_eq!(times(&*store, &of("s", None), 0).await, [300], "a page holds at least one item");
    let listed = store.audit(&of("s", None), &Page::first(1)).await.expect("listed");
    assert_eq!(listed.items, [audit("s", "a", 300)]);
}

/// A space whose name begins with the same text is a different space.
async fn audit_records_stay_in_their_space_and_connection(Fresh { store, .. }: Fresh) {
    for (at, (space, connection)) in (1..).zip([("s", "a"), ("s", "ab"), ("s2", "a"), ("s", "a")]) {
        store.write_audit(&[audit(space, connection, at)]).expect("written");
    }
    assert_eq!(times(&*store, &of("s", None), 9).await, [4, 2, 1]);
    assert_eq!(times(&*store, &of("s", Some("a")), 9).await, [4, 1]);
    assert_eq!(times(&*store, &of("s2", None), 9).await, [3]);
    assert!(times(&*store, &of("s2", Some("ab")), 9).await.is_empty());
}

/// Each filter separately, and all together.
async fn audit_records_are_filtered_by_time_principal_kind_and_outcome(Fresh { store, .. }: Fresh) {
    let ann = PrincipalId::parse("ann").expect("an id");
    let records = [
        audit("s", "a", 10),
        AuditRecord { principal: Some(ann.clone()), ..audit("s", "a", 20) },
        AuditRecord { principal: Some(ann.clone()), event: "check".into(), ..audit("s", "b", 30) },
        AuditRecord { outcome: "denied".into(), ..audit("s", "b", 40) },
    ];
    store.write_audit(&records).expect("written");
    let filtered = async |connection: Option<&str>, choose: &(dyn Fn(&mut AuditFilter) + Sync)| {
        let mut filter = of("s", connection);
        choose(&mut filter);
        times(&*store, &filter, 9).await
    };
    let during = |from, until| Timestamp::from_millis(from)..Timestamp::from_millis(until);
    assert_eq!(filtered(None, &|filter| filter.during = during(20, 40)).await, [30, 20]);
    assert_eq!(filtered(Some("b"), &|filter| filter.during = during(0, 40)).await, [30]);
    assert!(filtered(None, &|filter| filter.during = during(40, 20)).await.is_empty());
    assert_eq!(filtered(None, &|filter| filter.principal = Some(ann.clone())).await, [30, 20]);
    assert_eq!(filtered(None, &|filter| filter.event = Some("check".into())).await, [30]);
    assert_eq!(filtered(Some("b"), &|filter| filter.outcome = Some("ok".into())).await, [30]);
    let both = |filter: &mut AuditFilter| {
        filter.principal = Some(ann.clone());
        filter.event = Some("call".into());
    };
    assert_eq!(filtered(None, &both).await, [20]);
}

/// Each record once, even if several began at the same time, with and without a filter.
async fn audit_records_are_listed_page_by_page(Fresh { store, .. }: Fresh) {
    let mut records = [50, 40, 40, 40, 30, 20].map(|at| audit("s", "a", at));
    records[2].outcome = "denied".into();
    store.write_audit(&records).expect("written");
    for (outcome, wanted) in [(None, vec![50, 40, 40, 40, 30, 20]), (Some("ok"), vec![50, 40, 40, 30, 20])] {
        for connection in [None, Some("a")] {
            let filter = AuditFilter { outcome: outcome.map(Into::into), ..of("s", connection) };
            let (mut listed, mut page) = (Vec::new(), Page::first(2));
            loop {
                let found = store.audit(&filter, &page).await.expect("listed");
                listed.extend(found.items.iter().map(|record| record.at.as_millis()));
                let Some(next) = found.next else { break };
                page = Page::after(next, 2);
            }
            assert_eq!(listed, wanted);
        }
    }
}

fn of(space_id: &str, connection: Option<&str>) -> AuditFilter {
    AuditFilter { connection: connection.map(id), ..AuditFilter::new(space(space_id)) }
}

async fn times(store: &dyn Store, filter: &AuditFilter, limit: usize) -> Vec<u64> {
    let listed = store.audit(filter, &Page::first(limit)).await.expect("listed");
    listed.items.iter().map(|record| record.at.as_millis()).collect()
}
