//! What a user breaks: every fault is told in one go, at its place and with a way out, before anything is written.

use std::collections::BTreeMap;
use std::fs;

use crate::workbench::{Answer, Workbench, files_below};

const SETTINGS: &str = r#"name: kiosk
targets:
  here: { storage: "file://./lake" }
sources:
  sales: { url: "file://./data/sales.csv", columns: { day: date, price: double } }
"#;

/// A project in which nothing is wrong.
const SOUND: [(&str, &str); 4] = [
    ("trapiche.yml", SETTINGS),
    ("data/sales.csv", "day,item,price\n2025-01-01,apple,1.5\n2025-01-02,pear,\n"),
    ("queries/trusted/sales.sql", "/* trapiche\npartition_by: [day]\n*/\nSELECT item, price, day FROM raw.sales\n"),
    ("queries/refined/items.sql", "SELECT item, sum(price) AS revenue\nFROM trusted.sales\nGROUP BY item\n"),
];

/// A change of the sound project, and all that must be said about it: (message, place, hint).
struct Broken<'a> {
    what: &'a str,
    files: &'a [(&'a str, &'a str)],
    faults: &'a [(&'a str, &'a str, &'a str)],
}

#[test]
fn every_fault_is_told_at_its_place_and_nothing_is_written() {
    let target = |from: &str, to: &str| SETTINGS.replace(from, to);
    let unknown_key = target("storage:", "storge:");
    let no_variable = target("./lake", "${KIOSK_ROOT:?set KIOSK_ROOT to the lake's folder}/${KIOSK_LAKE}");
    let open_bracket = target("\"file://./lake\" }", "\"file://./lake\"");
    let twice = target("sources:", "sources:\n  sales: { url: \"file://./data/sales.csv\" }");
    let broken = [
        Broken {
            what: "an unknown key",
            files: &[("trapiche.yml", &unknown_key)],
            faults: &[("unknown key `storge`", "trapiche.yml:3:11", "did you mean `storage`?")],
        },
        Broken {
            what: "missing variables",
            files: &[("trapiche.yml", &no_variable)],
            faults: &[
                ("the variable `KIOSK_ROOT` is not set", "trapiche.yml:3:28", "set KIOSK_ROOT to the lake's folder"),
                ("the variable `KIOSK_LAKE` is not set", "trapiche.yml:3:79", "set it, or give a default"),
            ],
        },
        Broken {
            what: "a SQL syntax error",
            files: &[(
                "queries/refined/items.sql",
                "SELECT item, sum(price) AS revenue\nFROM trusted.sales\nGRUOP BY item\n",
            )],
            faults: &[(
                "SQL syntax: expected end of statement, found `by`",
                "queries/refined/items.sql:3:7",
                "did you mean `GROUP`?",
            )],
        },
        Broken {
            what: "a comma too many",
            files: &[("queries/refined/items.sql", "SELECT item, price,\nFROM trusted.sales")],
            faults: &[(
                "SQL syntax: expected an expression, found `from`",
                "queries/refined/items.sql:2:1",
                "is there a comma too many?",
            )],
        },
        Broken {
            what: "an unknown column, after characters of two bytes",
            files: &[(
                "queries/refined/items.sql",
                "-- ñandú\nSELECT item, 'ñ' AS bird, sum(prize) AS revenue\nFROM trusted.sales\nGROUP BY item",
            )],
            faults: &[(
                "[UNRESOLVED_COLUMN] there is no column `prize`",
                "queries/refined/items.sql:2:31",
                "did you mean `price`?",
            )],
        },
        Broken {
            what: "a cycle",
            files: &[
                ("queries/refined/a.sql", "SELECT item FROM refined.b"),
                ("queries/refined/b.sql", "SELECT item FROM refined.a"),
            ],
            faults: &[(
                "a cycle: each of these tables reads the next: refined.a → refined.b → refined.a",
                "queries/refined/a.sql:1:18",
                "take one of these reads out",
            )],
        },
        Broken {
            what: "a table that a query and a model make",
            files: &[("models/items.yml", "describe: { input: trusted.sales }\n")],
            faults: &[(
                "`refined.items` is made twice: here and in `queries/refined/items.sql`",
                "models/items.yml:1:1",
                "a table has one maker; rename one of the two",
            )],
        },
        Broken {
            what: "a source that is there twice",
            files: &[("trapiche.yml", &twice)],
            faults: &[("`sales` is given twice", "trapiche.yml:6:3", "keep one of the two, or rename one")],
        },
        Broken {
            what: "bad YAML",
            files: &[("trapiche.yml", &open_bracket)],
            faults: &[("this is not valid YAML", "trapiche.yml:4:1", "the brackets around this place")],
        },
        Broken {
            what: "bad YAML in a header",
            files: &[(
                "queries/trusted/sales.sql",
                "/* trapiche\npartition_by: [day\n*/\nSELECT item, day FROM raw.sales",
            )],
            faults: &[("this is not valid YAML", "queries/trusted/sales.sql:2:15", "the brackets around this place")],
        },
        Broken {
            what: "a query that is a folder",
            files: &[("queries/trusted/more.sql/note.txt", "")],
            faults: &[("this is a folder, not a file", "queries/trusted/more.sql", "rename or remove it")],
        },
        Broken {
            what: "a model without its input",
            files: &[("models/profile.yml", "describe:\n  input: trusted.sale\n")],
            faults: &[("there is no table `trusted.sale`", "models/profile.yml:2:10", "did you mean `trusted.sales`?")],
        },
        Broken {
            what: "a model of a column that its input does not have",
            files: &[("models/profile.yml", "describe:\n  input: trusted.sales\n  columns: [item, prize]\n")],
            faults: &[("`prize` is not a column of the input", "models/profile.yml:3:19", "did you mean `price`?")],
        },
        Broken {
            what: "two errors at once, in two files, of which one only shows when the query is planned",
            files: &[
                ("trapiche.yml", &unknown_key),
                ("queries/refined/items.sql", "SELECT itm, prize FROM trusted.sales"),
            ],
            faults: &[
                (
                    "[UNRESOLVED_COLUMN] there is no column `itm`",
                    "queries/refined/items.sql:1:8",
                    "did you mean `item`?",
                ),
                (
                    "[UNRESOLVED_COLUMN] there is no column `prize`",
                    "queries/refined/items.sql:1:13",
                    "did you mean `price`?",
                ),
                ("unknown key `storge`", "trapiche.yml:3:11", "did you mean `storage`?"),
            ],
        },
        Broken {
            what: "an unknown function",
            files: &[(
                "queries/refined/items.sql",
                "SELECT item,\n  sume(price) AS revenue\nFROM trusted.sales GROUP BY item",
            )],
            faults: &[(
                "[UNRESOLVED_ROUTINE] there is no function `sume`",
                "queries/refined/items.sql:2:3",
                "did you mean `sum`?",
            )],
        },
        Broken {
            what: "an argument of the wrong type",
            files: &[(
                "queries/refined/items.sql",
                "SELECT item,\n  sum(day) AS summed\nFROM trusted.sales GROUP BY item",
            )],
            faults: &[("`sum` does not take (date)", "queries/refined/items.sql:2:3", "convert it with CAST")],
        },
        Broken {
            what: "operands that do not go together",
            files: &[("queries/refined/items.sql", "SELECT item + day AS both FROM trusted.sales")],
            faults: &[(
                "string and date do not go together here",
                "queries/refined/items.sql:1:8",
                "convert one of them with CAST",
            )],
        },
        Broken {
            what: "a column that several tables have",
            files: &[(
                "queries/refined/items.sql",
                "SELECT item FROM trusted.sales AS a JOIN trusted.sales AS b ON a.day = b.day",
            )],
            faults: &[(
                "the column `item` is in several tables",
                "queries/refined/items.sql:1:8",
                "write `a.item` or `b.item`",
            )],
        },
        Broken {
            what: "a column without a name",
            files: &[("queries/refined/items.sql", "SELECT item, max(price)\nFROM trusted.sales GROUP BY item")],
            faults: &[(
                "a table cannot have a column named `max(",
                "queries/refined/items.sql:1:14",
                "name it with AS",
            )],
        },
        Broken {
            what: "a header that is wrong all over",
            files: &[(
                "queries/refined/items.sql",
                "/* trapiche\npartition_by: [dy]\nchecks:\n  - { not_null: [item, itm] }\n  - { rule: \"Prize>=0\", on_fail: drop }\n  - { rule: \"price + 1\" }\n*/\nSELECT item, price FROM trusted.sales",
            )],
            faults: &[
                (
                    "there is no column `dy` to partition by",
                    "queries/refined/items.sql:2:16",
                    "known here: `item`, `price`",
                ),
                (
                    "[UNRESOLVED_COLUMN] there is no column `itm`",
                    "queries/refined/items.sql:4:24",
                    "did you mean `item`?",
                ),
                (
                    "[UNRESOLVED_COLUMN] there is no column `prize`",
                    "queries/refined/items.sql:5:14",
                    "did you mean `price`?",
                ),
                ("`price + 1` is of type double", "queries/refined/items.sql:6:14", "compare it with something"),
            ],
        },
        Broken {
            what: "checks that cannot be planned, in every way of writing them",
            files: &[(
                "queries/refined/items.sql",
                concat!(
                    "/* trapiche\nchecks:\n",
                    "  - rule: >-\n      item = 'a'\n      AND prize > 1\n",
                    "  - { rule: 'item = ''it is `item`'' OR itm = ''b''' }\n",
                    "  - rule: \"item = \\\"\\u0061\\\" AND sume(price) > 1\"\n",
                    "  - { rule: \"concat(item, ' `price` ')\" }\n",
                    "  - { range: { column: prices, min: 1 }, name: \"`item`\" }\n",
                    "  - { accepted_values: { column: days, values: [\"`item`\"] } }\n",
                    "  - { regex: { column: Itm, pattern: '^`item`' } }\n",
                    "  - { rule: \"price > 1 AND price = date_format(day) AND item = 'a'\" }\n",
                    "  - { rule: price < avg(price) }\n",
                    "*/\nSELECT item, price, day FROM trusted.sales"
                ),
            )],
            faults: &[
                (
                    "[UNRESOLVED_COLUMN] there is no column `prize`",
                    "queries/refined/items.sql:5:11",
                    "did you mean `price`?",
                ),
                (
                    "[UNRESOLVED_COLUMN] there is no column `itm`",
                    "queries/refined/items.sql:6:41",
                    "did you mean `item`?",
                ),
                (
                    "[UNRESOLVED_ROUTINE] there is no function `sume`",
                    "queries/refined/items.sql:7:34",
                    "did you mean `sum`?",
                ),
                ("is of type string, and a check is true or false", "queries/refined/items.sql:8:14", "compare it"),
                (
                    "[UNRESOLVED_COLUMN] there is no column `prices`",
                    "queries/refined/items.sql:9:24",
                    "did you mean `price`?",
                ),
                (
                    "[UNRESOLVED_COLUMN] there is no column `days`",
                    "queries/refined/items.sql:10:34",
                    "did you mean `day`?",
                ),
                (
                    "[UNRESOLVED_COLUMN] there is no column `itm`",
                    "queries/refined/items.sql:11:24",
                    "did you mean `item`?",
                ),
                ("`date_format` does not take", "queries/refined/items.sql:12:36", "convert it with CAST"),
                (
                    "a check sees one row, and an aggregate is of many",
                    "queries/refined/items.sql:13:13",
                    "over a window",
                ),
            ],
        },
        Broken {
            what: "a check that reads a table",
            files: &[(
                "queries/refined/items.sql",
                "/* trapiche\nchecks: [{ rule: \"price < 1 AND item IN (SELECT item FROM trusted.sales)\" }]\n*/\nSELECT item, price FROM trusted.sales",
            )],
            faults: &[(
                "a check sees one row of the result, and no table",
                "queries/refined/items.sql:2:42",
                "join the table in the query",
            )],
        },
        Broken {
            what: "texts with backticks, and a function that is right and wrong",
            files: &[
                (
                    "queries/refined/items.sql",
                    "-- `item`, `day`, `sum`\nSELECT 'a `day` b' AS `a b`,\n  item\nFROM trusted.sales",
                ),
                (
                    "queries/refined/operators.sql",
                    "SELECT '`/`' AS a,\n  1 / 2 AS b, day / true AS c FROM trusted.sales",
                ),
                (
                    "queries/refined/sums.sql",
                    "SELECT '`sum`' AS a, sum(price) OVER () AS b,\n  coalesce(day, sum(day) OVER ()) AS c FROM trusted.sales",
                ),
                ("queries/refined/unnamed.sql", "SELECT '`item`' AS a,\n  price + 1 FROM trusted.sales"),
            ],
            faults: &[
                ("a table cannot have a column named `a b`", "queries/refined/items.sql:2:8", "name it with AS"),
                ("date and boolean do not go together", "queries/refined/operators.sql:2:15", "convert one of them"),
                ("`sum` does not take (date)", "queries/refined/sums.sql:2:17", "convert it with CAST"),
                ("a table cannot have a column named", "queries/refined/unnamed.sql:2:3", "name it with AS"),
            ],
        },
    ];
    for Broken { what, files, faults } in broken {
        let bench = Workbench::of(&SOUND);
        for (path, content) in files {
            bench.write(path, content);
        }
        refused(what, &bench, faults);
    }
}

#[test]
fn a_file_that_is_no_text_is_shown_where_it_is_none() {
    let bench = Workbench::of(&SOUND);
    fs::write(bench.path("queries/trusted/latin.sql"), b"SELECT\n  'caf\xe9' AS drink\nFROM raw.sales").unwrap();
    let fault = ("this file is not UTF-8 text", "queries/trusted/latin.sql:2:7", "save it as UTF-8");
    refused("a file in Latin-1", &bench, &[fault]);
}

#[test]
fn an_error_is_a_picture_of_its_place() {
    let bench = Workbench::of(&SOUND);
    bench.write("queries/refined/items.sql", "SELECT item, sum(prize) AS revenue\nFROM trusted.sales\nGROUP BY item\n");
    insta::assert_snapshot!(bench.trapiche(&["validate"]).stderr, @r"
    error: [UNRESOLVED_COLUMN] there is no column `prize`
     --> queries/refined/items.sql:1:18
      |
    1 | SELECT item, sum(prize) AS revenue
      |                  ^^^^^
      |
      = help: did you mean `price`?
    ");
    let record = bench.trapiche(&["validate", "--log", "json"]).stderr;
    insta::assert_snapshot!(record, @r#"{"level":"error","message":"[UNRESOLVED_COLUMN] there is no column `prize`","hint":"did you mean `price`?","file":"queries/refined/items.sql","line":1,"column":18}"#);
}

#[test]
fn the_sound_project_is_sound() {
    let answer = Workbench::of(&SOUND).trapiche(&["validate"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, ""));
    assert_eq!(answer.stderr, "`kiosk` is valid for target `here`: 3 planned, 0 not planned\n");
}

#[test]
fn what_reads_a_source_that_was_never_captured_is_named() {
    let bench = Workbench::of(&SOUND);
    let sources =
        "connections:\n  api: { rest: \"http://127.0.0.1:9\" }\nsources:\n  people: { from: api, path: /people }";
    bench.write("trapiche.yml", &SETTINGS.replace("sources:", sources));
    // A column of which nothing is known may be a condition.
    bench.write("queries/trusted/people.sql", "SELECT nme, CASE WHEN old THEN 1 ELSE 0 END AS n FROM raw.people");
    bench.write("queries/refined/adults.sql", "SELECT nme FROM trusted.people");
    let answer = bench.trapiche(&["validate"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    insta::assert_snapshot!(answer.stderr, @r"
    not planned: `raw.people`: its columns are not known before it is captured
    not planned: `trusted.people`: the columns of `raw.people` are not known before it is captured
    not planned: `refined.adults`: the columns of `raw.people` are not known before it is captured
    `kiosk` is valid for target `here`: 3 planned, 3 not planned
    ");
}

/// The demo's API is only asked by the run itself: a fault that shows then is told with its place, too.
#[test]
fn a_fault_that_shows_after_the_capture_fails_its_table_and_what_reads_it() {
    let bench = Workbench::demo();
    bench.write("queries/trusted/orders.sql", "SELECT id,\n  cart_idd AS cart_id\nFROM raw.orders");
    let answer = bench.trapiche(&["run", "-o", "json", "orders", "products", "category_prices"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let whys: BTreeMap<&str, &str> = report["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dataset| dataset["status"] == "failed")
        .filter_map(|dataset| Some((dataset["dataset"].as_str()?, dataset["why"].as_str()?)))
        .collect();
    let expected = "queries/trusted/orders.sql:2:3: [UNRESOLVED_COLUMN] there is no column `cart_idd` (hint: did you mean `cart_id`?)";
    assert_eq!(whys, BTreeMap::from([("trusted.orders", expected)]));
    // Now there is a landing to judge by, but the next one may have the column.
    let answer = bench.trapiche(&["validate"]);
    assert_eq!(answer.code, 0);
    let warning = "warning: [UNRESOLVED_COLUMN] there is no column `cart_idd`, as `raw.orders` was last seen\n --> queries/trusted/orders.sql:2:3\n";
    assert!(answer.stderr.contains(warning), "{}", answer.stderr);
}

/// `validate`, `plan` and `run` say the same, all of it and nothing more, and leave the folder as it was.
fn refused(what: &str, bench: &Workbench, faults: &[(&str, &str, &str)]) {
    let before = content(bench);
    for command in ["validate", "plan", "run"] {
        let Answer { code, stdout, stderr } = bench.trapiche(&[command]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{command} with {what}\n{stderr}");
        let mut told = stderr.split("\n\n").filter(|told| told.contains("--> "));
        for (message, place, hint) in faults {
            let fault = told.next().unwrap_or_else(|| panic!("{what}: {message}\n{stderr}"));
            assert!(fault.lines().next().unwrap().contains(message), "{what}: {message}\n{stderr}");
            assert!(fault.contains(&format!("--> {place}\n")), "{what}: {place}\n{stderr}");
            assert!(fault.contains(hint), "{what}: {hint}\n{stderr}");
        }
        assert_eq!(told.next(), None, "{what}\n{stderr}");
        let summary = format!("{} errors in the project; nothing was run", faults.len());
        assert_eq!(stderr.contains(&summary), faults.len() > 1, "{what}\n{stderr}");
    }
    assert_eq!(content(bench), before, "{what}");
    assert!(!bench.path("lake").exists() && !bench.path(".trapiche").exists(), "{what}");
}

fn content(bench: &Workbench) -> BTreeMap<String, Vec<u8>> {
    let read = |file: String| (file.clone(), fs::read(bench.path(&file)).unwrap());
    files_below(bench.dir.path()).into_iter().map(read).collect()
}
