//! The values of expressions, row by row, in as few questions as will do.

use super::asker::{Answered, Refused, ask};
use super::corpus::{Case, Expected, Form, is_refusal};
use super::judge::{Asked, is_same};

/// A row's type and values: more than one where several stored rows have the same number.
pub type Cell = Result<(String, Vec<String>), String>;

/// An expression that Spark answers in every row, with its types and values.
pub struct Sound<'a> {
    pub case: &'a Case,
    types: Vec<String>,
    values: Vec<String>,
}

impl Asked<'_> {
    /// What is asked of several at once.
    pub fn sound<'a>(&self, case: &'a Case, form: Form) -> Option<Sound<'a>> {
        match case.expected(self.ansi, form, self.table.rows.len()) {
            Expected::Values { types, values } if !is_interval(&types[0]) && !values.iter().any(|v| is_refusal(v)) => {
                Some(Sound { case, types, values })
            }
            _ => None,
        }
    }

    /// Whether all are equal in each row, asked in one query.
    pub async fn are_equal(&self, cases: &[&Sound<'_>], form: Form) -> bool {
        let rows = self.table.rows.len();
        match form {
            Form::Columns => {
                let values: Vec<_> = cases.iter().map(|sound| format!("({})", sound.case.text)).collect();
                let query = format!("SELECT nr, {} FROM {} ORDER BY nr", named(&values), self.name);
                let Ok(answered) = ask(self.session, &query).await else { return false };
                let stored = if self.table.null_row().is_some() { 2 * rows - 1 } else { rows };
                assert_eq!(answered.rows.len(), stored, "{query}");
                let types = answered.columns.iter().skip(1).zip(cases);
                types.into_iter().all(|((_, here), sound)| *here == sound.types[0])
                    && answered.rows.iter().all(|row| {
                        let nr: usize = row[0].parse().expect("a number");
                        let mut values = row[1..].iter().zip(cases);
                        values.all(|(here, sound)| is_same(here, &sound.values[nr], &sound.types[nr]))
                    })
            }
            Form::Literals => {
                let expected = cases.iter().flat_map(|sound| sound.types.iter().zip(&sound.values));
                let texts =
                    cases.iter().flat_map(|sound| (0..rows).map(|nr| self.with_literals(sound.case, nr, false)));
                let query = format!("SELECT {}", named(&texts.collect::<Vec<_>>()));
                let Ok(answered) = ask(self.session, &query).await else { return false };
                let found = answered.columns.iter().zip(&answered.rows[0]);
                found.zip(expected).all(|(((_, here), value), (type_name, expected))| {
                    here == type_name && is_same(value, expected, type_name)
                })
            }
        }
    }

    /// Of each row, where Spark answered this.
    pub async fn cells(&self, case: &Case, form: Form, type_name: &str, values: &[String]) -> Vec<Cell> {
        let as_text = is_interval(type_name);
        // Where it refuses all the same way no row needs a question of its own.
        let is_failing = |nr: &usize| !type_name.is_empty() && is_refusal(&values[*nr]);
        let (failing, sound): (Vec<usize>, Vec<usize>) = (0..values.len()).partition(is_failing);
        match form {
            Form::Columns => self.of_columns(case, as_text, &failing, &sound).await,
            Form::Literals => self.of_literals(case, as_text, &failing, &sound).await,
        }
    }

    async fn of_columns(&self, case: &Case, as_text: bool, failing: &[usize], sound: &[usize]) -> Vec<Cell> {
        let query = format!("SELECT nr, {} AS v FROM {}", value_of(&case.text, as_text), self.name);
        let numbers = failing.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let filtered = if failing.is_empty() { query.clone() } else { format!("{query} WHERE nr NOT IN ({numbers})") };
        let mut cells = vec![None; failing.len() + sound.len()];
        if !sound.is_empty() {
            match ask(self.session, &filtered).await {
                Ok(answered) => sound.iter().for_each(|nr| cells[*nr] = Some(Ok(of_row(&answered, *nr)))),
                Err(refused) if refused.while_planning => return vec![Err(refused.message); cells.len()],
                Err(_) => {}
            }
        }
        if !self.each && !failing.is_empty() {
            let all = ask(self.session, &query).await.map_err(|refused| refused.message);
            for nr in failing {
                cells[*nr] = Some(all.as_ref().map(|all| of_row(all, *nr)).map_err(String::clone));
            }
        }
        if !failing.is_empty() && !sound.is_empty() {
            // Where AND has decided, what may fail is not computed: a function that may is to be known as such.
            let asked = format!("coalesce(CAST(({}) AS STRING), '') <> '\u{1}'", case.text);
            let guarded = format!("SELECT nr FROM {} WHERE nr NOT IN ({numbers}) AND {asked}", self.name);
            if let Err(refused) = ask(self.session, &guarded).await {
                let message = format!("behind AND: {}", refused.message);
                sound.iter().for_each(|nr| cells[*nr] = Some(Err(message.clone())));
            }
        }
        // Which row it is that fails.
        for (nr, cell) in cells.iter_mut().enumerate().filter(|(_, cell)| cell.is_none()) {
            let answered = ask(self.session, &format!("{query} WHERE nr = {nr}")).await;
            *cell = Some(answered.map(|answered| of_row(&answered, nr)).map_err(|refused| refused.message));
        }
        cells.into_iter().flatten().collect()
    }

    async fn of_literals(&self, case: &Case, as_text: bool, failing: &[usize], sound: &[usize]) -> Vec<Cell> {
        let mut cells = vec![None; failing.len() + sound.len()];
        let texts: Vec<String> = (0..cells.len()).map(|nr| self.with_literals(case, nr, as_text)).collect();
        let sound_texts: Vec<String> = sound.iter().map(|nr| texts[*nr].clone()).collect();
        if !sound.is_empty() {
            match ask(self.session, &format!("SELECT {}", named(&sound_texts))).await {
                Ok(answered) => {
                    let found = answered.columns.into_iter().zip(answered.rows.concat()).zip(sound);
                    found.for_each(|(((_, here), value), nr)| cells[*nr] = Some(Ok((here, vec![value]))));
                }
                // What is wrong with the first and the last of them alike is wrong with all.
                Err(_) => {
                    let first = ask(self.session, &format!("SELECT {}", texts[sound[0]])).await;
                    let last = ask(self.session, &format!("SELECT {}", texts[sound[sound.len() - 1]])).await;
                    if let (Err(first), Err(last)) = (first, last)
                        && first.while_planning
                        && first.message == last.message
                    {
                        return vec![Err(first.message); cells.len()];
                    }
                }
            }
        }
        for (nr, cell) in cells.iter_mut().enumerate().filter(|(_, cell)| cell.is_none()) {
            *cell = Some(one(ask(self.session, &format!("SELECT {}", texts[nr])).await));
        }
        cells.into_iter().flatten().collect()
    }

    fn with_literals(&self, case: &Case, nr: usize, as_text: bool) -> String {
        value_of(&self.table.with_literals(case, nr), as_text)
    }
}

fn is_interval(type_name: &str) -> bool {
    type_name.starts_with("interval")
}

/// In brackets, so that it stays one expression. An interval is asked for as text: engines have several types for it.
fn value_of(expression: &str, as_text: bool) -> String {
    if as_text { format!("CAST(({expression}) AS STRING)") } else { format!("({expression})") }
}

fn named(values: &[String]) -> String {
    let named = values.iter().enumerate().map(|(at, value)| format!("{value} AS v{at}"));
    named.collect::<Vec<_>>().join(", ")
}

/// Those rows that have the number.
fn of_row(answered: &Answered, nr: usize) -> (String, Vec<String>) {
    let number = nr.to_string();
    let values = answered.rows.iter().filter(|row| row[0] == number).map(|row| row[1].clone());
    (answered.columns[1].1.clone(), values.collect())
}

fn one(answered: Result<Answered, Refused>) -> Cell {
    let one = |mut answered: Answered| (answered.columns.remove(0).1, answered.rows.concat());
    answered.map(one).map_err(|refused| refused.message)
}
