//! A project whose run takes some seconds: large partitioned tables, with odd partition values and bad rows.

use std::fmt::Write;
use std::sync::OnceLock;

use trapiche::lake::table::version;
use trapiche::lake::{Lake, TableName};
use trapiche::project;

use crate::many_nodes::Content;
use crate::workbench::{Workbench, copy, files_below};

const ROWS_PER_FILE: u64 = 12_000;
const BRANCHES: [&str; 4] = ["north", "south", "east", "west"];
const SHOPS: [&str; 8] = ["a/b", "50%", "men's", "x=y:z", "ñandú", "plain", "", "two words"];

/// What makes tables of what was captured.
pub const ALL_TABLES: [&str; 2] = ["trusted.*", "refined.*"];

pub const PARTITIONED: [&str; 2] = ["trusted/sales", "refined/by_sku"];

/// The project, all its sources captured and no table made.
pub fn captured() -> Workbench {
    let bench = Workbench { dir: tempfile::tempdir().unwrap() };
    copy(origin().bench.dir.path(), bench.dir.path());
    bench
}

/// What its tables have when nothing disturbs the run, computed on this machine.
pub fn expected() -> &'static Content {
    &origin().expected
}

struct Origin {
    bench: Workbench,
    expected: Content,
}

fn origin() -> &'static Origin {
    static ORIGIN: OnceLock<Origin> = OnceLock::new();
    ORIGIN.get_or_init(|| {
        let bench = new();
        bench.run(&["raw.*"]);
        let made = Workbench { dir: tempfile::tempdir().unwrap() };
        copy(bench.dir.path(), made.dir.path());
        made.run(&ALL_TABLES);
        Origin { bench, expected: made.lake_content() }
    })
}

fn new() -> Workbench {
    let branches = || BRANCHES.iter();
    let sources: String =
        branches().map(|branch| format!("  {branch}: {{ url: \"file://./{branch}.csv\" }}\n")).collect();
    let bench = Workbench::of(&[(
        "trapiche.yml",
        &format!("name: ledger\ntargets:\n  here:\n    storage: \"file://./lake\"\nsources:\n{sources}"),
    )]);
    for (branch, number) in branches().zip(0..) {
        bench.write(&format!("{branch}.csv"), &rows(number));
    }
    let union: Vec<String> = branches().map(|branch| format!("SELECT * FROM raw.{branch}")).collect();
    bench.write(
        "queries/trusted/sales.sql",
        &format!(
            "/* trapiche
partition_by: [shop, month]
checks:
  - {{ not_null: [quantity], on_fail: quarantine }}
*/
SELECT CAST(id AS bigint) AS id, sku, try_cast(quantity AS int) AS quantity, CAST(price AS decimal(10, 2)) AS price,
  CAST(day AS date) AS day, shop, substr(day, 6, 2) AS month
FROM ({}) AS lines
",
            union.join(" UNION ALL ")
        ),
    );
    bench.write(
        "queries/refined/by_sku.sql",
        "/* trapiche
partition_by: [month]
*/
SELECT sales.sku, count(*) AS lines, sum(sales.quantity * sales.price) AS revenue, max(best.quantity) AS most, month
FROM trusted.sales AS sales
JOIN (SELECT sku, max(quantity) AS quantity FROM trusted.sales GROUP BY sku) AS best ON best.sku = sales.sku
GROUP BY sales.sku, month
",
    );
    bench.write("queries/refined/by_shop.sql", "SELECT shop, count(*) AS lines FROM trusted.sales GROUP BY shop\n");
    bench
}

fn rows(file: u64) -> String {
    let mut chance = Chance::new(file);
    let mut text = "id,sku,quantity,price,day,shop\n".to_string();
    for row in 0..ROWS_PER_FILE {
        let id = file * ROWS_PER_FILE + row;
        let quantity = if chance.below(50) == 0 { "none".to_string() } else { (1 + chance.below(9)).to_string() };
        let (sku, price) = (chance.below(3000), chance.below(100_000));
        let (month, day) = (1 + chance.below(12), 1 + chance.below(28));
        let shop = SHOPS[chance.below(8) as usize];
        let cents = price % 100;
        writeln!(text, "{id},sku-{sku:05},{quantity},{}.{cents:02},2025-{month:02}-{day:02},{shop}", price / 100)
            .unwrap();
    }
    text
}

/// Visible files of the table's folder, and those that its newest version lists; both sorted.
pub fn files_by_listing_and_by_version(bench: &Workbench, table: &str) -> (Vec<String>, Vec<String>) {
    let listed = files_below(&bench.path(&format!("lake/{table}")));
    let project = project::load(bench.dir.path(), None, &|_| None).unwrap();
    let name = TableName::parse(&table.replace('/', ".")).unwrap();
    let of_version = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let lake = Lake::open(&project.target.storage).await.unwrap();
        match version::latest(&lake, &name).await.unwrap() {
            Some(newest) => version::files(&lake, &newest).await.unwrap(),
            None => vec![],
        }
    });
    let below = format!("{table}/");
    let mut of_version: Vec<String> =
        of_version.iter().map(|file| file.path.strip_prefix(&below).unwrap().to_string()).collect();
    of_version.sort();
    (listed, of_version)
}

/// Numbers that look random and depend on the seed alone (SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
