//! The same over the same stored tables on two nodes: whatever is equal to Spark as columns here is so there.

use std::collections::BTreeMap;

use trapiche::engine::{Engine, Session};
use trapiche::lake::Lake;
use trapiche::project::{Target, Workers};

use super::asker::{self, LIMITS, ask, table_name};
use super::cells::Sound;
use super::corpus::{self, Case, Family, Form};
use super::judge::{Asked, Status};
use super::{FAMILIES, open, runtime, view, with_deep_stack};
use crate::nodes::Nodes;

/// Few enough for one plan.
const AT_ONCE: usize = 40;

#[test]
fn on_workers() {
    with_deep_stack(|| {
        let nodes = Nodes::start(2);
        let addresses: Vec<String> = nodes.all.iter().map(|node| node.address.clone()).collect();
        let workers = Workers { local_below: 0, at_least: 2, ..Workers::listed(&addresses, None).unwrap() };
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::in_folder(folder.path()).unwrap();
        runtime().block_on(async {
            let nowhere = Target::nowhere(folder.path());
            let (mut asked, mut differing) = (0, BTreeMap::new());
            for name in FAMILIES {
                let family = corpus::read(name);
                asker::store(&lake, &family).await;
                for sql in asker::modes(&family) {
                    let ansi = sql.ansi;
                    let target = Target { workers: Some(workers.clone()), sql, ..nowhere.clone() };
                    let engine = Engine::open(&lake, &LIMITS, &target).await.unwrap();
                    let session = asker::open(engine.conversation("cases").await.unwrap(), &family).await;
                    asked += Sweep { session: &session, family: &family, ansi }.run(&mut differing).await;
                    session.close().await;
                }
            }
            println!("{asked} cases on workers, {} differ", differing.len());
            open::check_workers(&differing);
        });
    });
}

/// The last digit of such a sum of doubles depends on which worker's part comes first, which neither Spark promises.
const OPEN_TO_ORDER: [&str; 2] = ["SELECT corr(n, m) FROM t", "SELECT skewness(n), kurtosis(n) FROM t"];

/// Why, for each case that differs, named as in the list of those that do.
pub type Differing = BTreeMap<String, String>;

struct Sweep<'a> {
    session: &'a Session,
    family: &'a Family,
    ansi: bool,
}

impl Sweep<'_> {
    /// How many cases were asked.
    async fn run(&self, differing: &mut Differing) -> usize {
        let Sweep { session, family, ansi } = *self;
        let (listed, by_design) = (open::read(&family.name), open::by_design(&family.name));
        let holds = |number: usize, case: &Case| {
            let how = listed.get(&(ansi, number, case.text.clone()));
            let is_left_out = by_design.contains(&case.text) || OPEN_TO_ORDER.contains(&case.text.as_str());
            how.is_none_or(|how| how.ends_with("\tequal")) && !is_left_out
        };
        let mut asked = 0;
        for (number, table) in family.tables.iter().enumerate().filter(|(_, table)| !table.columns.is_empty()) {
            let name = table_name(family, number).to_string();
            let asking = Asked { session, table, name: &name, ansi, each: false };
            assert_spread(session, &name).await;
            if table.cases[0].is_statement {
                let columns: Vec<String> = table.named_types().into_iter().map(|(name, _)| name).collect();
                view(session, &format!("SELECT {} FROM {name}", columns.join(", "))).await;
            }
            let (mut singly, mut sound, mut found) = (vec![], vec![], vec![]);
            for case in table.cases.iter().filter(|case| holds(number, case)) {
                asked += 1;
                match asking.sound(case, Form::Columns) {
                    Some(case) => sound.push(case),
                    None => singly.push(case),
                }
            }
            for some in sound.chunks(AT_ONCE) {
                let some: Vec<&Sound<'_>> = some.iter().collect();
                if !asking.are_equal(&some, Form::Columns).await {
                    singly.extend(some.iter().map(|sound| sound.case));
                }
            }
            for case in singly {
                let verdict = asking.judge(case, Form::Columns).await;
                found.extend((verdict.status > Status::Equal).then_some((case, verdict.said)));
            }
            let named = |case: &Case| format!("{ansi}\t{}\t{number}\t{}", family.name, case.text);
            differing.extend(found.into_iter().map(|(case, said)| (named(case), said)));
        }
        asked
    }
}

/// The sweep is worth nothing if the driver reads the table by itself.
async fn assert_spread(session: &Session, name: &str) {
    let plan = ask(session, &format!("EXPLAIN ANALYZE SELECT nr FROM {name} ORDER BY nr")).await;
    let plan = plan.map(|plan| plan.rows.concat().concat()).unwrap_or_else(|refused| refused.message);
    assert!(plan.contains("Network"), "{plan}");
}
