//! Whole projects through [`load`](super::load): a good one, and broken ones that must give every fault in its place.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::error::Problem;
use crate::formats::encoding::TextEncoding;

const SETTINGS: &str = r#"name: store
targets:
  demo: { default: true, storage: "file://./lake", demo: { scale: "${DEMO_SCALE:-1}", seed: 42 } }
  prod:
    storage: "s3://${LAKE_BUCKET:?set LAKE_BUCKET to the bucket of the lake}"
    connections:
      store: { rest: "https://fakestoreapi.com" }
      shop: { database: "postgres://user:${SHOP_PASSWORD}@db/shop?sslmode=require" }
      files: { files: "https://example.org" }
connections:
  store: { rest: "demo://api", headers: { x-api-key: "${KEY:-}" } }
  shop:  { database: "demo://database" }
  files: { files: "demo://files" }
sources:
  products:  { from: store, path: /products }
  carts:     { from: store, path: /carts, records: data, paginate: { page: page, limit: limit, size: 500 }, tags: [big] }
  customers: { from: shop, table: customers }
  regions:   { from: files, path: /regions.csv, format: csv, delimiter: ",", header: true, columns: { id: bigint } }
  quakes:    { url: "file://./data/quakes.json.gz", records: features }
"#;

const CART_ITEMS: &str = r#"/* trapiche
description: one row per product in a cart
tags: [core]
partition_by: [Sale_Date]
write: overwrite_partitions
checks:
  - { not_null: [cart_id, product_id], on_fail: quarantine }
  - { rule: "price >= 0", on_fail: drop, name: price }
  - { accepted_values: { column: state, values: [new, "it's", 3] } }
  - { range: { column: quantity, min: 1, max: 9.5 } }
*/
WITH items AS (SELECT id AS cart_id, explode(products) AS item FROM raw.carts)
SELECT cart_id, item.productId, p.`Cost Total $` FROM items JOIN Raw.Products p ON p.id = item.productId
"#;

const SEGMENTS: &str =
    "kmeans: { input: refined.customer_features, key: [customer_id], features: [spent, orders], k: 4 }\n";

/// The good project, with other files put in or, as `None`, taken out.
fn project(changes: &[(&str, Option<&str>)]) -> TempDir {
    let good = [
        ("trapiche.yml", SETTINGS),
        ("queries/trusted/cart_items.sql", CART_ITEMS),
        (
            "queries/refined/customer_features.sql",
            "SELECT customer_id, spent, orders FROM trusted.cart_items, raw.customers",
        ),
        ("models/segments.yml", SEGMENTS),
        ("models/profile.yml", "describe: { input: trusted.cart_items, quantiles: [0.5] }\n"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let all = good.iter().map(|(path, text)| (*path, Some(*text))).chain(changes.iter().copied());
    for (path, text) in all {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
    }
    folder
}

fn no_variables(_: &str) -> Option<String> {
    None
}

fn faults_for(folder: &Path, target: Option<&str>) -> Vec<String> {
    let error = load(folder, target, &no_variables).expect_err("the project is broken");
    assert_eq!(error.kind().exit_code(), 2);
    error.found_problems().iter().map(shown).collect()
}

/// `file:line:column: message (hint)`.
fn shown(problem: &Problem) -> String {
    let before = &problem.text[..problem.span.start];
    let (line, column) =
        (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    let hint = problem.hint.as_deref().unwrap_or("-");
    format!("{}:{line}:{column}: {} ({hint})", problem.file.display(), problem.message)
}

fn faults(changes: &[(&str, Option<&str>)]) -> Vec<String> {
    faults_for(project(changes).path(), None)
}

fn faults_of_settings(from: &str, to: &str) -> Vec<String> {
    assert!(SETTINGS.contains(from), "{from}");
    faults(&[("trapiche.yml", Some(&SETTINGS.replacen(from, to, 1)))])
}

fn faults_of_query(sql: &str) -> Vec<String> {
    faults(&[("queries/refined/x.sql", Some(sql))])
}

fn faults_of_model(yaml: &str) -> Vec<String> {
    faults(&[("models/x.yml", Some(yaml))])
}

#[test]
fn loads_a_good_project() {
    let folder = project(&[]);
    let nested = folder.path().join("queries/trusted");
    let project = load(&nested, None, &no_variables).unwrap_or_else(|error| panic!("{:#?}", error.found_problems()));
    let root = folder.path().canonicalize().unwrap();
    assert_eq!((project.name.as_str(), &project.root), ("store", &root));
    assert_eq!(project.target.storage.url, format!("file://{}/lake", root.display()));
    assert_eq!(project.target.demo, Some(DemoStore { scale: 1, seed: 42 }));

    let order: Vec<String> = project.datasets.iter().map(|dataset| dataset.name.to_string()).collect();
    assert_eq!(
        order,
        [
            "raw.carts",
            "raw.customers",
            "raw.products",
            "raw.quakes",
            "raw.regions",
            "trusted.cart_items",
            "refined.customer_features",
            "refined.profile",
            "refined.segments",
        ]
    );
    let find = |name: &str| project.datasets.iter().find(|dataset| dataset.name.to_string() == name).unwrap();

    let items = find("trusted.cart_items");
    assert_eq!(items.inputs.iter().map(ToString::to_string).collect::<Vec<_>>(), ["raw.carts", "raw.products"]);
    let Definition::Query(query) = &items.definition else { panic!() };
    assert_eq!(query.partition_by, ["sale_date"]);
    assert_eq!(query.write, WriteMode::OverwritePartitions);
    let checks: Vec<(&str, &str)> =
        query.checks.iter().map(|check| (check.name.as_str(), check.keeps.fingerprint_text())).collect();
    assert_eq!(
        checks,
        [
            ("not_null(cart_id)", "`cart_id` IS NOT NULL"),
            ("not_null(product_id)", "`product_id` IS NOT NULL"),
            ("price", "price >= 0"),
            ("accepted_values(state)", "`state` IN ('new', 'it''s', 3)"),
            ("range(quantity)", "`quantity` >= 1 AND `quantity` <= 9.5"),
        ]
    );

    let segments = find("refined.segments");
    assert_eq!(segments.outputs.len(), 3);
    let Definition::Source(Source { origin: Origin::Files { files, format }, .. }) = &find("raw.quakes").definition
    else {
        panic!()
    };
    assert_eq!(files.places[0].to_string(), format!("file://{}/data/quakes.json.gz", root.display()));
    assert_eq!(*format, FileFormat::Json { records: Some("features".into()), encoding: TextEncoding::Utf8 });
    assert!(!find("raw.quakes").fingerprint_text.contains(root.to_str().unwrap()));
}

/// Every table is made anew when the text changes that its fingerprint is made of: an upgrade must leave it as it is.
#[test]
fn what_fingerprints_are_made_of_stays() {
    let sql = r#"/* trapiche
partition_by: [Day]
checks:
  - { not_null: ["Cost `x`"], on_fail: quarantine, name: "it's" }
  - { rule: "Kind RLIKE '\\\\d' AND `A b` <=> 'it''s' AND -n < 1e3", on_fail: warn }
  - { rule: 'x DIV 2L = 1 OR split(Kind, "\\|")[0] = "a"' }
  - { accepted_values: { column: State, values: [new, "it's", "a''b", '\d', -3, -0.5, 1e20, true] }, on_fail: drop }
  - { range: { column: n, min: -9223372036854775808, max: 9.5 } }
  - { range: { column: n, max: "2026-01-01" } }
  - { regex: { column: Kind, pattern: "^\\d+'$" } }
*/
-- a comment
SELECT Day, first(x, true) AS f, -n AS m, 1L + 1e3, y RLIKE '\\d', sort_array(z), v.Col.a, explode_outer(L) AS o
FROM raw.carts c LATERAL VIEW explode(items) v AS col
MINUS SELECT * FROM raw.carts ORDER BY ALL
"#;
    let folder = project(&[("queries/refined/x.sql", Some(sql))]);
    let project =
        load(folder.path(), None, &no_variables).unwrap_or_else(|error| panic!("{:#?}", error.found_problems()));
    let of = |name: &str| &project.datasets.iter().find(|dataset| dataset.name.name == name).unwrap().fingerprint_text;
    insta::assert_snapshot!(of("x"), @r#"
    SELECT day, first(x, true) AS f, -n AS m, 1L + 1e3, y RLIKE '\d', sort_array(z), v.col.a, explode_outer(l) AS o FROM raw.carts c LATERAL VIEW explode(items) v AS col MINUS SELECT * FROM raw.carts ORDER BY ALL
    partition_by ["day"]
    write Overwrite
    checks [Check { name: "it's", keeps: "`cost ``x``` IS NOT NULL", on_fail: Quarantine }, Check { name: "rule(Kind RLIKE '\\\\d' AND `A b` <=> 'it''s' AND -n < 1e3)", keeps: "kind RLIKE '\\\\d' AND `a b` <=> 'it''s' AND -n < 1e3", on_fail: Warn }, Check { name: "rule(x DIV 2L = 1 OR split(Kind, \"\\\\|\")[0] = \"a\")", keeps: "x DIV 2L = 1 OR split(kind, '\\\\|')[0] = 'a'", on_fail: Fail }, Check { name: "accepted_values(State)", keeps: "`state` IN ('new', 'it''s', 'a''''b', '\\d', -3, -0.5, 100000000000000000000, true)", on_fail: Drop }, Check { name: "range(n)", keeps: "`n` >= -9223372036854775808 AND `n` <= 9.5", on_fail: Fail }, Check { name: "range(n)", keeps: "`n` <= '2026-01-01'", on_fail: Fail }, Check { name: "regex(Kind)", keeps: "regexp_like(`kind`, '^\\d+''$')", on_fail: Fail }]
    "#);
    insta::assert_snapshot!(of("cart_items"), @r#"
    WITH items AS (SELECT id AS cart_id, explode(products) AS item FROM raw.carts) SELECT cart_id, item.productid, p.`cost total $` FROM items JOIN raw.products p ON p.id = item.productid
    partition_by ["sale_date"]
    write OverwritePartitions
    checks [Check { name: "not_null(cart_id)", keeps: "`cart_id` IS NOT NULL", on_fail: Quarantine }, Check { name: "not_null(product_id)", keeps: "`product_id` IS NOT NULL", on_fail: Quarantine }, Check { name: "price", keeps: "price >= 0", on_fail: Drop }, Check { name: "accepted_values(state)", keeps: "`state` IN ('new', 'it''s', 3)", on_fail: Fail }, Check { name: "range(quantity)", keeps: "`quantity` >= 1 AND `quantity` <= 9.5", on_fail: Fail }]
    "#);
}

#[test]
fn binds_another_target_without_writing_secrets_down() {
    let env = |name: &str| match name {
        "LAKE_BUCKET" => Some("acme".to_string()),
        "SHOP_PASSWORD" => Some("hush".to_string()),
        _ => None,
    };
    let project = load(project(&[]).path(), Some("prod"), &env).unwrap();
    assert_eq!(project.target.storage.url, "s3://acme");
    let customers = project.datasets.iter().find(|dataset| dataset.name.name == "customers").unwrap();
    assert!(customers.fingerprint_text.contains("postgres://db/shop"), "{}", customers.fingerprint_text);
    assert!(!format!("{:?}", project).contains("hush"));
}

#[test]
fn selects_as_dbt_does() {
    let folder = project(&[]);
    let project = load(folder.path(), None, &no_variables).unwrap();
    let names = |select: &[&str], exclude: &[&str]| -> String {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let chosen = select::select(&project, &owned(select), &owned(exclude)).unwrap();
        chosen.iter().map(|at| project.datasets[*at].name.name.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&["cart_items"], &[]), "cart_items");
    assert_eq!(names(&["+trusted.cart_items"], &[]), "carts products cart_items");
    assert_eq!(names(&["cart_items+"], &["profile"]), "cart_items customer_features segments");
    assert_eq!(names(&["tag:big", "refined.*"], &[]), "carts customer_features profile segments");
    assert_eq!(names(&["segments_centers"], &[]), "segments");
    assert_eq!(names(&[], &["raw.*"]), "cart_items customer_features profile segments");
    let error = select::select(&project, &["cart_item".to_string()], &[]).unwrap_err();
    assert_eq!(error.hint_text(), Some("did you mean `cart_items`?"));
}

#[test]
fn says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let error = load(folder.path(), None, &no_variables).unwrap_err();
    assert!(error.to_string().contains(folder.path().file_name().unwrap().to_str().unwrap()));
    assert_eq!(error.hint_text(), Some("name the project's folder with `-C DIR`"));
}

#[test]
fn finds_every_unknown_key_of_every_file() {
    let settings = SETTINGS
        .replace("table: customers", "tabel: customers")
        .replace("seed: 42", "sede: 42")
        .replace("sources:", "source:");
    let found = faults(&[
        ("trapiche.yml", Some(&settings)),
        (
            "queries/refined/x.sql",
            Some("/* trapiche\ntag: [a]\nwrite: overwrit\nchecks:\n  - { not_nul: [a] }\n*/\nSELECT 1 AS a"),
        ),
        ("models/x.yml", Some("kmean: { input: raw.carts }")),
    ]);
    for expected in [
        "trapiche.yml:3:87: unknown key `sede` (did you mean `seed`?)",
        "trapiche.yml:14:1: unknown key `source` (did you mean `sources`?)",
        "queries/refined/x.sql:2:1: unknown key `tag` (did you mean `tags`?)",
        "queries/refined/x.sql:3:8: unknown value `overwrit` (did you mean `overwrite`?)",
        "queries/refined/x.sql:5:7: unknown key `not_nul` (did you mean `not_null`?)",
        "models/x.yml:1:1: unknown key `kmean` (did you mean `kmeans`?)",
    ] {
        assert!(found.iter().any(|fault| fault == expected), "{expected}\n{found:#?}");
    }
    let found = faults_of_settings("table: customers", "tabel: customers");
    assert_eq!(found[0], "trapiche.yml:17:28: unknown key `tabel` (did you mean `table`?)");
}

#[test]
fn lists_all_missing_variables_of_the_chosen_target_only() {
    let found = faults_for(project(&[]).path(), Some("prod"));
    assert_eq!(
        found,
        [
            "trapiche.yml:5:20: the variable `LAKE_BUCKET` is not set (set LAKE_BUCKET to the bucket of the lake)",
            "trapiche.yml:8:42: the variable `SHOP_PASSWORD` is not set (set it, or give a default: `${SHOP_PASSWORD:-…}`)",
        ]
    );
}

#[test]
fn names_a_missing_variable_once_with_all_its_places() {
    let settings = "name: ${NAME}\ntargets:\n  here: { storage: \"file://./${NAME}/${NAME:?say who}\" }\n";
    let found = faults(&[("trapiche.yml", Some(settings))]);
    let of_variable: Vec<&String> = found.iter().filter(|fault| fault.contains("NAME")).collect();
    assert_eq!(
        of_variable,
        ["trapiche.yml:1:7: the variable `NAME` is not set; it also stands at 3:30 and 3:38 (say who)"]
    );
}

#[test]
fn types_what_variables_hold_and_does_not_show_it() {
    let env = |name: &str| (name == "DEMO_SCALE").then(|| "ten".to_string());
    let error = load(project(&[]).path(), None, &env).unwrap_err();
    let found: Vec<String> = error.found_problems().iter().map(shown).collect();
    assert_eq!(found, ["trapiche.yml:3:67: expected a whole number from 0 to 4294967295, found `${DEMO_SCALE}` (-)"]);
}

#[test]
fn finds_bad_targets() {
    let found = faults_for(project(&[]).path(), Some("prdo"));
    assert_eq!(found, ["trapiche.yml:2:1: there is no target `prdo` (did you mean `prod`?)"]);
    let found = faults_of_settings("default: true, ", "");
    assert_eq!(
        found,
        [
            "trapiche.yml:2:1: no target is the default (mark one with `default: true`, or choose with `--target`: `demo`, `prod`)"
        ]
    );
    let found = faults_of_settings("    storage: \"s3", "    default: true\n    storage: \"s3");
    assert_eq!(
        found,
        ["trapiche.yml:4:3: `prod` is a second default target, after `demo` (leave `default: true` at one of them)"]
    );
    let found = faults_of_settings("file://./lake", "ftp://lake");
    assert_eq!(found, ["trapiche.yml:3:35: `ftp://` can't be used here (it starts with one of `file://`, `s3://`)"]);
}

#[test]
fn finds_bad_connections_and_sources() {
    let settings = SETTINGS
        .replace("{ files: \"demo://files\" }", "{ files: \"demo://files\", rest: \"demo://api\" }")
        .replace("{ from: store, path: /products }", "{ from: stor, path: /products }")
        .replace("table: customers", "table: customers, path: /x, query: select 1")
        .replace("records: data,", "table: carts,")
        .replace("sources:", "sources:\n  Bad-Name: { url: \"https://x/a.data\" }\n  typed: { url: \"https://x/a.csv\", columns: { id: bigit, n: strng } }\n  form: { url: \"https://x/a\", format: cvs }");
    let found = faults(&[("trapiche.yml", Some(&settings))]);
    let expected = [
        "trapiche.yml:13:3: a connection is exactly one of `rest`, `database` and `files` (-)",
        "trapiche.yml:15:3: `Bad-Name` can't be a table's name (names are lower-case letters, digits and `_`, and start with a letter)",
        "trapiche.yml:15:20: the format can't be told from this name (add `format: csv`, `format: json` or `format: parquet`)",
        "trapiche.yml:16:51: `bigit` is not a type (did you mean `bigint`?)",
        "trapiche.yml:16:61: `strng` is not a type (did you mean `string`?)",
        "trapiche.yml:17:39: unknown value `cvs` (did you mean `csv`?)",
        "trapiche.yml:18:22: there is no connection `stor` (did you mean `store`?)",
        "trapiche.yml:19:43: `table` does not belong to a source of a `rest` connection (it takes `path`, `records`, `paginate`, `method`, `params`, `body`, `for_each`, `envelope`, `drop`, `mask`, `cursor`, `key`)",
        "trapiche.yml:20:3: a source of a database has exactly one of `table` and `query` (-)",
        "trapiche.yml:20:46: `path` does not belong to a source of a `database` connection (it takes `table`, `except`, `query`, `select`, `readers`, `cursor`, `key`, `deletes`)",
    ];
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn finds_bad_places_of_files() {
    let settings = "name: p\ntargets: { here: { storage: \"file://./lake\" } }\nconnections:\n  web: { files: \"https://x\", s3: { anonymous: true } }\nsources:\n\
        \x20 a: { url: [\"https://x/a.csv\", \"https://x/a.csv\"] }\n\
        \x20 b: { url: \"https://x/{date:%Y}.csv\" }\n\
        \x20 c: { url: \"https://x/{date:%Q}.csv\", dates: { from: 2026-01-01 } }\n\
        \x20 d: { url: \"https://x/{date:%H}.csv\", dates: { from: 2026-01-01 } }\n\
        \x20 e: { url: \"https://x/e.csv\", dates: { from: 2026-01-01 } }\n\
        \x20 f: { url: \"https://x/{date:%d}.csv\", dates: { from: 2026-02-30, to: 2026-01-01 } }\n\
        \x20 g: { url: \"https://x/g.csv\", max_size: much, sha256: abc }\n\
        \x20 h: { url: \"file://./*.csv\", sha256: \"00000000000000000000000000000000000000000000000000000000000000AA\" }\n\
        \x20 i: { url: [] }\n";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("trapiche.yml"), settings).unwrap();
    let expected = [
        "trapiche.yml:4:30: `s3` belongs to `files` that start with `s3://` (-)",
        "trapiche.yml:6:33: `https://x/a.csv` is given twice (-)",
        "trapiche.yml:7:13: this address has a `{date:…}`, and nothing says which days (add `dates: { from: 2026-01-01 }`, and `to:` for the last one)",
        "trapiche.yml:8:13: `%Q` is no way to write a date (as in `{date:%Y-%m-%d}`: %Y is the year, %m the month, %d the day)",
        "trapiche.yml:9:13: `%H` is no way to write a date (as in `{date:%Y-%m-%d}`: %Y is the year, %m the month, %d the day)",
        "trapiche.yml:10:32: `dates` belongs to an address with a `{date:…}` in it (as in `https://example.org/{date:%Y-%m-%d}.csv`)",
        "trapiche.yml:11:55: `2026-02-30` is no day (write it as in 2026-01-31)",
        "trapiche.yml:12:42: `max_size` is no size (write a number and one of B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024))",
        "trapiche.yml:12:56: `sha256` is 64 hexadecimal digits (`sha256sum FILE` prints them)",
        "trapiche.yml:13:31: `sha256` is that of one file, and this source may have several (-)",
        "trapiche.yml:14:13: there is no address in this list (-)",
    ];
    let found = faults_for(dir.path(), None);
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn finds_bad_yaml_and_unreadable_files_at_once() {
    let folder = project(&[
        ("trapiche.yml", Some("name: x\ntargets: { demo: { storage: \"file://./l\" }\n")),
        ("models/x.yml", Some("a: [1\n")),
    ]);
    fs::create_dir(folder.path().join("queries/refined/folder.sql")).unwrap();
    fs::write(folder.path().join("queries/refined/latin.sql"), b"SELECT 1\n, '\xe9'").unwrap();
    let found = faults_for(folder.path(), None);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("models/x.yml:1:4: this is not valid YAML: "), "{found:#?}");
    assert_eq!(found[1], "queries/refined/folder.sql:1:1: this is a folder, not a file (rename or remove it)");
    assert_eq!(found[2], "queries/refined/latin.sql:2:4: this file is not UTF-8 text (save it as UTF-8)");
    assert!(found[3].starts_with("trapiche.yml:2:10: this is not valid YAML: "), "{found:#?}");
}

#[test]
fn finds_queries_outside_the_zones() {
    let found = faults(&[("queries/a.sql", Some("SELECT 1")), ("queries/trustd/b.sql", Some("SELECT 1"))]);
    assert_eq!(
        found,
        [
            "queries/a.sql:1:1: this query is in no zone (move it to `queries/trusted` or `queries/refined`)",
            "queries/trustd/b.sql:1:1: this query is in no zone (move it to `queries/trusted` or `queries/refined`)",
        ]
    );
}

#[test]
fn finds_tables_made_twice() {
    let found = faults(&[
        ("queries/refined/segments_centers.sql", Some("SELECT 1 AS a")),
        ("queries/trusted/Cart_Items.sql", Some("SELECT 1 AS a")),
    ]);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("models/segments.yml:1:1: `refined.segments_centers` is made twice: here and in `queries/refined/segments_centers.sql`"));
    assert!(
        found
            .iter()
            .any(|fault| fault.starts_with("queries/trusted/cart_items.sql:1:1: `trusted.cart_items` is made twice"))
    );
    assert!(found.iter().any(|fault| fault.ends_with("`Cart_Items` can't be a table's name (call it `cart_items`)")));
    let found = faults_of_settings("  carts:  ", "  products: ");
    assert!(found[1].starts_with("trapiche.yml:16:3: `products` is given twice"), "{found:#?}");
}

#[test]
fn finds_faults_of_sql() {
    let found = faults_of_query("SELECT a\nFROM raw.carts\nWHERE ORDER BY a");
    assert!(found[0].starts_with("queries/refined/x.sql:3:") && found[0].contains("SQL syntax: "), "{found:#?}");
    let found = faults_of_query("SELECT 1;\nSELECT 2;");
    assert!(found[0].starts_with("queries/refined/x.sql:2:1: there is more than one statement here"), "{found:#?}");
    let found = faults_of_query("DROP TABLE raw.carts");
    assert!(found[0].starts_with("queries/refined/x.sql:1:1: this is not a SELECT"), "{found:#?}");
    let found = faults_of_query("-- empty\n");
    assert!(found[0].contains("there is no statement here"), "{found:#?}");
    let found = faults_of_query(
        "WITH c AS (SELECT 1)\nSELECT * FROM c, carts,\n raw.cart, silver.x, trusted.cart_item, refined.a.b",
    );
    assert_eq!(
        found,
        [
            "queries/refined/x.sql:2:18: the table `carts` has no zone (did you mean `raw.carts`?)",
            "queries/refined/x.sql:3:2: no source makes `raw.cart` (did you mean `raw.carts`?)",
            "queries/refined/x.sql:3:12: there is no zone `silver` (known here: `raw`, `trusted`, `refined`)",
            "queries/refined/x.sql:3:22: there is no table `trusted.cart_item` (did you mean `trusted.cart_items`?)",
            "queries/refined/x.sql:3:41: `refined.a.b` is not a table (tables are named `zone.name`)",
        ]
    );
}

#[test]
fn finds_cycles_and_reads_against_the_flow() {
    let found = faults(&[
        ("queries/trusted/a.sql", Some("SELECT * FROM trusted.b")),
        ("queries/trusted/b.sql", Some("SELECT *\nFROM trusted.c")),
        ("queries/trusted/c.sql", Some("SELECT * FROM trusted.a")),
        ("queries/trusted/d.sql", Some("SELECT * FROM refined.profile")),
        ("queries/refined/self.sql", Some("SELECT * FROM refined.self")),
    ]);
    assert_eq!(
        found,
        [
            "queries/refined/self.sql:1:15: a cycle: each of these tables reads the next: refined.self → refined.self (take one of these reads out)",
            "queries/trusted/a.sql:1:15: a cycle: each of these tables reads the next: trusted.a → trusted.b → trusted.c → trusted.a (take one of these reads out)",
            "queries/trusted/d.sql:1:15: a trusted table can't read `refined.profile`: data flows from trusted to refined (move this query to `queries/refined`, or what it reads to `queries/trusted`)",
        ]
    );
}

#[test]
fn finds_faults_of_headers() {
    let found = faults_of_query(
        "/* trapiche\npartition_by: [a, b, A]\nchecks:\n  - { rule: \"price >=\" }\n  - { not_null: [a], rule: \"a > 0\" }\n  - { range: { column: a }, on_fail: explode }\n*/\nSELECT 1 AS a FROM raw.cart",
    );
    assert_eq!(found.len(), 5, "{found:#?}");
    assert_eq!(found[0], "queries/refined/x.sql:2:22: `a` is given twice (name each column once)");
    assert!(found[1].starts_with("queries/refined/x.sql:4:22: SQL syntax: "), "{found:#?}");
    assert!(found[2].starts_with("queries/refined/x.sql:5:5: a check has exactly one rule"), "{found:#?}");
    assert!(
        found.iter().any(|fault| fault.starts_with("queries/refined/x.sql:6:38: unknown value `explode`")),
        "{found:#?}"
    );
    assert!(found.iter().any(|fault| fault.contains("no source makes `raw.cart`")), "{found:#?}");
    let of_range =
        |limit: &str| format!("/* trapiche\nchecks: [{{ range: {{ column: a, max: {limit} }} }}]\n*/\nSELECT 1 AS a");
    for kept in ["9223372036854775807", "-0.1", "12345678.9012345", "1e300", "'12345678901234567890'", "0.30", "1.0"] {
        let folder = project(&[("queries/refined/x.sql", Some(&of_range(kept)))]);
        assert!(load(folder.path(), None, &no_variables).is_ok(), "{kept}");
    }
    for lost in ["12345678901234567890", "0.12345678901234567891", "1e999", "1e-999"] {
        let found = faults_of_query(&of_range(lost));
        assert!(found[0].contains("has more digits than a number of 64 bits keeps"), "{found:?}");
    }
    let found = faults_of_query("/* trapiche\nwrite: append\nSELECT 1");
    assert_eq!(found, ["queries/refined/x.sql:1:1: the header is not closed (end it with `*/`)"]);
}

#[test]
fn finds_faults_of_models() {
    let found = faults_of_model(
        "kmeans:\n  input: refined.customer_feature\n  key: [id, id]\n  features: []\n  k: 0\n  init: fastest\n  scale: big\n  runs: x\n",
    );
    assert_eq!(
        found,
        [
            "models/x.yml:2:10: there is no table `refined.customer_feature` (did you mean `refined.customer_features`?)",
            "models/x.yml:3:13: `id` is given twice (name each column once)",
            "models/x.yml:4:3: `features` is empty (name at least one column)",
            "models/x.yml:5:6: `k` must be 1 to 10000 (-)",
            "models/x.yml:6:9: expected `random`, `k-means++`, `k-means||` or a list of centres (-)",
            "models/x.yml:7:10: unknown value `big` (known here: `standard`, `minmax`, `none`)",
            "models/x.yml:8:9: expected a whole number, 0 or more, found `x` (-)",
        ]
    );
    let found = faults_of_model(
        "kmeans: { input: refined.customer_features, key: [customer_id], features: [spent], k: 1000000000000, runs: 9999,\n\
         max_iterations: 0, tolerance: -1 }",
    );
    assert_eq!(
        found,
        [
            "models/x.yml:1:87: `k` must be 1 to 10000 (-)",
            "models/x.yml:1:108: `runs` must be 1 to 1000 (-)",
            "models/x.yml:2:17: `max_iterations` must be 1 to 10000 (-)",
            "models/x.yml:2:31: `tolerance` is 0 or a number above it (1e-4 is usual)",
        ]
    );
    let found = faults_of_model(
        "kmeans: { input: refined.customer_features, key: [customer_id], features: [spent], k: 2, scale: minmax,\n\
         deviation: population, partition_by: [spent, Cluster, customer_id] }",
    );
    assert_eq!(
        found,
        [
            "models/x.yml:2:1: `deviation` is for `scale: standard` alone (leave one of the two out)",
            "models/x.yml:2:39: the assignments cannot be partitioned by `spent` (they are by `cluster`, or by a column of `key`)",
        ]
    );
    let found = faults_of_model(
        "describe: { input: trusted.cart_items, quantiles: [0.5, 0.25, 0.5, 0.250000000001, 5e-1, 0.999] }",
    );
    let twice = "the quantile 0.5 is given twice (each becomes a column: name it once)";
    assert_eq!(
        found,
        [
            format!("models/x.yml:1:63: {twice}"),
            "models/x.yml:1:68: a quantile has at most eight digits (its column is named by them: 0.025 is `p2_5`)"
                .into(),
            format!("models/x.yml:1:84: {twice}"),
        ]
    );
    let found = faults_of_model("describe: { input: carts, quantiles: [0, 0.5, 1.5] }");
    assert_eq!(
        found,
        [
            "models/x.yml:1:20: the table `carts` has no zone (did you mean `raw.carts`?)",
            "models/x.yml:1:39: a quantile lies between 0 and 1 (the median is 0.5)",
            "models/x.yml:1:47: a quantile lies between 0 and 1 (the median is 0.5)",
        ]
    );
    let found = faults_of_model("description: nothing\n");
    assert!(found[0].contains("a model is exactly one of `describe` and `kmeans`"), "{found:#?}");
    let found = faults_of_model("kmeans: { input: raw.carts, key: [id], features: [a, b], k: 2, init: [[1, 2], [3]] }");
    assert!(found[0].starts_with("models/x.yml:1:64: the given centres must be 2 lists of 2 numbers"), "{found:#?}");
}

#[test]
fn schema_has_the_keys_that_are_read() {
    let schema = json_schema();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["name", "targets"]));
    let source = &schema["$defs"]["SourceSpec"]["properties"];
    for key in [
        "from",
        "url",
        "path",
        "table",
        "query",
        "format",
        "delimiter",
        "header",
        "records",
        "columns",
        "paginate",
        "for_each",
    ] {
        assert!(source.get(key).is_some(), "{key}");
    }
    let scale = &schema["$defs"]["DemoSpec"]["properties"]["scale"];
    assert!(scale.to_string().contains(r"\\$\\{"), "{scale}");
}
