//! One case, asked here and compared with what Spark answered.

use std::fmt;

use trapiche::engine::Session;

use super::asker::{Answered, PANIC, Refused, ask};
use super::cells::Cell;
use super::corpus::{Case, Expected, Form, Table, is_refusal};
use super::text;

/// How it went, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Equal,
    /// The same values in columns of other names.
    Name,
    /// The same values in other types.
    Type,
    /// An answer to what Spark does not begin: it has no such function, or not for these types.
    Loose,
    Refused,
    Wrong,
    /// No answer of any kind.
    Panics,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Equal => "equal",
            Status::Name => "name",
            Status::Type => "type",
            Status::Loose => "loose",
            Status::Refused => "refused",
            Status::Wrong => "wrong",
            Status::Panics => "panics",
        })
    }
}

/// The worst of a case's rows, with what was said there, and how many rows were equal.
pub struct Verdict {
    pub status: Status,
    pub said: String,
    pub equal: usize,
    pub of: usize,
}

impl Verdict {
    /// Of an expression that is equal in each row.
    pub fn equal(rows: usize) -> Verdict {
        Verdict { status: Status::Equal, said: String::new(), equal: rows, of: rows }
    }

    fn of(rows: impl IntoIterator<Item = (Status, String)>) -> Verdict {
        let mut verdict = Verdict { status: Status::Equal, said: String::new(), equal: 0, of: 0 };
        for (status, said) in rows {
            verdict.of += 1;
            verdict.equal += usize::from(status == Status::Equal);
            if status > verdict.status {
                (verdict.status, verdict.said) = (status, said);
            }
        }
        verdict
    }
}

/// Asks about a table's rows under one name.
pub struct Asked<'a> {
    pub session: &'a Session,
    pub table: &'a Table,
    /// `trusted.dates_0`.
    pub name: &'a str,
    pub ansi: bool,
    /// Whether each row that Spark refuses is asked by itself, and not only all rows at once.
    pub each: bool,
}

impl Asked<'_> {
    pub async fn judge(&self, case: &Case, form: Form) -> Verdict {
        let rows = self.table.rows.len();
        match case.expected(self.ansi, form, rows) {
            Expected::Rows { rows, .. } if rows.concat().iter().any(|value| is_refusal(value)) => {
                Verdict::of([refused(ask(self.session, &case.text).await, &rows.concat().concat(), Status::Wrong)])
            }
            Expected::Rows { types, names, rows } => Verdict::of([match ask(self.session, &case.text).await {
                Err(refused) => (refusal(&refused.message), refused.message),
                Ok(answered) => self.compare_rows(case, answered, Rows { types, names, rows }),
            }]),
            Expected::Refusal(class) if case.is_statement => {
                Verdict::of([refused(ask(self.session, &case.text).await, &class, Status::Loose)])
            }
            expected => {
                let (types, values) = match expected {
                    Expected::Values { types, values } => (types, values),
                    // Found before anything ran: there is no type.
                    Expected::Refusal(class) => (vec![String::new(); rows], vec![class; rows]),
                    Expected::Rows { .. } => unreachable!("a statement"),
                };
                let cells = self.cells(case, form, &types[0], &values).await;
                let compared = cells.into_iter().zip(types.iter().zip(&values)).enumerate();
                Verdict::of(compared.map(|(nr, (cell, (type_name, value)))| {
                    let (status, said) = compare(cell, type_name, value);
                    (status, format!("{}: {said}", self.table.with_literals(case, nr)))
                }))
            }
        }
    }

    fn compare_rows(&self, case: &Case, answered: Answered, expected: Rows) -> (Status, String) {
        let Rows { types, names, mut rows } = expected;
        let mut found = answered.rows;
        if !case.is_ordered() {
            found.sort();
            rows.sort();
        }
        let same_row = |(found, expected): (&Vec<String>, &Vec<String>)| {
            found.len() == expected.len()
                && found.iter().zip(expected).zip(&types).all(|((a, b), type_name)| is_same(a, b, type_name))
        };
        let here_types: Vec<&String> = answered.columns.iter().map(|(_, type_name)| type_name).collect();
        let here_names: Vec<String> = answered.columns.iter().map(|(name, _)| text::escaped(name)).collect();
        if found.len() != rows.len() || !found.iter().zip(&rows).all(same_row) {
            let shown = |rows: &[Vec<String>]| rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("; ");
            (Status::Wrong, format!("Spark: {}, here: {}", shown(&rows), shown(&found)))
        } else if here_types.iter().copied().ne(&types) {
            (Status::Type, format!("Spark: {types:?}, here: {here_types:?}"))
        } else if here_names != names {
            (Status::Name, format!("Spark: {names:?}, here: {here_names:?}"))
        } else {
            (Status::Equal, String::new())
        }
    }
}

/// What Spark answers to a statement.
struct Rows {
    types: Vec<String>,
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Where Spark refuses a statement.
fn refused(answered: Result<Answered, Refused>, class: &str, otherwise: Status) -> (Status, String) {
    match answered {
        Err(refused) if refused.message.starts_with(PANIC) => (Status::Panics, refused.message),
        Err(refused) => (Status::Equal, refused.message),
        Ok(answered) => (otherwise, format!("Spark: {class}, here: {:?}", answered.rows)),
    }
}

fn refusal(message: &str) -> Status {
    if message.starts_with(PANIC) { Status::Panics } else { Status::Refused }
}

fn compare(cell: Cell, type_name: &str, expected: &str) -> (Status, String) {
    match cell {
        Err(message) if is_refusal(expected) && !message.starts_with(PANIC) => (Status::Equal, message),
        Err(message) => (refusal(&message), format!("Spark: {expected} ({type_name}), here: {message}")),
        Ok((here, values)) => {
            let said = format!("Spark: {expected} ({type_name}), here: {} ({here})", values.join(", "));
            let is_interval = type_name.starts_with("interval");
            if type_name.is_empty() {
                (Status::Loose, said)
            } else if values.is_empty() || !values.iter().all(|value| is_same(value, expected, type_name)) {
                (Status::Wrong, said)
            } else if here != type_name && !is_interval {
                (Status::Type, said)
            } else {
                (Status::Equal, said)
            }
        }
    }
}

/// The same text or, of doubles, the same number within what one addition in another order may change.
pub fn is_same(here: &str, expected: &str, type_name: &str) -> bool {
    let numbers = || Some((here.parse::<f64>().ok()?, expected.parse::<f64>().ok()?));
    here == expected
        || (type_name == "double"
            && numbers().is_some_and(|(a, b)| a != b && a.is_finite() && (a - b).abs() <= 1e-15 * b.abs()))
}
