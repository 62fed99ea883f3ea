//! What SQL means, judged by Spark case by case: each expression of `spark-compat/cases/` as literals and as columns of
//! a stored table, and each statement over a list of values and over a stored table.

mod asker;
mod cells;
mod corpus;
mod judge;
mod open;
mod text;
mod workers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tokio::runtime::Runtime;
use trapiche::config;
use trapiche::engine::{Engine, Session};
use trapiche::lake::Lake;

use asker::{LIMITS, ask, table_name};
use cells::Sound;
use corpus::{Case, Family, Form, Table};
use judge::{Asked, Status, Verdict};
use open::Open;

/// A file to which each family adds what differs, where this is set.
const REPORT: &str = "SPARK_CASES_REPORT";

macro_rules! families {
    ($($family:ident)*) => {
        const FAMILIES: &[&str] = &[$(stringify!($family)),*];
        $(
            #[test]
            fn $family() {
                with_deep_stack(|| judge_family(stringify!($family)));
            }
        )*
    };
}

families! {
    literals integers decimals doubles casts conditions dates timestamps patterns zones text regex json csv lists maps hashes
    tries aggregates windows generators clauses reports random_dates random_decimals random_casts
}

#[test]
fn every_family_is_asked() {
    let files = fs::read_dir(corpus::folder()).unwrap().map(|file| file.unwrap().path());
    let names = files.filter(|file| file.extension().is_some_and(|extension| extension == "sql"));
    let mut names: Vec<String> = names.map(|file| file.file_stem().unwrap().to_str().unwrap().to_string()).collect();
    names.retain(|name| name != "everyday");
    names.sort();
    let mut asked = FAMILIES.to_vec();
    asked.sort();
    assert_eq!(names, asked);
    let count = |family: &&str| corpus::read(family).tables.iter().map(|table| table.cases.len()).sum::<usize>();
    assert!(FAMILIES.iter().map(count).sum::<usize>() > 1000);
}

fn judge_family(name: &str) {
    let family = corpus::read(name);
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::in_folder(folder.path()).unwrap();
    runtime().block_on(async {
        asker::store(&lake, &family).await;
        let (mut open, mut summary) = (Open::default(), Summary::default());
        for mode in asker::modes(&family) {
            let engine = Engine::local(&lake, &LIMITS, &mode).unwrap();
            for number in 0..family.tables.len() {
                judge_table(&engine, &family, number, mode.ansi, &mut open, &mut summary).await;
            }
        }
        summary.print(name);
        open.check(name);
    });
}

async fn judge_table(
    engine: &Engine,
    family: &Family,
    number: usize,
    ansi: bool,
    open: &mut Open,
    summary: &mut Summary,
) {
    let table = &family.tables[number];
    let name = table_name(family, number).to_string();
    let stored = asker::open(engine.session().unwrap(), family).await;
    let listed = asker::open(engine.session().unwrap(), family).await;
    if table.cases[0].is_statement {
        let columns = table.named_types().into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        view(&stored, &format!("SELECT {columns} FROM {name}")).await;
        view(&listed, &list_of_values(table, &columns)).await;
    }
    let of = |session, each| Asked { session, table, name: &name, ansi, each };
    let (of_literals, of_columns) = (of(&listed, true), of(&stored, true));
    // What has held before is asked less often.
    let of_held_columns = of(&stored, open::is_renewed());
    let known = open::read(&family.name);
    let is_open = |case: &Case| known.contains_key(&(ansi, number, case.text.clone()));
    let equal = equal_at_once(&of_literals, &of_columns, table.cases.iter().filter(|case| !is_open(case))).await;
    for case in &table.cases {
        let (literals, columns) = if equal.contains(case.text.as_str()) {
            (Verdict::equal(table.rows.len()), Verdict::equal(table.rows.len()))
        } else if table.columns.is_empty() {
            (of_literals.judge(case, Form::Literals).await, of_literals.judge(case, Form::Literals).await)
        } else {
            let of_columns = if is_open(case) { &of_columns } else { &of_held_columns };
            (of_literals.judge(case, Form::Literals).await, of_columns.judge(case, Form::Columns).await)
        };
        summary.add(&case.text, [&literals, &columns]);
        open.add(ansi, number, case, literals.status, columns.status);
    }
}

/// Those of the expressions that are equal in both forms, several in a query.
async fn equal_at_once<'a>(
    of_literals: &Asked<'_>,
    of_columns: &Asked<'_>,
    cases: impl Iterator<Item = &'a Case>,
) -> BTreeSet<&'a str> {
    let mut equal = BTreeSet::new();
    if of_columns.table.columns.is_empty() {
        return equal;
    }
    let sound = cases.filter_map(|case| {
        let forms = (of_literals.sound(case, Form::Literals)?, of_columns.sound(case, Form::Columns)?);
        Some((case, forms.0, forms.1))
    });
    let sound: Vec<_> = sound.collect();
    // Few enough for one plan.
    for some in sound.chunks(150usize.div_ceil(of_columns.table.rows.len())) {
        let literals: Vec<&Sound<'_>> = some.iter().map(|(_, literals, _)| literals).collect();
        let columns: Vec<&Sound<'_>> = some.iter().map(|(_, _, columns)| columns).collect();
        if of_columns.are_equal(&columns, Form::Columns).await && of_literals.are_equal(&literals, Form::Literals).await
        {
            equal.extend(some.iter().map(|(case, ..)| case.text.as_str()));
        }
    }
    equal
}

/// Where the view cannot be made, what reads it is refused.
async fn view(session: &Session, query: &str) {
    let _ = ask(session, &format!("CREATE OR REPLACE TEMPORARY VIEW t AS {query}")).await;
}

fn list_of_values(table: &Table, columns: &str) -> String {
    let rows = table.rows.iter().map(|row| format!("({})", row.literals.join(", ")));
    format!("SELECT * FROM (VALUES {}) AS l({columns})", rows.collect::<Vec<_>>().join(", "))
}

/// Counts of cases, and of their rows, by form; and what differs.
#[derive(Default)]
struct Summary {
    cases: [BTreeMap<Status, usize>; 2],
    rows: [(usize, usize); 2],
    differing: Vec<(Status, String)>,
}

impl Summary {
    fn add(&mut self, case: &str, verdicts: [&Verdict; 2]) {
        for (form, verdict) in verdicts.iter().enumerate() {
            *self.cases[form].entry(verdict.status).or_default() += 1;
            self.rows[form].0 += verdict.equal;
            self.rows[form].1 += verdict.of;
        }
        let [literals, columns] = verdicts;
        let worst = if literals.status > columns.status { literals } else { columns };
        if worst.status > Status::Equal {
            let (literals, columns) = (literals.status, columns.status);
            let line = format!("{literals}/{columns}  {case}\n        {}", worst.said.replace('\n', " "));
            self.differing.push((worst.status, line));
        }
    }

    fn print(&mut self, name: &str) {
        let mut words = format!("{name}:");
        for (form, label) in ["as literals", "as columns"].iter().enumerate() {
            let counts: Vec<_> = self.cases[form].iter().map(|(status, count)| format!("{count} {status}")).collect();
            let (equal, of) = self.rows[form];
            words += &format!("\n  {label}: {}; {equal} of {of} rows", counts.join(", "));
        }
        println!("{words}");
        if let Some(file) = config::variable(REPORT) {
            self.differing.sort_by_key(|(status, _)| std::cmp::Reverse(*status));
            let lines: Vec<_> = self.differing.iter().map(|(_, line)| line.as_str()).collect();
            let file = fs::File::options().append(true).create(true).open(file);
            std::io::Write::write_all(&mut file.unwrap(), format!("{words}\n{}\n", lines.join("\n")).as_bytes())
                .unwrap();
        }
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).thread_stack_size(config::STACK_BYTES).enable_all().build().unwrap()
}

/// What plans a deep expression calls itself.
fn with_deep_stack(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(config::STACK_BYTES).spawn_scoped(scope, work).unwrap();
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}
