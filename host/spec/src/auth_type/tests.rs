use super::*;

fn good() -> draft::AuthTypeSpec {
    draft::AuthTypeSpec {
        about: draft::About {
            id: "vendor_login".to_owned(),
            version: "0.1.0".to_owned(),
            title: "Vendor login".to_owned(),
            description: "Signs in with a session.".to_owned(),
            ..draft::About::default()
        },
        fields: vec![field("user", FieldKind::Text), field("password", FieldKind::Secret)],
        modes: vec![AuthMode::PerUser, AuthMode::Shared, AuthMode::Shared],
        ..draft::AuthTypeSpec::default()
    }
}

fn field(name: &str, kind: FieldKind) -> draft::FieldSpec {
    draft::FieldSpec { name: name.to_owned(), label: "A field".to_owned(), kind, ..draft::FieldSpec::default() }
}

fn one_mistake(place: &str, word: &str, change: impl FnOnce(&mut draft::AuthTypeSpec)) {
    let mut draft = good();
    change(&mut draft);
    let mistakes = AuthTypeSpec::parse(&draft).expect_err(word);
    assert_eq!(mistakes.0.len(), 1, "{mistakes}");
    assert_eq!(mistakes.0[0].place, place, "{mistakes}");
    assert!(mistakes.0[0].reason.contains(word), "{mistakes}");
}

#[test]
fn a_good_auth_type_parses() {
    let spec = AuthTypeSpec::parse(&good()).expect("no mistakes");
    assert_eq!(spec.modes, [AuthMode::Shared, AuthMode::PerUser]);
    assert_eq!(spec.field("password").map(|field| field.kind), Some(FieldKind::Secret));
    assert_eq!(serde_json::to_value(AuthMode::PerUser).expect("serializes"), "per-user");
}

#[test]
fn its_fields_are_checked() {
    one_mistake("/fields/1/name", "declared twice", |spec| spec.fields[1].name = "user".to_owned());
    one_mistake("/fields/0/name", "not a field name", |spec| spec.fields[0].name = "a b".to_owned());
    one_mistake("/fields/0/label", "is empty", |spec| spec.fields[0].label = String::new());
    one_mistake("/fields/0/choices", "list the choices", |spec| spec.fields[0].kind = FieldKind::Choice);
    one_mistake("/fields/0/choices", "only a field", |spec| spec.fields[0].choices = vec!["a".to_owned()]);
    one_mistake("/fields/0/pattern", "not a regular expression", |spec| spec.fields[0].pattern = Some("(".to_owned()));
    one_mistake("/fields/0/default", "is not JSON", |spec| spec.fields[0].default = Some("x".to_owned()));
    one_mistake("/fields/0/default", "must be a text", |spec| spec.fields[0].default = Some("1".to_owned()));
    one_mistake("/fields/1/default", "a secret has no default", |spec| {
        spec.fields[1].default = Some("\"x\"".to_owned());
    });
}

#[test]
fn somebody_must_own_the_grant() {
    one_mistake("/modes", "is empty", |spec| spec.modes.clear());
}
