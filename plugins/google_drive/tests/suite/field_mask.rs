//! The partial-response parameter `fields`: `nextPageToken, files(id, owners/emailAddress)`.

/// One name of a mask, and the names within it; none within means all of it.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) within: Vec<Field>,
}

pub(super) fn parse(mask: &str) -> Result<Vec<Field>, String> {
    let mut rest = mask;
    let fields = list(&mut rest)?;
    if rest.is_empty() { Ok(fields) } else { Err(format!("`{mask}`: `{rest}` is too much")) }
}

fn list(rest: &mut &str) -> Result<Vec<Field>, String> {
    let mut fields = vec![field(rest)?];
    while take(rest, ',') {
        fields.push(field(rest)?);
    }
    Ok(fields)
}

fn field(rest: &mut &str) -> Result<Field, String> {
    *rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '*').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    if name.is_empty() || (name.contains('*') && name != "*") {
        return Err(format!("a name is missing before `{rest}`"));
    }
    *rest = after;
    let within = if take(rest, '/') {
        vec![field(rest)?]
    } else if take(rest, '(') {
        let within = list(rest)?;
        if !take(rest, ')') {
            return Err(format!("a parenthesis after `{name}` is not closed"));
        }
        within
    } else {
        Vec::new()
    };
    Ok(Field { name: name.to_owned(), within })
}

fn take(rest: &mut &str, mark: char) -> bool {
    *rest = rest.trim_start();
    match rest.strip_prefix(mark) {
        Some(after) => {
            *rest = after.trim_start();
            true
        }
        None => false,
    }
}

fn leaf(name: &str) -> Field {
    Field { name: name.to_owned(), within: Vec::new() }
}

#[test]
fn names_nest_by_parentheses_and_slashes() {
    let owners = Field { name: "owners".into(), within: vec![leaf("emailAddress")] };
    let files = Field { name: "files".into(), within: vec![leaf("id"), owners, leaf("*")] };
    assert_eq!(parse("nextPageToken , files( id,owners/emailAddress, *)"), Ok(vec![leaf("nextPageToken"), files]));
}

#[test]
fn a_mask_that_is_not_well_formed_is_refused() {
    for bad in ["", "a,", ",a", "a(b", "a)b", "a(b))", "a()", "a/", "a b", "i*d", "a-b"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}
