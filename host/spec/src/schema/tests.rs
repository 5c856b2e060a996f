use serde_json::json;

use super::*;

fn schema(value: Value) -> Schema {
    Schema::parse(value).expect("a valid schema")
}

fn violations(schema_value: Value, value: &Value) -> Vec<String> {
    let violations = schema(schema_value).validate(value).expect_err("does not fit");
    violations.0.iter().map(ToString::to_string).collect()
}

#[test]
fn violations_come_all_at_once_with_their_pointers() {
    let schema = json!({
        "type": "object",
        "properties": {"n": {"type": "integer", "maximum": 5}, "list": {"items": {"enum": ["a", "b"]}}},
        "required": ["name"],
        "additionalProperties": false,
    });
    let mut found = violations(schema, &json!({"n": 7, "list": ["a", "c"], "other": 1}));
    found.sort();
    assert_eq!(
        found,
        [
            "/list/1: `c` is not one of `a`, `b`",
            "/n: `7` is more than `5`",
            "the field `name` is missing",
            "unknown field `other`",
        ]
    );
}

#[test]
fn long_values_are_cut() {
    let long = "x".repeat(10_000);
    for keyword in [
        json!({"pattern": "^y"}),
        json!({"enum": ["a"]}),
        json!({"format": "uri"}),
        json!({"const": 1}),
        json!({"anyOf": [{"const": 1}, {"type": "null"}]}),
        json!({"not": {}}),
        json!({"propertyNames": false}),
    ] {
        for value in [json!(long), json!({ &long: 1 })] {
            if let Err(violations) = schema(keyword.clone()).validate(&value) {
                assert!(violations.to_string().len() < 400, "{violations}");
            }
        }
    }
}

#[test]
fn many_violations_end() {
    let found = violations(json!({"items": {"type": "null"}}), &Value::Array(vec![json!(1); 1000]));
    assert_eq!(found.len(), MOST_VIOLATIONS + 1);
    assert_eq!(found.last().map(String::as_str), Some("and more"));
}

#[test]
fn formats_are_checked() {
    assert!(schema(json!({"format": "ipv4"})).validate(&json!("1.2.3.4")).is_ok());
    assert_eq!(violations(json!({"format": "ipv4"}), &json!("1.2.3")), ["`1.2.3` is not a valid `ipv4`"]);
}

#[test]
fn an_alternative_that_was_meant_speaks_for_itself() {
    let object = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "b"]});
    let mut found = violations(json!({"anyOf": [{"type": "string"}, object]}), &json!({"a": "x"}));
    found.sort();
    assert_eq!(found, ["/a: must be integer, this is a string", "the field `b` is missing"]);
    let found =
        violations(json!({"anyOf": [{"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "null"}]}), &json!("c"));
    assert_eq!(found, ["`c` is not one of `a`, `b`"]);
}

#[test]
fn the_closest_of_several_alternatives_is_named() {
    let shapes = json!({"anyOf": [{"required": ["x"]}, {"properties": {"a": {"type": "integer"}}}]});
    let found = violations(shapes, &json!({"a": "x"}));
    assert_eq!(found, ["fits none of the alternatives; the closest one says: /a: must be integer, this is a string"]);
    let found = violations(json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), &json!(1));
    assert_eq!(found, ["fits none of the alternatives; the closest one says: must be null, this is a number"]);
}

#[test]
fn what_is_no_schema_is_refused() {
    let cases = [
        (json!(7), "is an object, this is a number"),
        (json!({"type": "text"}), "is not a valid JSON Schema 2020-12 at /type"),
        (json!({"properties": {"a": {"minLength": -1}}}), "at /properties/a/minLength"),
        (json!({"pattern": "("}), "is not a valid JSON Schema 2020-12"),
        (json!({"$schema": "http://json-schema.org/draft-07/schema#"}), "write JSON Schema 2020-12"),
        (json!({"$schema": 7}), "`$schema` is a number"),
    ];
    for (value, word) in cases {
        let error = Schema::parse(value).expect_err(word);
        assert!(error.contains(word), "{error}");
    }
    assert!(Schema::parse(json!({"$schema": DIALECT})).is_ok());
    assert!(Schema::parse(json!(true)).is_ok());
}

#[test]
fn references_stay_within_the_document() {
    let local = json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}, "b": {"$anchor": "x"}}, "allOf": [{"$ref": "#x"}]});
    assert!(schema(local).validate(&json!("x")).is_err());
    let cases = [
        (json!({"$ref": "https://example.com/schema"}), "another document"),
        (json!({"properties": {"a": {"$ref": "other.json#/a"}}}), "another document"),
        (json!({"$ref": "#/$defs/a"}), "which does not exist"),
        (json!({"properties": {"a": {"$id": "https://example.com/x"}}}), "`$id` below its top"),
        (json!({"$dynamicRef": "#a"}), "`$dynamicRef`"),
    ];
    for (value, word) in cases {
        let error = Schema::parse(value).expect_err(word);
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_tree_may_refer_to_itself_one_step_deeper() {
    let tree = schema(json!({"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}));
    assert!(tree.validate(&json!({"children": [{"children": []}]})).is_ok());
    assert!(tree.validate(&json!({"children": [{"children": 1}]})).is_err());
}

#[test]
fn references_without_end_are_refused() {
    let endless = [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
        json!({"properties": {"default": {"if": {"$ref": "#/properties/default"}}}}),
    ];
    for value in endless {
        let error = Schema::parse(value).expect_err("endless");
        assert!(error.contains("endlessly"), "{error}");
    }
}

#[test]
fn references_that_fan_out_are_refused() {
    let mut defs = Map::new();
    for level in 0..40 {
        let next = format!("#/$defs/d{}", level + 1);
        defs.insert(format!("d{level}"), json!({"allOf": [{"$ref": next}, {"$ref": next}]}));
    }
    defs.insert("d40".to_owned(), json!({}));
    let error = Schema::parse(json!({"$ref": "#/$defs/d0", "$defs": defs})).expect_err("fans out");
    assert!(error.contains("fans out"), "{error}");
}

#[test]
fn a_long_chain_of_references_is_refused_or_followed_without_harm() {
    let chain = |link: &dyn Fn(String) -> Value| {
        let mut defs = Map::new();
        for level in 0..20_000 {
            defs.insert(format!("d{level}"), link(format!("#/$defs/d{}", level + 1)));
        }
        defs.insert("d20000".to_owned(), json!({}));
        Schema::parse(json!({"$ref": "#/$defs/d0", "$defs": defs}))
    };
    assert!(chain(&|next| json!({ "$ref": next })).expect_err("too deep").contains("nests more than"));
    let _ =
        chain(&|next| json!({"properties": {"a": {"$ref": next}}})).map(|schema| schema.validate(&json!({"a": {}})));
}

#[test]
fn what_is_wrong_on_more_ways_than_can_be_walked_is_told_in_a_word() {
    let twice = schema(json!({
        "$ref": "#/$defs/node",
        "$defs": {"node": {"type": "object", "allOf": [
            {"properties": {"a": {"$ref": "#/$defs/node"}}},
            {"properties": {"a": {"$ref": "#/$defs/node"}}},
        ]}},
    }));
    let nested = |leaf, depth| (0..depth).fold(leaf, |inner, _| json!({ "a": inner }));
    twice.validate(&nested(json!({}), 100)).expect("a place is checked once");
    assert_eq!(twice.validate(&nested(json!(1), 3)).expect_err("no object").0.len(), 8);
    let told = twice.validate(&nested(json!(1), 100)).expect_err("no object").to_string();
    assert_eq!(told, "does not fit, in more ways than can be listed");
}

/// The library caches what a definition found of itself; it walks a chain of definitions again on each path.
#[test]
fn a_check_that_doubles_with_each_step_into_the_value_is_refused_unchecked() {
    let chain = |last: Value| {
        let mut defs = serde_json::Map::new();
        for link in 0..40 {
            let next = json!({"properties": {"a": {"$ref": format!("#/$defs/n{}", link + 1)}}});
            defs.insert(format!("n{link}"), json!({"allOf": [next, next]}));
        }
        defs.insert("n40".to_owned(), last);
        schema(json!({"$ref": "#/$defs/n0", "$defs": defs}))
    };
    let nested = |depth| (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
    for chain in [chain(json!({})), chain(json!({"$ref": "#/$defs/n0"}))] {
        chain.validate(&nested(8)).expect("a few hundred steps");
        let refused = chain.validate(&nested(40)).expect_err("this would never end").to_string();
        assert!(refused.starts_with("cannot be checked"), "{refused}");
    }
}

#[test]
fn a_name_of_two_places_is_refused() {
    let twice = json!({"$defs": {"a": {"$anchor": "n"}, "b": {"$anchor": "n"}}, "$ref": "#n"});
    let error = Schema::parse(twice).expect_err("which one?");
    assert!(error.contains("names two places"), "{error}");
}

#[test]
fn what_keywords_of_other_places_find_out_again_is_counted_again() {
    let nested = |keyword: &str| (0..60).fold(json!({}), |inner, _| json!({"anyOf": [inner], keyword: false}));
    let refused = schema(nested("unevaluatedProperties")).validate(&json!({})).expect_err("it doubles").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
    let kinds: Vec<_> = (0..5_000).map(|kind| json!({"const": kind})).collect();
    let list = schema(json!({"items": {"dependencies": {"a": {"anyOf": kinds}}}}));
    let many = Value::Array(vec![json!({"a": 1}); 10_000]);
    let refused = list.validate(&many).expect_err("fifty million steps").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
}

#[test]
fn of_a_large_value_the_first_thing_that_is_wrong_is_told() {
    let texts = schema(json!({"items": {"type": "string"}}));
    let few = texts.validate(&Value::Array(vec![json!(1); 1_000])).expect_err("numbers");
    assert_eq!(few.0.len(), 51);
    let many = texts.validate(&Value::Array(vec![json!(1); 1_000_000])).expect_err("numbers");
    assert_eq!(many.0.len(), 1);
    assert_eq!(many.0[0].pointer, "/0");
}

#[test]
fn a_check_of_many_alternatives_at_many_places_is_refused_unchecked() {
    let kinds: Vec<_> = (0..5_000).map(|kind| json!({"const": kind})).collect();
    let list = schema(json!({"items": {"anyOf": kinds}}));
    list.validate(&json!([1, 4_999])).expect("a few are fine");
    let many = Value::Array(vec![json!(4_999); 10_000]);
    let refused = list.validate(&many).expect_err("fifty million steps").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
}

#[test]
fn patterns_that_go_back_and_forth_are_counted_as_what_they_cost() {
    let looking = schema(json!({"items": {"pattern": "(?=a)(a|aa)+$"}}));
    let plain = schema(json!({"items": {"pattern": "^(a|aa)+$"}}));
    let texts = |count: usize| Value::Array(vec![json!("aaaa"); count]);
    looking.validate(&texts(1_000)).expect("some are fine");
    looking.validate(&texts(100_000)).expect_err("these are too many");
    plain.validate(&texts(100_000)).expect("a linear pattern is as fast as it is long");
}

#[test]
fn a_value_that_is_nested_through_long_chains_is_refused_before_the_stack_ends() {
    let mut defs = serde_json::Map::new();
    for link in 0..100 {
        defs.insert(format!("n{link}"), json!({"$ref": format!("#/$defs/n{}", link + 1)}));
    }
    defs.insert("n100".to_owned(), json!({"properties": {"a": {"$ref": "#/$defs/n0"}}}));
    let chain = schema(json!({"$ref": "#/$defs/n0", "$defs": defs}));
    let nested = |depth| (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
    chain.validate(&nested(5)).expect("a few are fine");
    let refused = chain.validate(&nested(120)).expect_err("too deep").to_string();
    assert!(refused.starts_with("is nested too deeply"), "{refused}");
}

/// On the stack of a test, which is that of a worker: only a crash would fail this.
#[test]
fn what_is_nested_as_deeply_as_it_may_be_is_checked_and_told() {
    let mut defs = serde_json::Map::new();
    for link in 0..60 {
        defs.insert(format!("n{link}"), json!({"allOf": [{"$ref": format!("#/$defs/n{}", link + 1)}]}));
    }
    defs.insert("n60".to_owned(), json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/n0"}}}));
    let chain = schema(json!({"$ref": "#/$defs/n0", "$defs": defs}));
    let nested = |leaf, depth| (0..depth).fold(leaf, |inner, _| json!({ "a": inner }));
    chain.validate(&nested(json!({}), 7)).expect("nearly a thousand steps deep");
    let told = chain.validate(&nested(json!(1), 7)).expect_err("no object");
    assert_eq!(told.0[0].pointer, "/a".repeat(7));
    let refused = chain.validate(&nested(json!({}), 9)).expect_err("more than a thousand").to_string();
    assert!(refused.starts_with("is nested too deeply"), "{refused}");
}

#[test]
fn what_a_large_honest_value_takes_is_within_the_bound() {
    let list = schema(json!({
        "type": "array",
        "items": {"$ref": "#/$defs/file"},
        "$defs": {"file": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "minLength": 1},
                "kind": {"enum": ["file", "folder"]},
                "parent": {"anyOf": [{"$ref": "#/$defs/file"}, {"type": "null"}]},
                "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
            },
            "required": ["id"],
        }},
    }));
    let file = json!({"id": "1", "kind": "file", "parent": null, "tags": ["a", "b"]});
    list.validate(&Value::Array(vec![file; 100_000])).expect("six megabytes of files are checked");
}

#[test]
fn defaults_fill_what_is_absent() {
    let schema = schema(json!({"properties": {"a": {"default": 1}, "b": {"default": 2}, "c": {}}}));
    assert_eq!(schema.with_defaults(&json!({"b": 3})), json!({"a": 1, "b": 3}));
    assert_eq!(schema.with_defaults(&json!([])), json!([]));
}

#[test]
fn a_property_is_found_through_nested_objects() {
    let schema = schema(json!({"properties": {"a/b": {"properties": {"c": {"type": "string"}}}}}));
    assert_eq!(schema.property_at("/a~1b/c"), Some(&json!({"type": "string"})));
    assert_eq!(schema.property_at("/a~1b/d"), None);
    assert_eq!(schema.property_at("a"), None);
}

/// A pattern's length counts: 16 KB of it against 1 MB took 79 seconds, in which no other call made progress.
#[test]
fn a_long_pattern_against_a_long_text_is_refused_unchecked() {
    let pattern = format!("^(?:{}b)+$", "a?".repeat(8_000));
    let list = schema(json!({"type": "string", "pattern": pattern}));
    list.validate(&json!("ab")).expect("a short text is checked");
    for text in ["a".repeat(1 << 20), "ab".repeat(1 << 19)] {
        let value = json!(text);
        assert!(list.validate_at_once(&value, text.len()).is_none(), "others would wait for it");
        let refused = list.validate(&value).expect_err("this would take minutes").to_string();
        assert!(refused.starts_with("cannot be checked"), "{refused}");
    }
    let names = schema(json!({"patternProperties": {pattern.as_str(): true}}));
    let refused = names.validate(&json!({ "a".repeat(1 << 20): 1 })).expect_err("this too").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
}

#[test]
fn a_look_around_at_each_character_counts_as_reading_to_the_end() {
    let looking = schema(json!({"type": "string", "pattern": "^(?:(?=[^y]*$)a)*$"}));
    looking.validate(&json!("a".repeat(100))).expect("a short text is checked");
    let refused = looking.validate(&json!("a".repeat(1 << 20))).expect_err("a million times a million").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
}

/// The patterns of a spec of 462 KB took 5 GB: each was within the engine's limit, and there were thousands.
#[test]
fn the_patterns_of_a_schema_are_bounded_together() {
    let fields = |pattern: &dyn Fn(usize) -> String, count: usize| {
        let fields: Map<_, _> =
            (0..count).map(|at| (format!("f{at}"), json!({"type": "string", "pattern": pattern(at)}))).collect();
        json!({"type": "object", "properties": fields})
    };
    let many = fields(&|at| format!("^[\\p{{L}}_]{{20}}{at}$"), 11_000);
    assert!(many.to_string().len() > 450_000);
    let refused = Schema::parse(many).expect_err("gigabytes");
    assert!(refused.contains("the patterns of the spec would have more than 500000 states"), "{refused}");
    assert!(refused.starts_with("at /properties/f"), "{refused}");
    let refused = Schema::parse(fields(&|at| format!("^{at}$"), 3_000)).expect_err("thousands");
    assert!(refused.contains("more than 2000 patterns"), "{refused}");
    let refused =
        Schema::parse(json!({"items": {"pattern": "^(\\w{1,1000}){1,1000}$"}})).expect_err("a million classes");
    assert!(refused.starts_with("at /items/pattern: the pattern `^(\\w{1,1000})"), "{refused}");
    Schema::parse(fields(&|_| "^[0-9a-f]{8}-[0-9a-f]{4}$".to_owned(), 3_000)).expect("the same one counts once");
    Schema::parse(fields(&|at| format!("^[a-z0-9_-]{{1,64}}:{at}$"), 200)).expect("honest ones fit");
}

#[test]
fn the_schemas_of_a_spec_share_one_budget() {
    let mut budget = Budget::default();
    let large = json!({"type": "string", "pattern": "^[\\p{L}]{30}$"});
    let fitting = (0..50).take_while(|_| Schema::parse_within(large.clone(), &mut budget).is_ok()).count();
    assert!((1..20).contains(&fitting), "{fitting}");
}

#[test]
fn the_parts_of_a_schema_and_their_places_are_bounded() {
    let refused = Schema::parse(json!({"anyOf": vec![json!({}); 200_000]})).expect_err("two hundred thousand");
    assert!(refused.contains("more than 100000 parts"), "{refused}");
    let many: Map<_, _> = (0..5_000).map(|at| (at.to_string(), json!({"type": "string"}))).collect();
    let name = "n".repeat(100_000);
    let refused = Schema::parse(json!({"properties": {name: {"properties": many}}})).expect_err("half a gigabyte");
    assert!(refused.contains("the paths of the schemas' parts"), "{refused}");
    assert!(refused.len() < 1_000, "{refused}");
    // Each way of writing a reference is compiled again.
    let part: Map<_, _> = (0..1_000).map(|at| (at.to_string(), json!({"type": "string"}))).collect();
    let ways: Vec<_> = (0..200_u32)
        .map(|way| {
            let written = "aaaaaaaa".char_indices().map(|(at, _)| if way >> at & 1 == 1 { "%61" } else { "a" });
            json!({"$ref": format!("#/$defs/{}", written.collect::<String>())})
        })
        .collect();
    let refused = Schema::parse(json!({"anyOf": ways, "$defs": {"aaaaaaaa": {"properties": part}}})).expect_err("many");
    assert!(refused.contains("parts"), "{refused}");
}

#[test]
fn a_schema_that_nests_more_deeply_than_json_is_read_is_refused() {
    let deep = (0..500).fold(json!({}), |inner, _| json!({ "items": inner }));
    assert!(Schema::parse(deep).expect_err("too deep").contains("nests more than 128"));
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "items": inner }));
    schema(deep);
}

/// The library compares each with each if all hash alike, and values that differ only in brackets do.
#[test]
fn many_items_that_look_alike_are_found_to_be_unique_in_no_time() {
    /// The `index`th nesting of empty lists.
    fn brackets(index: u32) -> Value {
        let bits = (0..20).map(|bit| index >> bit & 1);
        bits.fold(json!([[]]), |inner, bit| if bit == 1 { json!([inner, []]) } else { json!([[], inner]) })
    }
    let unique = schema(json!({"type": "array", "uniqueItems": true}));
    let mut items: Vec<_> = (0..20_000).map(brackets).collect();
    items.extend((0..25_000).map(|at| json!(at)));
    items.extend((0..25_000).map(|at| json!({ "a": at, "b": [at.to_string()] })));
    unique.validate(&Value::Array(items.clone())).expect("no two are alike");
    items.push(json!({"b": ["7"], "a": 7.0}));
    assert_eq!(unique.validate(&Value::Array(items)).expect_err("the last one").to_string(), "contains an item twice");
    schema(json!({"uniqueItems": false})).validate(&json!([1, 1])).expect("it is not asked for");
}

#[test]
fn items_are_compared_once_more_on_each_way_that_leads_to_them() {
    let ways: Vec<_> = (0..1_000).map(|at| json!({"uniqueItems": true, "maxItems": at})).collect();
    let list = schema(json!({"anyOf": ways}));
    list.validate(&json!([1, 2, 3])).expect("a few are fine");
    let many: Vec<_> = (0..100_000).map(|at| json!([at])).collect();
    let refused = list.validate(&Value::Array(many)).expect_err("a thousand times").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
}

#[test]
fn constants_that_are_lists_and_objects_are_counted_as_they_are_compared() {
    let long = |last: i32| {
        let mut items = vec![json!({"a": [1, 2, 3]}); 3_000];
        items.push(json!(last));
        Value::Array(items)
    };
    let ways: Vec<_> = (0..50).map(|_| json!({"$ref": "#/$defs/long"})).collect();
    for constant in [json!({"const": long(1)}), json!({"enum": [long(1), long(2), long(3)]})] {
        let list = schema(json!({"items": {"allOf": ways}, "$defs": {"long": constant}}));
        list.validate(&json!([long(1)])).expect("one is fine");
        let many = Value::Array(vec![long(9); 100]);
        assert!(list.validate_at_once(&many, 10_000_000).is_none());
        let refused = list.validate(&many).expect_err("millions of comparisons").to_string();
        assert!(refused.starts_with("cannot be checked"), "{refused}");
    }
}

#[test]
fn names_of_any_length_are_counted_each_time_they_are_compared() {
    let name = "n".repeat(500_000);
    let ways = |count: usize| vec![json!({"$ref": "#/$defs/a"}); count];
    for part in [json!({"required": [name]}), json!({"properties": {name.as_str(): true}})] {
        let refused = Schema::parse(json!({"anyOf": ways(5_000), "$defs": {"a": part}})).expect_err("gigabytes");
        assert!(refused.contains("parts to compare"), "{refused}");
        let object = schema(json!({"items": {"anyOf": ways(50)}, "$defs": {"a": part}}));
        object.validate(&json!([{ name.as_str(): 1 }])).expect("one is fine");
        let many = vec![json!({"a": 1}); 100];
        let refused = object.validate(&Value::Array(many)).expect_err("gigabytes").to_string();
        assert!(refused.starts_with("cannot be checked"), "{refused}");
    }
}

#[test]
fn formats_are_counted_as_what_they_take() {
    let expression = schema(json!({"format": "regex"}));
    expression.validate(&json!("^(?<year>\\d{4})-\\p{L}+$")).expect("an expression");
    expression.validate(&json!("(")).expect_err("none");
    let groups = (0..100_000).map(|at| format!("(?<g{at}>a)")).collect::<Vec<_>>().concat();
    let refused = expression.validate(&json!(groups)).expect_err("each name with each").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
    let host = schema(json!({"format": "idn-hostname"}));
    host.validate(&json!("bücher.example")).expect("a host");
    let refused = host.validate(&json!("ü".repeat(200_000))).expect_err("each character with each").to_string();
    assert!(refused.starts_with("cannot be checked"), "{refused}");
    for format in [
        "email",
        "uri",
        "uri-reference",
        "iri",
        "date-time",
        "uuid",
        "ipv6",
        "json-pointer",
        "hostname",
        "uri-template",
    ] {
        for text in ["a".repeat(1 << 20), "[".repeat(1 << 20), "/".repeat(1 << 20), "a@".repeat(1 << 19)] {
            let _ = schema(json!({ "format": format })).validate(&json!(text));
        }
    }
}

#[test]
fn numbers_of_any_size_are_checked() {
    for multiple in ["1e-300", "1e300", "5e-324", "0.1", "3", "123456789012345678901234567890"] {
        let multiple: Value = serde_json::from_str(multiple).expect("a number");
        let numbers = schema(json!({"items": {"multipleOf": multiple, "minimum": -1e308, "maximum": 1e308}}));
        let values: Value = serde_json::from_str(
            "[0, 1e300, 1e-300, 1.7976931348623157e308, 5e-324, 18446744073709551615, -9223372036854775808, 0.3]",
        )
        .expect("numbers");
        let _ = numbers.validate(&Value::Array(vec![values; 100]));
    }
}

#[test]
fn many_fields_in_many_objects_are_counted() {
    let fields: Map<_, _> = (0..10_000).map(|at| (format!("f{at}"), json!({"type": "string"}))).collect();
    let list = schema(json!({"type": "array", "items": {"type": "object", "properties": fields}}));
    list.validate(&json!([{"f1": "a"}])).expect("one is fine");
    let many = Value::Array(vec![json!({}); 100_000]);
    assert!(list.validate_at_once(&many, 300_000).is_none());
    list.validate(&many).expect_err("a billion names");
}

#[test]
fn what_is_told_of_a_wrong_value_is_bounded_in_bytes() {
    // Each mistake names its place, and each alternative keeps a copy of the value.
    let name = "n".repeat(1_000_000);
    let listed = schema(json!({"additionalProperties": {"items": {"type": "string"}}}));
    let told = listed.validate(&json!({ name: vec![1; 10_000] })).expect_err("numbers").to_string();
    assert!(told.len() < 200_000, "{}", told.len());
    let ways: Vec<_> = (0..500).map(|at| json!({"maxLength": at})).collect();
    let any = schema(json!({"anyOf": ways}));
    let told = any.validate(&json!("x".repeat(1_000_000))).expect_err("too long").to_string();
    assert_eq!(told, "does not fit, in more ways than can be listed");
    let long = schema(json!({"items": {"not": {"enum": vec!["a".repeat(1_000); 500]}, "type": "string"}}));
    let told = long.validate(&Value::Array(vec![json!("a".repeat(1_000)); 10_000])).expect_err("enumerated");
    assert_eq!(told.0.len(), 1, "the first thing alone");
    let pattern = schema(json!({"items": {"pattern": "a".repeat(16_000)}}));
    let told = pattern.validate(&Value::Array(vec![json!("b"); 40_000])).expect_err("none matches");
    assert_eq!(told.0.len(), 1, "the first thing alone");
}

#[test]
fn what_is_quick_is_checked_at_once() {
    let file = schema(json!({
        "type": "object",
        "properties": {"id": {"type": "string", "pattern": "^[a-z]+$"}, "kind": {"anyOf": [{"const": "a"}, {"type": "null"}]}},
        "required": ["id"],
    }));
    assert_eq!(file.validate_at_once(&json!({"id": "a", "kind": null}), 25), Some(Ok(())));
    let wrong = file.validate_at_once(&json!({"id": "7"}), 10).expect("at once").expect_err("no letter");
    assert_eq!(wrong.to_string(), "/id: `7` does not match the pattern `^[a-z]+$`");
    let many = schema(json!({"items": {"type": "string"}}));
    assert_eq!(many.validate_at_once(&json!([1]), 1 << 20), None, "a large value");
    let slow = schema(json!({"items": {"pattern": "(?=a)(a|aa)+$"}}));
    assert_eq!(slow.validate_at_once(&Value::Array(vec![json!("aaaa"); 1_000]), 7_000), None);
}
