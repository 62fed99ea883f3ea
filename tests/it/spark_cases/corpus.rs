//! The golden cases as they are committed; `spark-compat/README.md` tells the format.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Cases of one kind.
pub struct Family {
    pub name: String,
    /// That of the session in which Spark was asked.
    pub zone: String,
    pub tables: Vec<Table>,
}

/// Rows of edge values, and what Spark answered about them.
pub struct Table {
    /// `a int, b int`; nothing for cases that read no table.
    pub columns: String,
    pub rows: Vec<Row>,
    pub cases: Vec<Case>,
}

pub struct Row {
    pub json: String,
    /// One for each column.
    pub literals: Vec<String>,
}

pub struct Case {
    pub text: String,
    pub is_statement: bool,
    answers: Vec<Answer>,
}

struct Answer {
    /// `true`, `false` or `both`.
    ansi: String,
    /// `columns`, `literals` or `both`.
    form: String,
    of: Vec<String>,
}

/// How a case meets its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Literals,
    Columns,
}

/// What a value of an answer begins with where Spark refuses.
const REFUSAL: &str = "ERROR";

/// What Spark answered: for an expression its type and value in each row.
pub enum Expected {
    /// With its class: `ERROR [PARSE_SYNTAX_ERROR]`.
    Refusal(String),
    Values {
        types: Vec<String>,
        values: Vec<String>,
    },
    Rows {
        types: Vec<String>,
        names: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

pub fn is_refusal(value: &str) -> bool {
    value.starts_with(REFUSAL)
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spark-compat/cases")
}

pub fn read(family: &str) -> Family {
    let text = fs::read_to_string(folder().join(format!("{family}.tsv"))).unwrap();
    let mut read = Family { name: family.to_string(), zone: "UTC".into(), tables: vec![] };
    for line in text.lines() {
        let fields: Vec<String> = line.split('\t').map(str::to_string).collect();
        match fields[0].as_str() {
            "zone" => read.zone = fields[1].clone(),
            "table" => {
                let columns = fields.get(1).cloned().unwrap_or_default();
                read.tables.push(Table { columns, rows: vec![], cases: vec![] });
            }
            kind => read.tables.last_mut().expect("a table comes first").add(kind, &fields[1..]),
        }
    }
    read
}

impl Table {
    fn add(&mut self, kind: &str, fields: &[String]) {
        match (kind, fields) {
            ("row", [json, literals @ ..]) => self.rows.push(Row { json: json.clone(), literals: literals.to_vec() }),
            ("case" | "statement", [text, ansi, rest @ ..]) => {
                let is_statement = kind == "statement";
                let (form, of) = if is_statement { ("both", rest) } else { (rest[0].as_str(), &rest[1..]) };
                let answer = Answer { ansi: ansi.clone(), form: form.to_string(), of: of.to_vec() };
                match self.cases.last_mut() {
                    // Its answers in the other mode, or in the other form.
                    Some(case) if case.text == *text && case.expected_answer(ansi, form).is_none() => {
                        case.answers.push(answer);
                    }
                    _ => self.cases.push(Case { text: text.clone(), is_statement, answers: vec![answer] }),
                }
            }
            _ => panic!("a line that begins with `{kind}`"),
        }
    }

    /// Names and types.
    pub fn named_types(&self) -> Vec<(String, String)> {
        let columns = split(&self.columns).into_iter();
        columns
            .map(|column| column.split_once(' ').map(|(n, t)| (n.into(), t.into())).expect("a name and a type"))
            .collect()
    }

    /// The row of which every value is null.
    pub fn null_row(&self) -> Option<usize> {
        self.rows.iter().position(|row| row.json == "{}" && !self.columns.is_empty())
    }

    /// The case's text with the row's literals in place of the columns' names.
    pub fn with_literals(&self, case: &Case, row: usize) -> String {
        let names = self.named_types().into_iter().map(|(name, _)| name);
        let literals: BTreeMap<String, &String> = names.zip(&self.rows[row].literals).collect();
        let tokens = tokens(&case.text);
        let last_of = |tokens: &[&str]| tokens.concat().trim_end().chars().last();
        let first_of = |tokens: &[&str]| tokens.concat().trim_start().chars().next();
        let replaced = tokens.iter().enumerate().map(|(at, token)| match literals.get(*token) {
            Some(literal) if last_of(&tokens[..at]) != Some('.') && first_of(&tokens[at + 1..]) != Some('(') => {
                if is_plain(literal) {
                    literal.to_string()
                } else {
                    format!("({literal})")
                }
            }
            _ => token.to_string(),
        });
        replaced.collect()
    }
}

impl Case {
    fn expected_answer(&self, ansi: &str, form: &str) -> Option<&Answer> {
        let is = |said: &str, wanted: &str| said == "both" || said == wanted;
        self.answers.iter().find(|answer| is(&answer.ansi, ansi) && is(&answer.form, form))
    }

    pub fn expected(&self, ansi: bool, form: Form, rows: usize) -> Expected {
        let form = if form == Form::Literals { "literals" } else { "columns" };
        let answer = self.expected_answer(if ansi { "true" } else { "false" }, form).expect("an answer in each form");
        let (first, rest) = answer.of.split_first().expect("an answer");
        if rest.is_empty() && is_refusal(first) {
            return Expected::Refusal(first.clone());
        }
        if self.is_statement {
            let parts = |text: &String| text.split(" | ").map(str::to_string).collect::<Vec<_>>();
            return Expected::Rows {
                types: parts(first),
                names: parts(&rest[0]),
                rows: rest[1..].iter().map(parts).collect(),
            };
        }
        let mut types: Vec<String> = first.split("; ").map(str::to_string).collect();
        if types.len() == 1 {
            types = vec![types[0].clone(); rows];
        }
        Expected::Values { types, values: rest.to_vec() }
    }

    /// Whether the statement orders its rows, and not only a part of it in brackets.
    pub fn is_ordered(&self) -> bool {
        let mut depth = 0;
        let outer = self.text.chars().filter(|c| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0
        });
        outer.collect::<String>().contains("ORDER BY")
    }
}

/// At commas that stand in no brackets.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        depth += i32::from("(<".contains(c)) - i32::from(")>".contains(c));
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().expect("one").push(c),
        }
    }
    parts.iter().map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

/// Words, numbers, quoted texts, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let (mut tokens, mut rest) = (vec![], text);
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            '\'' | '"' | '`' => {
                let mut is_escaped = false;
                let closes = |(_, c): &(usize, char)| {
                    let closes = *c == first && !is_escaped;
                    is_escaped = *c == '\\' && !is_escaped && first != '`';
                    closes
                };
                rest.char_indices().skip(1).find(closes).map(|(at, c)| at + c.len_utf8())
            }
            '0'..='9' => rest.find(|c| !is_word(c) && c != '.'),
            _ if is_word(first) => rest.find(|c| !is_word(c)),
            _ => Some(first.len_utf8()),
        };
        let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// What stays one thing wherever it stands: `-7` behind a minus would begin a comment.
fn is_plain(literal: &str) -> bool {
    let is_number = literal.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    is_number || (tokens(literal).len() == 1 && literal.starts_with('\'') && !literal.contains('\\'))
}
