//! SQL as text: Spark's dialect, with identifiers that are case-insensitive as Spark's are.
//!
//! Whatever reads SQL (projects, `query`, checks) parses it here, so that a name means the same everywhere.

mod depth;
pub mod dialect;
pub mod rewrite;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParser, DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{self, Spanned, Visit, Visitor};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use crate::error::Span;
use crate::hints::nearest;
pub use depth::MOST_CALLS;
use depth::{MOST_DEEP, MOST_GUESSED, MOST_NESTED, TooDeep};
use dialect::SparkDialect;
use rewrite::explode;

/// A fault in a SQL text, at a byte range of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SqlFault {
    pub span: Span,
    pub message: String,
    pub hint: Option<String>,
}

/// Parses exactly one statement. Identifiers come out in lower case, also those between backticks.
pub fn parse(text: &str) -> Result<Statement, SqlFault> {
    let mut statements = parse_all(text)?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (Some(_), false) => Err(SqlFault {
            span: start_of(text, 1),
            message: "there is more than one statement here".into(),
            hint: Some("one file is one SELECT; give it a file of its own".into()),
        }),
        (None, _) => Err(SqlFault {
            span: text.len()..text.len(),
            message: "there is no statement here".into(),
            hint: Some("write a SELECT".into()),
        }),
    }
}

/// Parses any number of statements, separated by semicolons.
pub fn parse_all(text: &str) -> Result<Vec<Statement>, SqlFault> {
    let mut statements = parser(text)?.parse_statements().map_err(|error| syntax_fault(text, error))?;
    for statement in &mut statements {
        if let Statement::Statement(statement) = statement {
            rewrite::rewrite(statement.as_mut());
            explode::rewrite(statement).map_err(|(place, message)| SqlFault {
                span: bytes(text, place),
                message,
                hint: Some("explode in the select list of a subquery instead".into()),
            })?;
        }
    }
    Ok(statements.into())
}

/// Parses one expression, as a check's rule must be, and writes it anew: names in lower case, texts in single quotes.
pub fn parse_condition(text: &str) -> Result<String, SqlFault> {
    let mut parser = parser(text)?;
    let mut condition = parser.parse_expr().map_err(|error| syntax_fault(text, error))?;
    match parser.parser.expect_token(&Token::EOF) {
        Ok(_) => {
            rewrite::rewrite(&mut condition.expr);
            rewrite::escape(&mut condition.expr);
            Ok(condition.expr.to_string())
        }
        Err(error) => Err(syntax_fault(text, error.into())),
    }
}

fn parser(text: &str) -> Result<DFParser<'static>, SqlFault> {
    let tokens = dialect::tokenize(text).map_err(|error| SqlFault {
        span: word_at(text, byte_at(text, error.location)),
        message: format!("SQL syntax: {}", lowered(&error.message)),
        hint: Some("is a quote or a comment not closed?".into()),
    })?;
    depth::check(&tokens).map_err(|fault| too_deep(text, fault))?;
    let builder = DFParserBuilder::new(tokens).with_dialect(&SparkDialect).with_recursion_limit(MOST_CALLS);
    builder.build().map_err(|error| syntax_fault(text, error))
}

fn too_deep(text: &str, fault: TooDeep) -> SqlFault {
    let (at, message, hint) = match fault {
        TooDeep::Operators(at) => (
            at,
            format!("this expression is more than {MOST_DEEP} operators deep"),
            "compare one column with many values by `IN (…)`, and split the rest into several queries",
        ),
        TooDeep::Guesses(at) => (
            at,
            format!("lambdas and intervals nest more than {MOST_GUESSED} deep here"),
            "name the inner ones in a subquery",
        ),
        TooDeep::Brackets(at) => (
            at,
            format!("brackets, CASEs and subqueries nest more than {MOST_NESTED} deep here"),
            "name the inner queries in a WITH, or make tables of them",
        ),
    };
    SqlFault { span: word_at(text, byte_at(text, at)), message, hint: Some(hint.into()) }
}

/// Whether it only reads: a SELECT, WITH … SELECT or VALUES.
pub fn is_query(statement: &Statement) -> bool {
    matches!(statement, Statement::Statement(statement) if matches!(**statement, ast::Statement::Query(_)))
}

/// Whether a SELECT anywhere in the text takes columns that it does not name: `*` or `t.*`.
pub fn has_wildcard(text: &str) -> bool {
    struct Wildcards;
    impl Visitor for Wildcards {
        type Break = ();

        fn pre_visit_select(&mut self, select: &ast::Select) -> ControlFlow<()> {
            let is_wildcard = |item: &ast::SelectItem| {
                matches!(item, ast::SelectItem::Wildcard(_) | ast::SelectItem::QualifiedWildcard(..))
            };
            match select.projection.iter().any(is_wildcard) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    match parse(text) {
        Ok(Statement::Statement(statement)) => statement.visit(&mut Wildcards).is_break(),
        _ => true,
    }
}

/// The names by which columns are qualified in the text: of tables, or what it calls them, and those that a WITH defines.
pub fn table_names(text: &str) -> BTreeSet<String> {
    #[derive(Default)]
    struct Names(BTreeSet<String>);
    impl Visitor for Names {
        type Break = ();

        fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
            let tables = query.with.iter().flat_map(|with| &with.cte_tables);
            self.0.extend(tables.map(|table| table.alias.name.value.clone()));
            ControlFlow::Continue(())
        }

        fn pre_visit_table_factor(&mut self, factor: &ast::TableFactor) -> ControlFlow<()> {
            let (alias, name) = match factor {
                ast::TableFactor::Table { alias, name, .. } => (alias, name.0.last().and_then(|part| part.as_ident())),
                ast::TableFactor::Derived { alias, .. } => (alias, None),
                _ => (&None, None),
            };
            let named = alias.as_ref().map(|alias| &alias.name).or(name);
            self.0.extend(named.map(|name| name.value.clone()));
            ControlFlow::Continue(())
        }
    }
    let mut names = Names::default();
    if let Ok(Statement::Statement(statement)) = parse(text) {
        let _ = statement.visit(&mut names);
    }
    names.0
}

/// Where the nth statement starts, counted from 0, to the end of that line.
pub fn start_of(text: &str, nth: usize) -> Span {
    let tokens = dialect::tokenize(text).unwrap_or_default();
    let mut statements = tokens
        .split(|token| token.token == Token::SemiColon)
        .filter_map(|tokens| tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF)));
    let start = statements.nth(nth).map_or(0, |token| byte_at(text, token.span.start));
    start..start + text[start..].lines().next().unwrap_or_default().len()
}

/// A table that a statement reads: its name's parts, in lower case.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    pub parts: Vec<String>,
    pub span: Span,
}

/// The tables that a statement reads, each time it does. Names that a WITH defines are no tables.
pub fn references(statement: &Statement, text: &str) -> Vec<Reference> {
    let mut finder = References { text, scopes: vec![], found: vec![] };
    if let Statement::Statement(statement) = statement {
        let _ = statement.visit(&mut finder);
    }
    finder.found
}

struct References<'a> {
    text: &'a str,
    /// The names defined by the WITH of each query around the visited place.
    scopes: Vec<BTreeSet<String>>,
    found: Vec<Reference>,
}

impl Visitor for References<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(tables.map(|table| table.alias.name.value.clone()).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &ast::TableFactor) -> ControlFlow<()> {
        // With arguments it is a function: `range(10)`.
        if let ast::TableFactor::Table { name, args: None, .. } = factor {
            let parts: Vec<String> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.clone())).collect();
            let defined = matches!(parts.as_slice(), [one] if self.scopes.iter().any(|scope| scope.contains(one)));
            if !defined {
                self.found.push(Reference { parts, span: bytes(self.text, name.span()) });
            }
        }
        ControlFlow::Continue(())
    }
}

fn syntax_fault(text: &str, error: DataFusionError) -> SqlFault {
    let message = match error.find_root() {
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.clone(),
            ParserError::RecursionLimitExceeded => {
                return SqlFault {
                    span: first_word(text),
                    message: "this statement nests too deep for the parser".into(),
                    hint: Some("are there hundreds of NOTs or signs in a row?".into()),
                };
            }
        },
        other => other.strip_backtrace(),
    };
    // The parser has the place at the end of its words: "Expected: …, found: x at Line: 3, Column: 7".
    let (message, place) = match message.rsplit_once(" at Line: ") {
        Some((message, place)) => (message.to_string(), place.split_once(", Column: ")),
        None => (message, None),
    };
    let place = place.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    let at = match place {
        Some((line, column)) => byte_at(text, Location { line, column }),
        None => text.trim_end().len(),
    };
    let found = message.rsplit_once("found: ").map_or("", |(_, found)| found);
    let at = place_of(found, text, at);
    let message = lowered(&message).replacen("expected: ", "expected ", 1).replacen(", found: ", ", found ", 1);
    let message = match found {
        "EOF" => message.replacen("found EOF", "found the end", 1),
        "" => message,
        found => format!("{}`{found}`", message.strip_suffix(found).unwrap_or(&message)),
    };
    let hint = syntax_hint(&message, text, at);
    SqlFault { span: word_at(text, at), message: format!("SQL syntax: {message}"), hint: Some(hint) }
}

/// The statement's first word that is no comment.
fn first_word(text: &str) -> Span {
    let start = start_of(text, 0).start;
    word_at(text, start)
}

/// Some of the parser's faults are placed a word behind the one that they name.
fn place_of(found: &str, text: &str, at: usize) -> usize {
    let is_found = |at: &usize| text[*at..].get(..found.len()).is_some_and(|word| word.eq_ignore_ascii_case(found));
    if found.is_empty() || found == "EOF" || is_found(&at) {
        return at;
    }
    let before = text[..at].char_indices().rev().map(|(at, _)| at);
    before.take_while(|before| at - before <= found.len() + 80).find(is_found).unwrap_or(at)
}

/// What is probably meant: a keyword is misspelt, or a comma or a bracket is too many or too few.
fn syntax_hint(message: &str, text: &str, at: usize) -> String {
    const KEYWORDS: [&str; 20] = [
        "SELECT",
        "DISTINCT",
        "FROM",
        "WHERE",
        "GROUP",
        "BY",
        "HAVING",
        "ORDER",
        "LIMIT",
        "JOIN",
        "LEFT",
        "RIGHT",
        "INNER",
        "OUTER",
        "CROSS",
        "UNION",
        "EXCEPT",
        "WITH",
        "PARTITION",
        "OVER",
    ];
    let before = text[..at].trim_end();
    let last = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let meant = |word: &str| {
        let is_keyword = KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
        nearest(word, KEYWORDS).filter(|_| word.len() > 3 && !is_keyword)
    };
    match [last, &text[word_at(text, at)]].into_iter().find_map(meant) {
        Some(keyword) => format!("did you mean `{keyword}`?"),
        None if before.ends_with(',') || text[at..].starts_with(',') => "is there a comma too many?".to_string(),
        None if message.starts_with("expected )") => "is a bracket not closed, or a comma missing?".to_string(),
        None => "look at what stands just before this place".to_string(),
    }
}

/// A place of the parser, which counts lines and characters from 1, as bytes.
fn bytes(text: &str, span: datafusion::sql::sqlparser::tokenizer::Span) -> Span {
    let start = byte_at(text, span.start);
    start..byte_at(text, span.end).max(start)
}

/// The byte of a line and column; the end of the text for the parser's "nowhere" (line 0).
fn byte_at(text: &str, place: Location) -> usize {
    let Some(line) = (place.line as usize).checked_sub(1) else { return text.trim_end().len() };
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let column = (place.column as usize).saturating_sub(1);
    start + text[start..].chars().take(column).map(char::len_utf8).sum::<usize>()
}

/// The word, or else the one character, that starts at a byte.
fn word_at(text: &str, at: usize) -> Span {
    let rest = &text[at..];
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    at..at + word.max(rest.chars().next().map_or(0, char::len_utf8))
}

/// Messages start in lower case, as all of ours do.
fn lowered(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(text: &str) -> Vec<String> {
        references(&parse(text).unwrap(), text).iter().map(|table| table.parts.join(".")).collect()
    }

    #[test]
    fn lowers_every_identifier_and_no_text() {
        let text = r#"SELECT p.`Cost Total $` AS `Total`, Rating.Rate, "It's" x FROM raw.Products P WHERE c = 'Abc'"#;
        let lowered =
            r#"SELECT p.`cost total $` AS `total`, rating.rate, 'It''s' AS x FROM raw.products p WHERE c = 'Abc'"#;
        assert_eq!(parse(text).unwrap().to_string(), lowered);
    }

    #[test]
    fn finds_tables_but_not_what_with_defines() {
        let text = "WITH a AS (SELECT * FROM raw.x), b AS (SELECT * FROM a) \
                    SELECT * FROM b JOIN trusted.y ON (SELECT max(k) FROM Trusted.Z) > 1 WHERE k IN (SELECT k FROM plain)";
        assert_eq!(tables(text), ["raw.x", "trusted.y", "trusted.z", "plain"]);
        let text = "SELECT é FROM raw.x";
        let text = text.replace('é', "'é'");
        let found = references(&parse(&text).unwrap(), &text);
        assert_eq!(&text[found[0].span.clone()], "raw.x");
    }

    #[test]
    fn a_condition_means_the_same_as_in_a_query() {
        let condition = parse_condition(r#"`Cost Total $` > 0 OR Kind IN ("It's", 'B')"#).unwrap();
        assert_eq!(condition, "`cost total $` > 0 OR kind IN ('It''s', 'B')");
        assert_eq!(parse_condition(&condition).unwrap(), condition);
        assert!(parse_condition("a > 0 b").is_err());
    }

    #[test]
    fn points_at_the_fault() {
        let text = "SELECT a\nFROM raw.x\nWHERE GROUP BY a";
        let fault = parse(text).unwrap_err();
        assert_eq!(text[..fault.span.start].lines().count(), 3);
        assert!(fault.message.starts_with("SQL syntax: expected"), "{}", fault.message);
        let text = "SELECT 'open FROM x";
        assert_eq!(parse(text).unwrap_err().span.start, 7);
        assert_eq!(parse("").unwrap_err().message, "there is no statement here");
        let text = "SELECT 1;\nSELECT 2";
        assert_eq!(&text[parse(text).unwrap_err().span], "SELECT 2");
        assert_eq!(parse_all(text).unwrap().len(), 2);
    }

    #[tokio::test]
    async fn plans_odd_names_in_any_case() {
        let context = datafusion::prelude::SessionContext::new();
        let table = r#"CREATE VIEW t AS SELECT 1 AS "cost total $", 2 AS "beak length (mm)""#;
        context.sql(table).await.unwrap();
        let statement =
            parse("SELECT T.`Cost Total $` AS `A b`, `BEAK length (mm)` FROM T WHERE `cost Total $` = 1").unwrap();
        let plan = context.state().statement_to_plan(statement).await.unwrap();
        let names: Vec<&String> = plan.schema().fields().iter().map(|field| field.name()).collect();
        assert_eq!(names, ["a b", "beak length (mm)"]);
    }
}
