use super::*;

#[test]
fn users_are_listed_with_what_matters_of_them() {
    let value = answered("listUsers", &json!({}), &asked("users.list", &[("limit", "200")]));
    let ada = json!({
        "id": ME, "name": "ada", "real_name": "Ada Lovelace", "display_name": "ada", "email": "ada@example.com",
        "tz": "Europe/London", "is_bot": false, "deleted": false,
    });
    let ben =
        json!({ "id": BEN, "name": "ben", "real_name": "Ben Ng", "title": "Editor", "is_bot": false, "deleted": true });
    assert_eq!(value, json!({ "ok": true, "source": "users.list", "users": [ada, ben], "hasMore": false }));
}

#[test]
fn users_come_page_by_page() {
    let query = [("limit", "1"), ("include_locale", "true"), ("team_id", "T0ACME")];
    let input = json!({ "limit": 1, "includeLocale": true, "teamId": "T0ACME" });
    let first = answered("listUsers", &input, &asked("users.list", &query));
    assert_eq!((&first["users"][0]["locale"], &first["nextCursor"]), (&json!("en-GB"), &json!("from:1=")));
    let expected = asked("users.list", &[("limit", "1000"), ("cursor", "from:1=")]);
    let last = answered("listUsers", &json!({ "limit": 1000, "cursor": "from:1=", "raw": true }), &expected);
    assert_eq!(last["members"][0]["profile"]["real_name"], "Ben Ng");
}

#[test]
fn a_listing_of_users_is_checked_before_it_is_sent() {
    for (field, value) in [("limit", json!(0)), ("limit", json!(1001)), ("cursor", json!(2)), ("presence", json!(true))]
    {
        assert!(refused("listUsers", &json!({ field: value })).contains(field));
    }
}

#[test]
fn the_connection_knows_whom_it_is_for() {
    let value = answered("whoAmI", &json!({}), &asked("auth.test", &[]));
    let whole = json!({
        "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "team_id": "T0ACME", "user": "ada", "user_id": ME,
        "is_enterprise_install": false,
    });
    assert_eq!(value, whole);
    let bot = Token { scopes: String::new(), is_bot: true };
    let called = call_as(&bot, "whoAmI", &json!({}), &[asked("auth.test", &[])]).expect("any token may ask");
    assert_eq!(called.value["bot_id"], "B0BOT");
}

fn check(answer: Answer) -> Result<String, Error> {
    Script::new().on(get(format!("{API}/auth.test")).only_query()).reply_with(answer).check(connector)
}

#[test]
fn the_check_names_the_workspace() {
    let answer = check(service::answer(&asked("auth.test", &[]), &Token::user()));
    assert_eq!(answer.expect("connected"), "Connected to the Slack workspace Acme");
    let nameless = check(Answer::json(200, &json!({ "ok": true, "team": "" })));
    assert_eq!(nameless.expect("connected"), "Connected to the Slack workspace Unknown");
}

#[test]
fn the_check_fails_with_the_token() {
    assert_eq!(check(service::refusal("invalid_auth")), Err(Error::NeedsAuthorization));
    let login = check(service::refusal("org_login_required"));
    assert_eq!(login, Err(Error::denied("Slack check error: org_login_required")));
}
