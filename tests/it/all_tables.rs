//! A source for each table of a schema: which these are is asked for once, written down, and watched.

use std::fs;

use serde_json::Value;

use crate::inits::sqlite;
use crate::workbench::Workbench;

const PROJECT: &str = "name: shop\ntargets: { here: { storage: \"file://./lake\" } }\nconnections: { shop: { database: \"sqlite://./shop.db\" } }\nsources:\n  \"shop_*\": { from: shop, table: \"*\", except: [\"tmp_*\", audit] }\n";

fn shop() -> Workbench {
    let bench = Workbench::of(&[
        ("trapiche.yml", PROJECT),
        (
            "queries/trusted/orders.sql",
            "SELECT o.id, c.name FROM raw.shop_orders AS o JOIN raw.shop_customers AS c USING (id)",
        ),
    ]);
    let table =
        |name: &str| format!("CREATE TABLE {name} (id INTEGER, name TEXT); INSERT INTO {name} VALUES (1, ''a'');");
    let script: String = ["Orders", "customers", "tmp_1", "audit"].iter().map(|name| table(name)).collect();
    sqlite(&bench, &script.replace("''", "\""));
    bench
}

fn lock(bench: &Workbench) -> String {
    fs::read_to_string(bench.path("schema.lock.yml")).unwrap()
}

#[test]
fn each_table_is_a_source_once_they_are_written_down() {
    let bench = shop();
    for command in ["run", "plan", "validate"] {
        let refused = bench.trapiche(&[command]);
        assert_eq!(refused.code, 2, "{command}: {}", refused.stderr);
        assert!(refused.stderr.contains("`shop_*` stands for the tables `*` of `sqlite://"), "{}", refused.stderr);
        assert!(refused.stderr.contains("`trapiche lock` asks the database"), "{}", refused.stderr);
    }
    let locked = bench.trapiche(&["lock", "-o", "csv"]);
    assert_eq!(locked.code, 0, "{}", locked.stderr);
    let mut changes: Vec<&str> = locked.stdout.lines().skip(1).collect();
    changes.sort_unstable();
    assert_eq!(changes, ["raw.shop_customers,*,,table", "raw.shop_orders,*,,table"]);
    assert!(lock(&bench).contains("\"shop_*\": [\"Orders\", customers]"), "{}", lock(&bench));
    bench.run(&[]);
    assert_eq!(bench.hive_rows("trusted/orders"), ["id=1 name=a"]);
    assert!(!bench.path("lake/raw/shop_audit").exists() && !bench.path("lake/raw/shop_tmp_1").exists());
    // The second time they are as they were, and their columns are known.
    assert_eq!(bench.trapiche(&["lock"]).code, 0);
    assert!(lock(&bench).contains("raw.shop_orders:\n    id: bigint"), "{}", lock(&bench));
    assert_eq!(bench.trapiche(&["run", "--locked"]).code, 0);
}

#[test]
fn tables_that_come_and_go_are_told() {
    let bench = shop();
    bench.trapiche(&["lock"]);
    bench.run(&[]);
    sqlite(&bench, "CREATE TABLE returns (id INTEGER); DROP TABLE customers;");
    for command in ["plan", "run"] {
        let told = bench.trapiche(&[command]).stderr;
        assert!(told.contains("`shop_*`: of its tables are new: `returns`"), "{told}");
        assert!(told.contains("`shop_*`: of its tables are gone: `customers`"), "{told}");
        assert_eq!(bench.trapiche(&[command, "--locked"]).code, 5);
    }
    assert!(!bench.path("lake/raw/shop_returns").exists(), "it was not agreed on");
    bench.write("queries/trusted/orders.sql", "SELECT id FROM raw.shop_returns");
    assert_eq!(bench.trapiche(&["validate"]).code, 2);
    let locked = bench.trapiche(&["lock"]);
    assert_eq!(locked.code, 0, "a query may read what is not written down yet: {}", locked.stderr);
    assert_eq!(bench.trapiche(&["run"]).code, 0);
    assert_eq!(bench.hive_rows("trusted/orders"), Vec::<String>::new());
}

#[test]
fn what_cannot_stand_for_tables_is_told_at_its_place() {
    let bench = shop();
    for (source, expected) in [
        ("{ from: shop, table: orders }", "is a source for each of several tables, and this is one"),
        ("{ from: shop, query: \"SELECT 1\" }", "stands for all tables of a database, and this source has none"),
        ("{ url: \"file://./x.csv\" }", "stands for all tables of a database, and this source has none"),
        ("{ from: shop, table: \"*\", except: [\"a[\"] }", "this is no pattern"),
        ("{ from: shop, table: \"*\", selct: [id] }", "unknown key `selct`"),
    ] {
        bench.write(
            "trapiche.yml",
            &PROJECT.replace("{ from: shop, table: \"*\", except: [\"tmp_*\", audit] }", source),
        );
        let answer = bench.trapiche(&["validate"]);
        assert_eq!(answer.code, 2, "{source}: {}", answer.stderr);
        assert_eq!(answer.stderr.matches(expected).count(), 1, "{source}: {}", answer.stderr);
    }
    bench.write("trapiche.yml", &PROJECT.replace("\"shop_*\"", "shop_all"));
    assert!(bench.trapiche(&["validate"]).stderr.contains("`except` leaves out some of all tables"));
    bench.write("trapiche.yml", PROJECT);
    sqlite(&bench, "CREATE TABLE \"Order Lines\" (id INTEGER);");
    let answer = bench.trapiche(&["lock"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("`Order Lines` cannot be names of tables in the lake"), "{}", answer.stderr);
}

#[test]
fn a_project_says_for_which_tables_it_stands_wherever_it_is_read() {
    let bench = shop();
    bench.trapiche(&["lock"]);
    bench.run(&[]);
    fs::remove_file(bench.path("shop.db")).unwrap();
    let rows: Vec<Value> = bench.query("SELECT name FROM raw.shop_customers");
    assert_eq!(rows.len(), 1);
    assert_eq!(bench.trapiche(&["validate"]).code, 0);
}
