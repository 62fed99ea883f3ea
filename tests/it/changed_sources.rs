//! Sources that are other ones than at their last landing, or cannot be read: what the project's text decides is refused
//! at once, and what depends on a source is judged when it has been captured.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::workbench::Workbench;

const SHOP: [(&str, &str); 6] = [
    (
        "trapiche.yml",
        r#"name: shop
targets:
  here: { storage: "file://./lake" }
sources:
  sales: { url: "file://./sales.csv" }
  people: { url: "file://./people.json" }
"#,
    ),
    ("sales.csv", "day,item,price\nmon,apple,3\ntue,pear,4\n"),
    ("people.json", "{\"id\": 1, \"name\": \"Ann\", \"home\": {\"city\": \"Lima\"}}\n"),
    ("queries/trusted/sales.sql", "SELECT item, cast(price AS int) AS price FROM raw.sales\n"),
    ("queries/trusted/people.sql", "SELECT id, name, home.city AS city FROM raw.people\n"),
    ("queries/refined/items.sql", "SELECT item, sum(price) AS revenue FROM trusted.sales GROUP BY item\n"),
];

/// The exit code and the status of each dataset, with the reason of those that failed.
fn run(bench: &Workbench, args: &[&str]) -> (i32, BTreeMap<String, String>) {
    let answer = bench.trapiche(&[&["run", "-o", "json"], args].concat());
    let report: Value = serde_json::from_str(&answer.stdout).unwrap_or_default();
    let datasets = report["datasets"].as_array().cloned().unwrap_or_default();
    let told = datasets.iter().map(|dataset| {
        let text = |key: &str| dataset[key].as_str().unwrap_or_default().to_string();
        let why = if text("status") == "failed" { format!(": {}", text("why")) } else { String::new() };
        (text("dataset"), text("status") + &why)
    });
    (answer.code, told.collect())
}

#[test]
fn a_renamed_column_fails_what_asks_for_it_until_it_is_back() {
    let bench = Workbench::of(&SHOP);
    assert_eq!(run(&bench, &[]).0, 0);
    bench.write("sales.csv", "day,item,total\nwed,fig,5\n");
    // Not known before the capture, or by looking at the last landing.
    assert_eq!(bench.trapiche(&["validate"]).code, 0);
    let (code, told) = run(&bench, &[]);
    assert_eq!(code, 1);
    assert_eq!(told["raw.sales"], "made");
    let why = "failed: queries/trusted/sales.sql:1:19: [UNRESOLVED_COLUMN] there is no column `price` (hint: known here: `day`, `item`, `total`)";
    assert_eq!(told["trusted.sales"], why);
    assert_eq!(told["refined.items"], "blocked");
    assert_eq!(told["trusted.people"], "unchanged");
    assert_eq!(bench.query("SELECT item FROM trusted.sales ORDER BY item")[0]["item"], "apple");

    for command in ["validate", "plan"] {
        let answer = bench.trapiche(&[command]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let warning = "warning: [UNRESOLVED_COLUMN] there is no column `price`, as `raw.sales` was last seen\n --> queries/trusted/sales.sql:1:19\n";
        assert!(answer.stderr.contains(warning), "{}", answer.stderr);
    }
    let planned: Value =
        serde_json::from_str(&bench.trapiche(&["plan", "-o", "json", "trusted.sales"]).stdout).unwrap();
    let warning =
        "queries/trusted/sales.sql:1:19: [UNRESOLVED_COLUMN] there is no column `price`, as `raw.sales` was last seen";
    assert_eq!(planned[0]["warnings"], serde_json::json!([warning]));
    let records = bench.trapiche(&["validate", "--log", "json"]).stderr;
    assert!(
        records.starts_with(r#"{"level":"warning","message":"[UNRESOLVED_COLUMN] there is no column `price`"#),
        "{records}"
    );

    bench.write("sales.csv", "day,item,price\nthu,kiwi,6\n");
    assert_eq!(run(&bench, &[]).0, 0);
    assert_eq!(bench.query("SELECT item, revenue FROM refined.items")[0]["revenue"], 6);
}

#[test]
fn a_new_column_may_be_asked_for_in_the_run_that_brings_it() {
    let bench = Workbench::of(&SHOP);
    run(&bench, &[]);
    bench.write("sales.csv", "day,item,price,coupon\nwed,fig,5,A\n");
    bench.write("queries/trusted/sales.sql", "SELECT item, coupon, cast(price AS int) AS price FROM raw.sales");
    bench.write("queries/refined/items.sql", "SELECT item, coupon FROM trusted.sales");
    let (code, told) = run(&bench, &[]);
    assert_eq!(code, 0, "{told:?}");
    assert_eq!(bench.query("SELECT coupon FROM refined.items")[0]["coupon"], "A");
}

#[test]
fn a_file_that_cannot_be_read_stops_its_own_source_and_no_other() {
    let utf16: Vec<u8> = "{\"id\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let broken: [(&str, &str, Option<&[u8]>); 5] = [
        ("sales", "sales.csv", Some(b"")),
        ("people", "people.json", Some(&utf16)),
        ("people", "people.json", Some(b"[{\"id\": 1")),
        ("people", "people.json", Some(b"<html>")),
        ("people", "people.json", None),
    ];
    for (name, file, content) in broken {
        let what = format!("{file} is {:?}", content.map(String::from_utf8_lossy));
        let bench = Workbench::of(&SHOP);
        match content {
            Some(content) => fs::write(bench.path(file), content).unwrap(),
            None => fs::remove_file(bench.path(file)).unwrap(),
        }
        let answer = bench.trapiche(&["validate"]);
        assert_eq!(answer.code, 0, "{what}: {}", answer.stderr);
        let place = if name == "sales" { "trapiche.yml:5:17" } else { "trapiche.yml:6:18" };
        assert!(answer.stderr.starts_with("warning: "), "{what}: {}", answer.stderr);
        assert!(answer.stderr.contains(&format!(" --> {place}\n")), "{what}: {}", answer.stderr);
        let (code, told) = run(&bench, &[]);
        assert_eq!(code, 1, "{what}: {told:?}");
        let (source, table) = (&told[&format!("raw.{name}")], &told[&format!("trusted.{name}")]);
        assert!(source.starts_with("failed: ") && source.contains(file), "{what}: {told:?}");
        assert_eq!(table, "blocked", "{what}");
        let other = if name == "sales" { "trusted.people" } else { "refined.items" };
        assert_eq!(told[other], "made", "{what}");
    }
}

#[test]
fn what_the_source_does_not_have_of_its_declared_columns_fails_it_alone() {
    let bench = Workbench::of(&SHOP);
    let settings = SHOP[0].1.replace("sales.csv\"", "sales.csv\", columns: { prize: double }");
    bench.write("trapiche.yml", &settings);
    let (code, told) = run(&bench, &[]);
    assert_eq!(code, 1);
    assert!(told["raw.sales"].contains("`columns:` names `prize`"), "{told:?}");
    assert_eq!(told["trusted.people"], "made");
}

/// A fault, in how many places of which file.
struct Text {
    what: &'static str,
    file: &'static str,
    sql: &'static str,
    faults: &'static [&'static str],
}

const OF_THE_TEXT: &[Text] = &[
    Text {
        what: "a function that there is not, whatever the source has",
        file: "queries/trusted/sales.sql",
        sql: "SELECT item, nosuch(price) AS price FROM raw.sales",
        faults: &["[UNRESOLVED_ROUTINE] there is no function `nosuch`"],
    },
    Text {
        what: "a function behind a column that may come",
        file: "queries/trusted/sales.sql",
        sql: "SELECT item, coming, nosuch(price) AS price FROM raw.sales",
        faults: &["[UNRESOLVED_ROUTINE] there is no function `nosuch`"],
    },
    Text {
        what: "a column that the SELECT of a trusted table does not name",
        file: "queries/refined/items.sql",
        sql: "SELECT item, day FROM trusted.sales",
        faults: &["[UNRESOLVED_COLUMN] there is no column `day`"],
    },
    Text {
        what: "a column that the query's own SELECT does not name",
        file: "queries/trusted/sales.sql",
        sql: "WITH s AS (SELECT item FROM raw.sales) SELECT item, price FROM s",
        faults: &["[UNRESOLVED_COLUMN] there is no column `price`"],
    },
    Text {
        what: "a column of a table that is settled, beside one that is not",
        file: "queries/refined/items.sql",
        sql: "SELECT s.nope FROM trusted.sales s JOIN raw.people p ON s.item = p.name",
        faults: &["[UNRESOLVED_COLUMN] there is no column `nope` in `s`"],
    },
    Text {
        what: "too many arguments",
        file: "queries/trusted/people.sql",
        sql: "SELECT upper(name, id, name) AS name FROM raw.people",
        faults: &["upper"],
    },
    Text {
        what: "a column that is neither grouped nor in an aggregate",
        file: "queries/trusted/people.sql",
        sql: "SELECT name, max(id) AS id FROM raw.people",
        faults: &["`name` is neither in GROUP BY nor in an aggregate"],
    },
    Text {
        what: "a type that the text decides",
        file: "queries/refined/items.sql",
        sql: "SELECT sum(item > 'a') AS item FROM trusted.sales",
        faults: &["`sum` does not take (boolean)"],
    },
    Text {
        what: "a column without a name",
        file: "queries/trusted/people.sql",
        sql: "SELECT upper(name) FROM raw.people",
        faults: &["a table cannot have a column named"],
    },
];

/// What only a source decides: by the last landing it is a warning, and no more.
const OF_A_SOURCE: &[(&str, &str, &str)] = &[
    ("a column", "queries/trusted/sales.sql", "SELECT item, coming AS price FROM raw.sales"),
    (
        "a column in a check",
        "queries/trusted/sales.sql",
        "/* trapiche\nchecks: [{ not_null: [coming] }]\n*/ SELECT * FROM raw.sales",
    ),
    ("a partition", "queries/trusted/sales.sql", "/* trapiche\npartition_by: [coming]\n*/ SELECT * FROM raw.sales"),
    ("a column that comes through `*`", "queries/refined/people.sql", "SELECT coming FROM refined.all"),
    ("a nested column", "queries/trusted/people.sql", "SELECT id, home.street AS street FROM raw.people"),
    ("a nested column of what is none", "queries/trusted/people.sql", "SELECT name.first AS first FROM raw.people"),
    ("a type", "queries/trusted/people.sql", "SELECT id, size(name) AS name FROM raw.people"),
    ("a type further down", "queries/refined/people.sql", "SELECT array_max(name) AS name FROM trusted.people"),
    ("a list that is none", "queries/trusted/people.sql", "SELECT explode(name) AS name FROM raw.people"),
    (
        "the number of columns",
        "queries/trusted/sales.sql",
        "SELECT item, price FROM (SELECT * FROM raw.sales UNION ALL SELECT * FROM raw.people)",
    ),
    (
        "two columns of one name",
        "queries/trusted/people.sql",
        "SELECT id, name FROM raw.people JOIN raw.more ON raw.people.id = raw.more.key",
    ),
];

#[test]
fn what_the_text_decides_is_refused_at_once_and_what_a_source_decides_is_not() {
    let with_more = |bench: &Workbench| {
        let settings = format!("{}  more: {{ url: \"file://./more.csv\" }}\n", SHOP[0].1);
        bench.write("trapiche.yml", &settings);
        bench.write("more.csv", "key,name\n1,Ann\n");
        bench.write("queries/refined/all.sql", "SELECT * FROM raw.people");
    };
    for Text { what, file, sql, faults } in OF_THE_TEXT {
        let bench = Workbench::of(&SHOP);
        with_more(&bench);
        bench.write(file, sql);
        for command in ["validate", "plan", "run"] {
            let answer = bench.trapiche(&[command]);
            assert_eq!(answer.code, 2, "{what}: {}", answer.stderr);
            for fault in *faults {
                assert!(answer.stderr.contains(fault) && answer.stderr.contains(file), "{what}: {}", answer.stderr);
            }
        }
        assert!(!bench.path("lake").exists(), "{what}");
    }
    for (what, file, sql) in OF_A_SOURCE {
        let bench = Workbench::of(&SHOP);
        with_more(&bench);
        bench.write(file, sql);
        let answer = bench.trapiche(&["validate"]);
        assert_eq!(answer.code, 0, "{what}: {}", answer.stderr);
        assert!(
            answer.stderr.contains(" last seen\n --> ") && answer.stderr.contains(file),
            "{what}: {}",
            answer.stderr
        );
        let (code, told) = run(&bench, &[]);
        assert_eq!(code, 1, "{what}: {told:?}");
        let failed: Vec<&String> = told.values().filter(|status| status.starts_with("failed")).collect();
        assert_eq!(failed.len(), 1, "{what}: {told:?}");
        assert!(failed[0].contains(file) || failed[0].contains("`coming`"), "{what}: {told:?}");
    }
}

/// Sources that nobody has seen: the same, as far as the text goes.
#[test]
fn the_text_is_judged_before_any_source_is_seen() {
    let unseen = |bench: &Workbench| {
        let settings = r#"name: shop
targets:
  here: { storage: "file://./lake" }
connections: { api: { rest: "http://127.0.0.1:9" } }
sources:
  sales: { url: "http://127.0.0.1:9/sales.csv" }
  people: { from: api, path: /people }
"#;
        bench.write("trapiche.yml", settings);
    };
    let sound = [
        "SELECT id, name, home.city AS city, home.geo.lat AS lat FROM raw.people",
        "SELECT upper(name) AS n, count(*) AS people FROM raw.people GROUP BY n HAVING count(*) > 1 ORDER BY people",
        "SELECT id, tag, tag.word AS word FROM raw.people LATERAL VIEW explode(tags) t AS tag",
        "SELECT id, item.price AS price FROM (SELECT id, explode(items) AS item FROM raw.people)",
        "SELECT p.id, s.item FROM raw.people p JOIN raw.sales s ON p.name = s.buyer WHERE day > '2024' AND age > 3",
        "SELECT * FROM raw.people JOIN raw.sales USING (id)",
        "WITH p AS (SELECT *, row_number() OVER (PARTITION BY id ORDER BY at DESC) AS n FROM raw.people) SELECT id, at FROM p WHERE n = 1",
        "SELECT id, date_part('year', born) + 1 AS y, born + INTERVAL 1 DAY AS next, array(a, b)[0] AS first, m['k'] AS k FROM raw.people",
        "SELECT a.id FROM raw.people a WHERE EXISTS (SELECT 1 FROM raw.sales b WHERE b.id = a.id AND b.total > (SELECT avg(total) FROM raw.sales))",
    ];
    for sql in sound {
        let bench = Workbench::of(&SHOP[3..]);
        unseen(&bench);
        bench.write("queries/trusted/people.sql", sql);
        let answer = bench.trapiche(&["validate"]);
        assert_eq!(answer.code, 0, "{sql}\n{}", answer.stderr);
        assert!(answer.stderr.contains("not planned: `trusted.people`"), "{sql}\n{}", answer.stderr);
    }
    let faulty = [
        (
            "queries/trusted/people.sql",
            "SELECT nosuch(name) AS n FROM raw.people",
            "[UNRESOLVED_ROUTINE] there is no function `nosuch`",
        ),
        ("queries/refined/items.sql", "SELECT day FROM trusted.sales", "[UNRESOLVED_COLUMN] there is no column `day`"),
        (
            "queries/trusted/people.sql",
            "WITH p AS (SELECT id FROM raw.people) SELECT name FROM p",
            "[UNRESOLVED_COLUMN] there is no column `name`",
        ),
    ];
    for (file, sql, fault) in faulty {
        let bench = Workbench::of(&SHOP[3..]);
        unseen(&bench);
        bench.write(file, sql);
        let answer = bench.trapiche(&["run"]);
        assert_eq!(answer.code, 2, "{sql}\n{}", answer.stderr);
        assert!(answer.stderr.contains(fault), "{sql}\n{}", answer.stderr);
    }
}

#[test]
fn a_fault_in_what_is_not_selected_is_a_warning() {
    for (file, sql, fault) in [
        ("queries/refined/items.sql", "SELECT FROM WHERE", "SQL syntax"),
        ("queries/refined/items.sql", "SELECT day FROM trusted.sales", "[UNRESOLVED_COLUMN] there is no column `day`"),
        ("queries/refined/items.sql", "SELECT 1 AS n FROM trusted.nobody", "there is no table `trusted.nobody`"),
        ("queries/refined/items.sql", "SELECT 1 AS n FROM refined.items", "a cycle"),
        ("queries/stray.sql", "SELECT 1 AS n", "this query is in no zone"),
    ] {
        let bench = Workbench::of(&SHOP);
        bench.write(file, sql);
        for args in [["plan", "+trusted.sales"], ["run", "+trusted.sales"]] {
            let answer = bench.trapiche(&args);
            assert_eq!(answer.code, 0, "{sql}: {}", answer.stderr);
            let told = answer.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap_or_default();
            assert!(told.contains(fault), "{sql}: {}", answer.stderr);
            assert!(answer.stderr.contains(file), "{sql}: {}", answer.stderr);
        }
        assert_eq!(bench.hive_rows("trusted/sales").len(), 2, "{sql}");
        // What is selected is refused, be it by name or because it reads what is.
        let selections: &[&[&str]] = match file {
            "queries/stray.sql" => &[&[]],
            _ if fault.contains("`day`") => &[&[], &["items"], &["trusted.sales+"]],
            _ => &[&[], &["items"]],
        };
        for selection in selections {
            let answer = bench.trapiche(&[&["run"], *selection].concat());
            assert_eq!(answer.code, 2, "{sql} {selection:?}: {}", answer.stderr);
            assert!(answer.stderr.contains(&format!("error: {fault}")), "{sql}: {}", answer.stderr);
        }
    }
    // A fault in the settings is in everything.
    let bench = Workbench::of(&SHOP);
    bench.write("trapiche.yml", &SHOP[0].1.replace("storage:", "storge:"));
    assert_eq!(bench.trapiche(&["run", "+trusted.sales"]).code, 2);
}

#[test]
fn an_address_that_is_a_folder_is_told_at_its_place() {
    let bench = Workbench::of(&SHOP);
    let settings = SHOP[0].1.replace("file://./sales.csv\"", "file://./data/\", format: csv");
    bench.write("trapiche.yml", &settings);
    bench.write("data/sales.csv", "day,item,price\n");
    let answer = bench.trapiche(&["validate"]);
    assert!(answer.stderr.contains("is a folder, not a file\n --> trapiche.yml:5:17\n"), "{}", answer.stderr);
}

#[test]
fn a_source_that_was_not_seen_yet_may_have_the_columns_of_another() {
    let bench = Workbench::demo();
    // `trusted.users` reads these two and `raw.users`, each of which has an `id`.
    bench.run(&["raw.customers", "raw.regions"]);
    let answer = bench.trapiche(&["validate"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    bench.run(&[]);
}
