use super::*;

#[test]
fn channels_are_listed_with_what_matters_of_them() {
    let expected =
        asked("conversations.list", &[("types", "public_channel"), ("exclude_archived", "true"), ("limit", "1000")]);
    let general =
        json!({ "id": "C0GENERAL", "name": "general", "is_private": false, "is_archived": false, "is_member": true });
    let rust =
        json!({ "id": "C0RUST", "name": "team-rust", "is_private": false, "is_archived": false, "is_member": false });
    let value = answered("listChannels", &json!({}), &expected);
    let whole = json!({ "ok": true, "source": "conversations.list", "channels": [general, rust], "hasMore": false });
    assert_eq!(value, whole);
}

#[test]
fn a_listing_of_channels_goes_on_where_the_answer_before_ended() {
    let mut input =
        json!({ "limit": 2, "excludeArchived": false, "types": ["public_channel", "private_channel", "im"] });
    let query = [("types", "public_channel,private_channel,im"), ("exclude_archived", "false"), ("limit", "2")];
    let first = answered("listChannels", &input, &asked("conversations.list", &query));
    assert_eq!((&first["hasMore"], &first["nextCursor"]), (&json!(true), &json!("from:2=")));
    assert_eq!(first["channels"][1]["is_archived"], true);
    input["cursor"] = first["nextCursor"].clone();
    input["limit"] = json!(10);
    let query = [
        ("types", "public_channel,private_channel,im"),
        ("exclude_archived", "false"),
        ("limit", "10"),
        ("cursor", "from:2="),
    ];
    let last = answered("listChannels", &input, &asked("conversations.list", &query));
    assert_eq!((&last["hasMore"], last.get("nextCursor")), (&json!(false), None));
    let direct = json!({ "id": "D0BEN", "user": BEN, "is_archived": false, "is_member": true });
    assert_eq!(last["channels"][2], direct, "a direct message has a user and no name");
}

#[test]
fn raw_answers_slacks_own_body() {
    let query = [("types", "private_channel"), ("exclude_archived", "true"), ("limit", "1000")];
    let input = json!({ "types": ["private_channel"], "raw": true, "cursor": "" });
    let value = answered("listChannels", &input, &asked("conversations.list", &query));
    let board = service::channel("G0BOARD", "board", true, false, true);
    assert_eq!(value, json!({ "ok": true, "channels": [board], "response_metadata": { "next_cursor": "" } }));
}

#[test]
fn listings_of_channels_are_checked_before_they_are_sent() {
    for (field, value) in [
        ("limit", json!(0)),
        ("limit", json!(1001)),
        ("limit", json!("10")),
        ("types", json!([])),
        ("types", json!(["channel"])),
        ("types", json!("im")),
        ("excludeArchived", json!("no")),
        ("exclude_archived", json!(true)),
    ] {
        for action in ["listChannels", "listUserConversations", "resolveChannelId"] {
            let input = json!({ field: value, "name": "x" });
            let input = if action == "resolveChannelId" { input } else { json!({ field: value }) };
            assert!(refused(action, &input).contains(field), "{action} {input}");
        }
    }
    assert!(refused("listUserConversations", &json!({ "limit": 1000 })).contains("/limit"), "Slack takes 999 here");
}

#[test]
fn conversations_of_the_connected_user_need_no_id() {
    let query = [("types", "public_channel"), ("exclude_archived", "true"), ("limit", "200")];
    let value = answered("listUserConversations", &json!({}), &asked("users.conversations", &query));
    let general = json!({ "id": "C0GENERAL", "name": "general", "is_private": false, "is_archived": false });
    let whole = json!({ "ok": true, "source": "users.conversations", "channels": [general], "hasMore": false });
    assert_eq!(value, whole);
}

#[test]
fn conversations_of_another_user_are_asked_for_by_id() {
    let query =
        [("user", BEN), ("types", "im,mpim"), ("exclude_archived", "false"), ("limit", "999"), ("team_id", "T0ACME")];
    let mut input = json!({
        "user": BEN, "types": ["im", "mpim"], "excludeArchived": false, "limit": 999, "teamId": "T0ACME",
    });
    let value = answered("listUserConversations", &input, &asked("users.conversations", &query));
    assert_eq!(value["channels"][0]["id"], "D0BEN");
    input["user"] = json!("U0NOBODY");
    let query = [&[("user", "U0NOBODY")], &query[1..]].concat();
    let error = call("listUserConversations", &input, &asked("users.conversations", &query));
    assert_eq!(error, Err(Error::not_found("Slack listUserConversations error: user_not_found")));
}

#[test]
fn a_channel_is_made_public_unless_told_otherwise() {
    let expected = posted("conversations.create", &json!({ "name": "plans", "is_private": false }));
    let value = answered("createConversation", &json!({ "name": "plans" }), &expected);
    let channel =
        json!({ "id": "C0NEW", "name": "plans", "is_private": false, "is_archived": false, "is_member": true });
    assert_eq!(value, json!({ "ok": true, "source": "conversations.create", "channel": channel }));

    let expected = posted("conversations.create", &json!({ "name": "plans", "is_private": true, "team_id": "T0ACME" }));
    let input = json!({ "name": "plans", "isPrivate": true, "teamId": "T0ACME", "raw": true });
    let value = answered("createConversation", &input, &expected);
    assert_eq!(value["channel"], service::channel("C0NEW", "plans", true, false, true));
}

#[test]
fn a_name_that_no_channel_can_have_is_an_input_error() {
    for (name, code) in
        [("Plans", "invalid_name_specials"), ("a b", "invalid_name_specials"), ("general", "name_taken")]
    {
        let expected = posted("conversations.create", &json!({ "name": name, "is_private": false }));
        let error = call("createConversation", &json!({ "name": name }), &expected).expect_err("no such name");
        assert_eq!(error, Error::invalid_input(format!("Slack createConversation error: {code}")));
    }
    assert!(refused("createConversation", &json!({ "name": "" })).contains("/name"));
    assert!(refused("createConversation", &json!({ "name": "x".repeat(81) })).contains("/name"));
}

#[test]
fn making_channels_needs_a_scope_for_each_kind() {
    for (scope, is_private) in [("channels:write", false), ("groups:write", true)] {
        let expected = posted("conversations.create", &json!({ "name": "plans", "is_private": is_private }));
        let input = json!({ "name": "plans", "isPrivate": is_private });
        call("createConversation", &input, &expected).expect("the scopes that the connector asks for are enough");
        let token = Token::without(scope);
        let error = call_as(&token, "createConversation", &input, &[expected]).expect_err("the scope lacks");
        let needed = format!("needed={scope}, provided=");
        assert!(matches!(&error, Error::Denied(text) if text.contains(&needed)), "{error}");
    }
}

#[test]
fn users_are_invited_together() {
    let expected = posted("conversations.invite", &json!({ "channel": "C0GENERAL", "users": BEN }));
    let value = answered("invite", &json!({ "channel": "C0GENERAL", "users": [BEN] }), &expected);
    assert_eq!((&value["source"], &value["channel"]["id"]), (&json!("conversations.invite"), &json!("C0GENERAL")));
    assert_eq!(value.get("errors"), None);
}

#[test]
fn by_force_those_who_can_be_invited_are() {
    let users = json!(["U0NOBODY", BEN]);
    let body = json!({ "channel": "C0GENERAL", "users": format!("U0NOBODY,{BEN}"), "force": true });
    let input = json!({ "channel": "C0GENERAL", "users": users, "force": true });
    let value = answered("invite", &input, &posted("conversations.invite", &body));
    assert_eq!(value["errors"], json!([{ "user": "U0NOBODY", "error": "user_not_found" }]));

    let body = json!({ "channel": "C0GENERAL", "users": format!("U0NOBODY,{BEN}") });
    let input = json!({ "channel": "C0GENERAL", "users": users });
    let error = call("invite", &input, &posted("conversations.invite", &body)).expect_err("one cannot be invited");
    assert_eq!(error, Error::not_found("Slack invite error: user_not_found: U0NOBODY: user_not_found"));
}

#[test]
fn who_is_not_in_a_channel_cannot_invite_to_it() {
    let expected = posted("conversations.invite", &json!({ "channel": "C0RUST", "users": BEN }));
    let error = call("invite", &json!({ "channel": "C0RUST", "users": [BEN] }), &expected);
    assert_eq!(error, Err(Error::denied("Slack invite error: not_in_channel")));
}

#[test]
fn an_invitation_is_for_one_to_a_hundred_users() {
    let many: Vec<String> = (0..101).map(|index| format!("U{index}")).collect();
    for users in [json!([]), json!(many), json!([""]), json!(["U1,U2"]), json!("U1")] {
        assert!(refused("invite", &json!({ "channel": "C0GENERAL", "users": users })).contains("/users"), "{users}");
    }
    assert!(refused("invite", &json!({ "users": [BEN] })).contains("channel"));
}
