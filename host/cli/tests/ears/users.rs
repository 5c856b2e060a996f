//! Many users on two hosts: each has their own grant, and never another's.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crate::hosts::Host;
use crate::service::Place;
use crate::upstreams::{Upstreams, wait};

/// On both hosts together.
const USERS: usize = 50;

#[test]
fn fifty_users_of_two_hosts_each_keep_to_their_own_whatever_becomes_of_the_service_and_of_others() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let hosts = [Host::connected(service.base(), &upstreams), Host::connected(service.base(), &upstreams)];
    let users: Vec<String> = (0..USERS).map(|number| format!("user-{number:02}")).collect();
    let shares: Vec<&[String]> = users.chunks(USERS / hosts.len()).collect();

    each(&hosts, &shares, |host, user| upstreams.authorize(host, &service, user));
    each(&hosts, &shares, |host, user| assert_eq!(host.owner(user), user));
    // A user of one host is unknown on the other.
    hosts[1].call(&users[0]).failed(4, &["needs authorization", &users[0]]);

    // One user leaves. Then the service is another process, and every token has to be renewed there.
    let leaver = &users[7];
    hosts[0].run(&["disconnect", "drive", "--principal", leaver]).succeeded();
    let listening = service.listening().to_owned();
    assert!(service.stop().success());
    let service = place.start_with(&["--listen", &listening], "trace");
    assert_eq!(service.listening(), listening);
    wait(upstreams.oidc.expire_access_tokens()).expect("they are forgotten");
    each(&hosts, &shares, |host, user| {
        if user == leaver {
            host.call(user).failed(4, &["needs authorization", user]);
        } else {
            assert_eq!(host.owner(user), user);
        }
    });

    let mut tokens = BTreeMap::<_, BTreeSet<_>>::new();
    for served in upstreams.drive.served() {
        tokens.entry(served.owner).or_default().insert(served.token);
    }
    assert_eq!(tokens.keys().collect::<Vec<_>>(), users.iter().collect::<Vec<_>>());
    for (owner, tokens) in &tokens {
        let expected = if owner == leaver { 1 } else { 2 };
        assert_eq!(tokens.len(), expected, "{owner} has a first token and, unless gone, a renewed one");
    }
    let different: BTreeSet<_> = tokens.values().flatten().collect();
    assert_eq!(different.len(), 2 * USERS - 1, "nobody shows another's token");
    let counts = wait(upstreams.oidc.counts()).expect("it counts");
    assert_eq!(counts.of("authorization_code", "success"), 50, "{counts:?}");
    assert_eq!((counts.of("refresh_token", "success"), counts.all("refresh_token")), (49, 49), "{counts:?}");

    let secrets = upstreams.secrets();
    for host in &hosts {
        host.assert_holds_none(&secrets);
    }
    secrets.assert_not_on_disk(place.path());
}

/// Does something for each user on the user's host; the hosts work at the same time.
fn each(hosts: &[Host], shares: &[&[String]], what: impl Fn(&Host, &str) + Sync) {
    thread::scope(|scope| {
        for (host, share) in hosts.iter().zip(shares) {
            scope.spawn(|| share.iter().for_each(|user| what(host, user)));
        }
    });
}
