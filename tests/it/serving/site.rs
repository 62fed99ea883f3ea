//! The pages as files.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use crate::workbench::{Answer, Workbench};

#[test]
fn the_pages_lead_to_each_other_and_to_nothing_else() {
    let bench = Workbench::demo();
    // Before the first run, too.
    assert_eq!(bench.trapiche(&["docs", "--out", "before"]).code, 0);
    bench.run(&[]);
    let written = bench.trapiche(&["docs", "--out", "site"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let files: BTreeSet<String> = std::fs::read_dir(bench.path("site"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(files.contains("index.html") && files.contains("refined.category_prices.html"), "{files:?}");
    assert!(files.iter().any(|file| file.starts_with("trusted.")), "{files:?}");
    assert!(!files.iter().any(|file| file.starts_with("raw.")), "{files:?}");
    let mut led = BTreeSet::new();
    for file in &files {
        let page = std::fs::read_to_string(bench.path("site").join(file)).unwrap();
        let links: Vec<&str> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        for link in links.into_iter().filter(|link| *link != "data:,") {
            assert!(files.contains(link), "{file} leads to {link}");
            led.insert(link.to_string());
        }
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("url("), "{file}");
    }
    assert_eq!(led, files, "each page can be come to");
    let table = std::fs::read_to_string(bench.path("site/refined.category_prices.html")).unwrap();
    assert!(table.contains("queries/refined/category_prices.sql") && table.contains("GROUP BY"), "{table}");
    // `serve:` shows refined alone: of the others there are columns and SQL, and no rows.
    let shown = |file: &str| std::fs::read_to_string(bench.path("site").join(file)).unwrap().contains("First rows");
    assert!(shown("refined.category_prices.html"));
    assert!(files.iter().filter(|file| file.starts_with("trusted.")).all(|file| !shown(file)));
}

/// What `serve:` does not show has columns and SQL there, and no value of its rows or of what a model found in them.
#[test]
fn rows_that_are_not_shown_are_in_no_page() {
    let settings = |tables: &str| {
        format!("name: p\ntargets: {{ here: {{ storage: \"file://./lake\" }} }}\nserve: {{ tables: [{tables}] }}\n")
    };
    let bench = Workbench::of(&[
        ("trapiche.yml", &settings("refined.open")),
        ("queries/refined/open.sql", "SELECT concat('sho', 'wn') AS name, 1 AS n"),
        ("queries/refined/inner.sql", "SELECT concat('hid', 'den') AS name, id, CAST(id AS double) AS x FROM range(6)"),
        ("models/groups.yml", "kmeans: { input: refined.inner, key: [id], features: [x], k: 2, seed: 1 }\n"),
    ]);
    bench.run(&[]);
    let pages = || -> String {
        let written = bench.trapiche(&["docs", "--out", "site"]);
        assert_eq!(written.code, 0, "{}", written.stderr);
        let page = |name| std::fs::read_to_string(bench.path(&format!("site/{name}.html"))).unwrap();
        ["index", "refined.open", "refined.inner"].map(page).concat()
    };
    let few = pages();
    assert!(few.contains("shown") && !few.contains("hidden") && !few.contains("Clusters:"), "{few}");
    bench.write("trapiche.yml", &settings("refined.*"));
    let all = pages();
    assert!(all.contains("shown") && all.contains("hidden") && all.contains("Clusters:"), "{all}");
}

#[expect(clippy::disallowed_methods, reason = "a test's own thread may wait")]
fn sleep() {
    std::thread::sleep(std::time::Duration::from_millis(50));
}

#[test]
fn what_was_made_is_opened_in_a_browser() {
    let bench = Workbench::of(&[
        ("trapiche.yml", super::SETTINGS),
        ("queries/refined/t.sql", "SELECT 1 AS id"),
        ("browser", "#!/bin/sh\necho \"$1\" > \"$(dirname \"$0\")/opened\"\n"),
    ]);
    std::fs::set_permissions(bench.path("browser"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |browser: &str| {
        let mut command = bench.command(&["run", "--open"]);
        Answer::from(command.env("BROWSER", browser).env("XDG_CACHE_HOME", bench.path("cache")).output().unwrap())
    };
    let opened = run(bench.path("browser").to_str().unwrap());
    assert_eq!(opened.code, 0, "{}", opened.stderr);
    let page = bench.path("cache/trapiche/docs/mixed/index.html");
    assert!(page.exists());
    let named = (0..100).find_map(|_| {
        sleep();
        std::fs::read_to_string(bench.path("opened")).ok().filter(|named| !named.is_empty())
    });
    assert_eq!(named.as_deref().map(str::trim), page.to_str());
    let none = run("/no/such/browser");
    assert_eq!(none.code, 0, "{}", none.stderr);
    assert!(none.stderr.contains("open `"), "{}", none.stderr);
}
