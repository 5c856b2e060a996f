//! The part of Google Drive's query language that these files can answer. `and` and `or` are evaluated from left to
//! right with the same precedence, as Google does; parentheses group.

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};

use super::file::File;
use crate::people::Person;

/// The longest query, in bytes.
const LENGTH: usize = 8192;
/// How deep parentheses and `not` may nest.
const DEPTH: usize = 50;

/// A search for files.
#[derive(Debug, PartialEq)]
pub(crate) struct Query(Option<Term>);

#[derive(Debug, PartialEq)]
enum Term {
    /// Terms joined from left to right: flat, so that a long query does not nest calls.
    Chain(Box<Term>, Vec<(Joint, Term)>),
    Not(Box<Term>),
    Test(Test),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Joint {
    And,
    Or,
}

#[derive(Debug, PartialEq)]
enum Test {
    Name(TextOperator, String),
    FullText(String),
    Mime(TextOperator, String),
    Modified(TimeOperator, OffsetDateTime),
    Created(TimeOperator, OffsetDateTime),
    Trashed(bool),
    Starred(bool),
    SharedWithMe(bool),
    Parent(String),
    Owner(String),
    Reader(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TextOperator {
    Is,
    IsNot,
    Contains,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TimeOperator {
    Before,
    Until,
    At,
    NotAt,
    Since,
    After,
}

impl Query {
    /// Reads a query; an empty one matches everything. The error is for the answer.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        if text.len() > LENGTH {
            return Err("Invalid Value: the query is too long".to_owned());
        }
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens };
        let term = parser.terms(DEPTH)?;
        match parser.tokens.first() {
            None => Ok(Self(Some(term))),
            Some(token) => Err(unexpected(Some(token))),
        }
    }

    /// Whether `file` matches for `person`.
    pub(crate) fn matches(&self, file: &File, person: &Person) -> bool {
        self.0.as_ref().is_none_or(|term| term.matches(file, person))
    }

    /// The ids of the folders that it names.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        let mut left: Vec<&Term> = self.0.iter().collect();
        std::iter::from_fn(move || {
            while let Some(term) = left.pop() {
                match term {
                    Term::Chain(first, rest) => {
                        left.push(first);
                        left.extend(rest.iter().map(|(_, term)| term));
                    }
                    Term::Not(term) => left.push(term),
                    Term::Test(Test::Parent(id)) => return Some(id.as_str()),
                    Term::Test(_) => {}
                }
            }
            None
        })
    }
}

impl Term {
    fn matches(&self, file: &File, person: &Person) -> bool {
        match self {
            Self::Chain(first, rest) => {
                rest.iter().fold(first.matches(file, person), |so_far, (joint, term)| match joint {
                    Joint::And => so_far && term.matches(file, person),
                    Joint::Or => so_far || term.matches(file, person),
                })
            }
            Self::Not(term) => !term.matches(file, person),
            Self::Test(test) => test.matches(file, person),
        }
    }
}

impl Test {
    fn matches(&self, file: &File, person: &Person) -> bool {
        let owned = file.owner.id == person.id;
        match self {
            Self::Name(TextOperator::Is, name) => file.name == name,
            Self::Name(TextOperator::IsNot, name) => file.name != name,
            Self::Name(TextOperator::Contains, start) => has_word_starting(file.name, start),
            Self::FullText(words) => has_all(file, words),
            Self::Mime(TextOperator::Is, mime) => file.kind.mime() == mime,
            Self::Mime(TextOperator::IsNot, mime) => file.kind.mime() != mime,
            Self::Mime(TextOperator::Contains, part) => file.kind.mime().starts_with(part.as_str()),
            Self::Modified(operator, time) => operator.holds(file.modified, *time),
            Self::Created(operator, time) => operator.holds(file.created, *time),
            Self::Trashed(wanted) => file.trashed == *wanted,
            Self::Starred(wanted) => (file.starred && owned) == *wanted,
            Self::SharedWithMe(wanted) => owned != *wanted,
            Self::Parent(id) => {
                // For its reader, a shared file is not in any folder, unless that folder was shared, too.
                let inside = |parent: &String| parent == id || (id == "root" && owned && file.is_at_the_top);
                file.parent.as_ref().is_some_and(inside)
            }
            Self::Owner(who) => is(file.owner, who, person),
            Self::Reader(who) => {
                is(file.owner, who, person) || file.shared_with.iter().any(|reader| is(reader, who, person))
            }
        }
    }
}

impl TimeOperator {
    fn holds(self, time: OffsetDateTime, asked: OffsetDateTime) -> bool {
        match self {
            Self::Before => time < asked,
            Self::Until => time <= asked,
            Self::At => time == asked,
            Self::NotAt => time != asked,
            Self::Since => time >= asked,
            Self::After => time > asked,
        }
    }
}

fn is(someone: &Person, who: &str, me: &Person) -> bool {
    if who == "me" { someone.id == me.id } else { someone.email.eq_ignore_ascii_case(who) }
}

/// For names, Google's `contains` matches only the beginnings of words.
fn has_word_starting(name: &str, start: &str) -> bool {
    let (name, start) = (name.to_lowercase(), start.to_lowercase());
    let at_border = |at: usize| name[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    name.match_indices(&start).any(|(at, _)| at_border(at))
}

/// Each word must be present; words in double quotes must be adjacent.
fn has_all(file: &File, words: &str) -> bool {
    let text = format!("{} {} {}", file.name, file.description.unwrap_or_default(), file.text()).to_lowercase();
    let words = words.to_lowercase();
    let mut parts = words.split('"').enumerate();
    parts.all(|(at, part)| {
        if at % 2 == 1 { has_words(&text, part) } else { part.split_whitespace().all(|word| has_words(&text, word)) }
    })
}

fn has_words(text: &str, words: &str) -> bool {
    let free = |neighbour: Option<char>| neighbour.is_none_or(|letter| !letter.is_alphanumeric());
    text.match_indices(words)
        .any(|(at, found)| free(text[..at].chars().next_back()) && free(text[at + found.len()..].chars().next()))
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Operator(&'static str),
    Open,
    Close,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            '\'' => quoted(&rest[1..])?,
            '<' | '>' | '=' | '!' => {
                let operator =
                    ["<=", ">=", "!=", "<", ">", "="].into_iter().find(|operator| rest.starts_with(operator));
                let operator = operator.ok_or("Invalid Value: ! is not an operator; use !=")?;
                (Token::Operator(operator), &rest[operator.len()..])
            }
            _ if first.is_ascii_alphanumeric() => {
                let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), &rest[end..])
            }
            other => return Err(format!("Invalid Value: {other:?} does not belong in a query")),
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// The text before the closing quote; `\'` and `\\` are a quote and a backslash.
fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Ok((Token::Text(text), &rest[at + 1..])),
            '\\' => match letters.next() {
                Some((_, escaped @ ('\'' | '\\' | '"'))) => text.push(escaped),
                Some((_, other)) => return Err(format!("Invalid Value: \\{other} is not an escape")),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err("Invalid Value: a quote is not closed".to_owned())
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl Parser<'_> {
    fn terms(&mut self, depth: usize) -> Result<Term, String> {
        let first = self.term(depth)?;
        let mut rest = Vec::new();
        loop {
            let joint = if self.word("and") {
                Joint::And
            } else if self.word("or") {
                Joint::Or
            } else {
                break;
            };
            rest.push((joint, self.term(depth)?));
        }
        Ok(if rest.is_empty() { first } else { Term::Chain(Box::new(first), rest) })
    }

    fn term(&mut self, depth: usize) -> Result<Term, String> {
        let depth = depth.checked_sub(1).ok_or("Invalid Value: the query is nested too deeply")?;
        if self.word("not") {
            return Ok(Term::Not(Box::new(self.term(depth)?)));
        }
        if self.tokens.first() == Some(&Token::Open) {
            self.next();
            let terms = self.terms(depth)?;
            return match self.next() {
                Some(Token::Close) => Ok(terms),
                other => Err(unexpected(other)),
            };
        }
        self.test().map(Term::Test)
    }

    fn test(&mut self) -> Result<Test, String> {
        let tokens = self.tokens;
        let [first, operator, value, ..] = tokens else {
            return Err("Invalid Value: the query ends too early".to_owned());
        };
        self.tokens = &tokens[3..];
        match (first, operator, value) {
            (Token::Text(who), Token::Word(word), Token::Word(field)) if word == "in" => {
                let who = who.clone();
                match field.as_str() {
                    "parents" => Ok(Test::Parent(who)),
                    "owners" | "writers" => Ok(Test::Owner(who)),
                    "readers" => Ok(Test::Reader(who)),
                    _ => Err(unexpected(Some(value))),
                }
            }
            (Token::Word(field), operator, value) => comparison(field, operator, value),
            _ => Err(unexpected(Some(first))),
        }
    }

    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn word(&mut self, expected: &str) -> bool {
        let there = matches!(self.tokens.first(), Some(Token::Word(word)) if word == expected);
        if there {
            self.next();
        }
        there
    }
}

fn comparison(field: &str, operator: &Token, value: &Token) -> Result<Test, String> {
    let text = || match value {
        Token::Text(text) => Ok(text.clone()),
        other => Err(unexpected(Some(other))),
    };
    match field {
        "name" => Ok(Test::Name(text_operator(operator)?, text()?)),
        "mimeType" => Ok(Test::Mime(text_operator(operator)?, text()?)),
        "fullText" => match text_operator(operator)? {
            TextOperator::Contains => Ok(Test::FullText(text()?)),
            _ => Err(unexpected(Some(operator))),
        },
        "modifiedTime" => Ok(Test::Modified(time_operator(operator)?, moment(&text()?)?)),
        "createdTime" => Ok(Test::Created(time_operator(operator)?, moment(&text()?)?)),
        "trashed" => Ok(Test::Trashed(truth(operator, value)?)),
        "starred" => Ok(Test::Starred(truth(operator, value)?)),
        "sharedWithMe" => Ok(Test::SharedWithMe(truth(operator, value)?)),
        _ => Err(format!("Invalid Value: {} cannot be searched for", cut(field))),
    }
}

fn text_operator(operator: &Token) -> Result<TextOperator, String> {
    match operator {
        Token::Operator("=") => Ok(TextOperator::Is),
        Token::Operator("!=") => Ok(TextOperator::IsNot),
        Token::Word(word) if word == "contains" => Ok(TextOperator::Contains),
        other => Err(unexpected(Some(other))),
    }
}

fn time_operator(operator: &Token) -> Result<TimeOperator, String> {
    match operator {
        Token::Operator("<") => Ok(TimeOperator::Before),
        Token::Operator("<=") => Ok(TimeOperator::Until),
        Token::Operator("=") => Ok(TimeOperator::At),
        Token::Operator("!=") => Ok(TimeOperator::NotAt),
        Token::Operator(">=") => Ok(TimeOperator::Since),
        Token::Operator(">") => Ok(TimeOperator::After),
        other => Err(unexpected(Some(other))),
    }
}

/// `= true` and the like.
fn truth(operator: &Token, value: &Token) -> Result<bool, String> {
    let value = match value {
        Token::Word(word) if word == "true" => true,
        Token::Word(word) if word == "false" => false,
        other => return Err(unexpected(Some(other))),
    };
    match operator {
        Token::Operator("=") => Ok(value),
        Token::Operator("!=") => Ok(!value),
        other => Err(unexpected(Some(other))),
    }
}

/// RFC 3339; without an offset it is UTC, without a time it is midnight.
fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let whole = OffsetDateTime::parse(text, &Rfc3339).or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339));
    let day = time::macros::format_description!("[year]-[month]-[day]");
    whole
        .or_else(|_| Date::parse(text, &day).map(|date| date.with_time(Time::MIDNIGHT).assume_utc()))
        .map_err(|_| format!("Invalid Value: {} is not a time such as 2026-01-31T12:00:00", cut(text)))
}

fn unexpected(token: Option<&Token>) -> String {
    let shown = match token {
        None => return "Invalid Value: the query ends too early".to_owned(),
        Some(Token::Word(word) | Token::Text(word)) => cut(word),
        Some(Token::Operator(operator)) => (*operator).to_owned(),
        Some(Token::Open) => "(".to_owned(),
        Some(Token::Close) => ")".to_owned(),
    };
    format!("Invalid Value: {shown} is not expected here")
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Drive;
    use crate::people::PEOPLE;

    /// The names of the files that Ada finds.
    fn found(query: &str) -> Vec<&'static str> {
        let drive = Drive::new("http://127.0.0.1:1");
        let query = Query::parse(query).expect("a query");
        let files = drive.visible_to(&PEOPLE[0]).filter(|file| file.parent.is_some());
        let mut names: Vec<_> = files.filter(|file| query.matches(file, &PEOPLE[0])).map(|file| file.name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_name_is_found_by_the_beginning_of_a_word() {
        assert_eq!(found("name contains 'harb'"), ["Harbour at dawn.png"]);
        assert!(found("name contains 'arbour'").is_empty());
        assert_eq!(found("name = 'Grace\\'s notes on bats.txt'").len(), 0);
        assert_eq!(found("name = 'Ada\\'s packing list.txt'"), ["Ada's packing list.txt"]);
    }

    #[test]
    fn terms_are_joined_from_left_to_right() {
        let image_or_pdf = "mimeType = 'application/pdf' or mimeType = 'image/png'";
        let grouped = found(&format!("trashed = true and ({image_or_pdf})"));
        let flat = found(&format!("trashed = true and {image_or_pdf}"));
        assert!(flat.len() > grouped.len());
        assert!(flat.contains(&"Harbour at dawn.png"));
    }

    #[test]
    fn negation_and_truth_values_work_on_trash() {
        let (all, kept) = (found("").len(), found("not trashed = true").len());
        assert_eq!(found("trashed=true").len() + kept, all);
        assert_eq!(found("trashed != true").len(), kept);
        assert!(kept < all);
    }

    #[test]
    fn times_are_compared_with_or_without_an_offset() {
        let day = found("modifiedTime > '2026-03-01'");
        assert_eq!(day, found("modifiedTime > '2026-03-01T00:00:00'"));
        assert_eq!(day, found("modifiedTime > '2026-03-01T02:00:00+02:00'"));
        assert!(!day.is_empty() && day.len() < found("").len());
    }

    #[test]
    fn full_text_looks_into_documents_and_takes_phrases() {
        assert!(found("fullText contains 'ferry'").contains(&"Trip plan"));
        assert_eq!(found("fullText contains '\"first ferry\"'"), ["Trip plan"]);
        assert!(found("fullText contains '\"ferry first\"'").is_empty());
    }

    #[test]
    fn a_query_that_is_none_is_refused() {
        for bad in [
            "name",
            "name =",
            "name = x",
            "name contains 'x",
            "(name = 'x'",
            "name = 'x')",
            "and",
            "not",
            "'x' in nothing",
            "colour = 'red'",
            "trashed = 'true'",
            "modifiedTime > 'yesterday'",
            "name ! 'x'",
            "name = 'x' name = 'y'",
            "fullText = 'x'",
            "name = '\\x'",
            "name ~ 'x'",
            &"(".repeat(1000),
            &"not ".repeat(1000),
            &"x".repeat(9000),
        ] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
    }
}
