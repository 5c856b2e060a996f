//! How a form shows a config field: the value of `x-form` in the field's schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Schema;
use crate::mistake::{Mistakes, step};

/// How a form asks for a config field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct FormHints {
    /// The widget; if absent, it follows from the type.
    pub widget: Option<Widget>,
    /// Options of the widget, such as the labels of choices.
    pub widget_options: Map<String, Value>,
    /// Whether the value is masked on screens. Config is not sealed: secrets belong in an auth type.
    pub sensitive: bool,
    /// Whether the field is not shown: the default is used.
    pub hidden: bool,
    /// Whether the field is shown, but cannot be changed.
    pub disabled: bool,
    /// Name for people.
    #[schemars(length(max = 128))]
    pub label: Option<String>,
    /// An example in the empty field.
    #[schemars(length(max = 256))]
    pub placeholder: Option<String>,
    /// What to fill in.
    #[schemars(length(max = 2048))]
    pub help: Option<String>,
}

/// The widget that asks for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Widget {
    /// One line.
    Text,
    /// Several lines.
    Textarea,
    /// One line, masked.
    Password,
    /// A number.
    Number,
    /// Yes or no.
    Checkbox,
    /// Yes or no.
    Switch,
    /// One of a few choices, all visible.
    Radio,
    /// One of several choices.
    Select,
    /// Several of several choices.
    Multiselect,
    /// An address.
    Url,
    /// A file's content.
    FileUpload,
    /// Names and values.
    KeyValue,
    /// A date.
    Date,
    /// JSON.
    Json,
}

impl FormHints {
    /// The hints of a property's schema; absent or invalid hints request nothing in particular.
    pub fn of(property: &Value) -> Self {
        let hints = property.get("x-form").cloned();
        hints.and_then(|hints| serde_json::from_value(hints).ok()).unwrap_or_default()
    }
}

/// Notes every invalid hint, in nested fields too.
pub(crate) fn check(schema: &Value, place: &str, mistakes: &mut Mistakes) {
    check_at(schema, place, &Schema::of::<FormHints>(), mistakes);
}

fn check_at(schema: &Value, place: &str, hints: &Schema, mistakes: &mut Mistakes) {
    if let Some(given) = schema.get("x-form")
        && let Err(violations) = hints.validate(given)
    {
        for violation in violations.0 {
            mistakes.note(format!("{place}/x-form{}", violation.pointer), violation.message);
        }
    }
    let FormHints { label, placeholder, help, .. } = FormHints::of(schema);
    check_texts([label, placeholder], help, &format!("{place}/x-form"), mistakes);
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        check_at(property, &format!("{place}/properties/{}", step(name)), hints, mistakes);
    }
    if let Some(items) = schema.get("items") {
        check_at(items, &format!("{place}/items"), hints, mistakes);
    }
}

/// The connector's own texts in a form; an empty text is not shown.
pub(crate) fn check_texts(
    [label, placeholder]: [Option<String>; 2],
    help: Option<String>,
    place: &str,
    mistakes: &mut Mistakes,
) {
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    mistakes.check_optional_line(&format!("{place}/label"), given(label).as_deref(), 1024);
    mistakes.check_optional_line(&format!("{place}/placeholder"), given(placeholder).as_deref(), 1024);
    mistakes.check_optional_text(&format!("{place}/help"), given(help).as_deref(), 8 * 1024);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hints_are_read_from_a_property() {
        let property = json!({"type": "string", "x-form": {"widget": "file_upload", "label": "Key", "widgetOptions": {"accept": ".pem"}}});
        let hints = FormHints::of(&property);
        assert_eq!(hints.widget, Some(Widget::FileUpload));
        assert_eq!(hints.label.as_deref(), Some("Key"));
        assert_eq!(FormHints::of(&json!({"type": "string"})), FormHints::default());
    }

    #[test]
    fn a_hint_that_hides_something_is_a_mistake() {
        let schema = json!({
            "properties": {
                "a": {"x-form": {"label": "two\nlines", "placeholder": "", "help": "two\nlines"}},
                "b": {"x-form": {"help": "a\u{202e}b", "placeholder": "\u{200b}"}},
            },
        });
        let mut mistakes = Mistakes::default();
        check(&schema, "/config", &mut mistakes);
        let mut places: Vec<_> = mistakes.0.iter().map(|mistake| mistake.place.as_str()).collect();
        places.sort_unstable();
        assert_eq!(
            places,
            [
                "/config/properties/a/x-form/label",
                "/config/properties/b/x-form/help",
                "/config/properties/b/x-form/placeholder",
            ]
        );
    }

    #[test]
    fn unknown_hints_are_mistakes_with_their_place() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": {"x-form": {"colour": "red"}},
                "b": {"properties": {"c/d": {"x-form": {"widget": "dial", "hidden": "yes"}}}},
                "e": {"items": {"x-form": 7}},
            },
        });
        let mut mistakes = Mistakes::default();
        check(&schema, "/config", &mut mistakes);
        let mut places: Vec<_> = mistakes.0.iter().map(|mistake| mistake.place.as_str()).collect();
        places.sort_unstable();
        assert_eq!(
            places,
            [
                "/config/properties/a/x-form",
                "/config/properties/b/properties/c~1d/x-form/hidden",
                "/config/properties/b/properties/c~1d/x-form/widget",
                "/config/properties/e/items/x-form",
            ]
        );
        assert!(mistakes.to_string().contains("unknown field `colour`"), "{mistakes}");
    }
}
