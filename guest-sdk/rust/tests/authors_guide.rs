//! The guide shows the very file that is compiled and tested.

/// `UPDATE_DOCS=1 cargo test -p innkeeper-guest` writes the example into the guide.
#[test]
fn the_guide_shows_the_compiled_example() {
    let manifest = env!("CARGO_MANIFEST_DIR");
    let guide_path = format!("{manifest}/../../docs/authors.md");
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (guide, example) = (read(&guide_path), read(&format!("{manifest}/examples/bookmarks.rs")));
    let marker = "<!-- example -->\n```rust\n";
    let start = guide.find(marker).expect("the guide marks the place of the example") + marker.len();
    let end = start + guide[start..].find("\n```\n").expect("the block ends") + 1;
    if guide[start..end] == example {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "docs/authors.md shows another example than examples/bookmarks.rs: run the test with UPDATE_DOCS=1"
    );
    std::fs::write(&guide_path, format!("{}{example}{}", &guide[..start], &guide[end..]))
        .expect("the guide can be written");
}
