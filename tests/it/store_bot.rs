//! `examples/store-bot`: an API captured by itself, list by list and row by row, by a project of a few lines.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workbench::Workbench;

fn bot() -> Workbench {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/store-bot/trapiche.yml");
    Workbench::of(&[("trapiche.yml", &fs::read_to_string(project).unwrap())])
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_project_of_a_few_lines_captures_a_whole_api() {
    let bench = bot();
    bench.run(&[]);
    let one = |sql: &str| bench.trapiche(&["query", "-o", "csv", sql]).stdout;
    // Each product by itself is as in the list, and so are those of each category, which the store spells in several ways.
    for (table, products) in [
        ("raw.product", "raw.products"),
        ("raw.of_category", "(SELECT * FROM raw.products WHERE category IN (SELECT value FROM raw.categories))"),
    ] {
        let apart = one(&format!(
            "SELECT (SELECT count(*) FROM (SELECT id, title FROM {table} EXCEPT SELECT id, title FROM raw.products)), \
             (SELECT count(*) FROM (SELECT id, title FROM {products} p EXCEPT SELECT id, title FROM {table}))"
        ));
        assert_eq!(apart.lines().last(), Some("0,0"), "{table}: {apart}");
    }
    let carts = one("SELECT count(*) FROM raw.carts LEFT ANTI JOIN raw.carts_of ON raw.carts.id = raw.carts_of.id");
    assert_eq!(carts.lines().last(), Some("0"), "{carts}");

    let mut written = vec![];
    files(&bench.path("lake"), &mut written);
    for file in written {
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains("assword"), "{}", file.display());
    }

    let again = bench.trapiche(&["run"]);
    assert!(again.stderr.contains("made 0, unchanged 7"), "{}", again.stderr);
}

#[test]
fn what_does_not_fit_an_api_is_told_at_its_place() {
    let bench = Workbench::of(&[(
        "trapiche.yml",
        "name: x
targets: { here: { storage: \"file://./lake\" } }
connections:
  api: { rest: \"http://127.0.0.1:1\", auth: { bearer: a, basic: { user: b, password: c } } }
  slow: { rest: \"http://127.0.0.1:1\", rate_limit: often, concurrency: 0 }
  sound: { rest: \"http://127.0.0.1:1\" }
  files: { files: \"file://./x\", rate_limit: 5/s }
sources:
  a: { from: sound, path: \"/x/{b.id}\" }
  b: { from: sound, path: /x, for_each: a }
  c: { from: sound, path: /x, paginate: { page: p, link: true } }
  d: { from: sound, path: /x, paginate: { cursor: c } }
  e: { from: sound, path: /x, body: { a: 1 }, paginate: { page: p, limit: l, in: body } }
  f: { from: sound, path: /x, drop: [a], mask: { A: hash } }
  g: { from: sound, path: \"/x/{h.id}\", for_each: h }
  k: { url: \"file://./x.csv\", quote: \",\", comment: x, decimal_comma: true }
  m: { url: \"file://./x.csv\", decimal_comma: true }
  l: { url: \"file://./x.csv\", quote: \"'\", escape: \"'\", comment: \"'\" }
  i: { from: sound, path: \"/x/{j.id}\", for_each: j }
  j: { from: sound, path: \"/x/{i.id}\", for_each: i }
",
    )]);
    let told = bench.trapiche(&["validate"]);
    for part in [
        "`auth` is exactly one of `bearer`, `basic`, `api_key` and `oauth2`",
        "a rate is a whole number of requests",
        "`rate_limit` belongs to a `rest` connection",
        "add `for_each: b`",
        "the path has no value of `a` in it",
        "pages are found in exactly one of the ways",
        "`cursor_at` is missing",
        "a GET has no body",
        "add `size:`",
        "there is nothing to mask",
        "no source makes `raw.h`",
        "`quote` is one mark of ASCII, and not the delimiter",
        "`comment` is one mark of ASCII",
        "`decimal_comma` is of numbers, and `columns:` names none",
        "a mark that begins comments stands for nothing else",
    ] {
        assert!(told.stderr.contains(part), "{part}\n{}", told.stderr);
    }
}
