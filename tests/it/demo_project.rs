//! The repository's own project, run as a newcomer runs it, and its tables computed again without the engine.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::workbench::{Workbench, files_below};

#[test]
fn the_demo_runs_and_its_second_run_does_nothing_and_says_why() {
    let bench = Workbench::demo();
    let report = bench.run(&[]);
    let made: Vec<&str> = statuses(&report).into_iter().filter(|(_, s)| *s == "made").map(|(name, _)| name).collect();
    assert_eq!(made.len(), 16, "{made:?}");
    assert!(report["peak_memory_bytes"].as_u64().unwrap() > 10_000_000);
    for dataset in report["datasets"].as_array().unwrap() {
        let count = |key: &str| dataset[key].as_u64().unwrap();
        let kept = count("rows_out") + count("rows_quarantined") + count("rows_dropped");
        assert_eq!(count("rows_in"), kept, "{dataset}");
        assert!(count("rows_out") > 0, "{dataset}");
    }
    assert!(dataset(&report, "trusted.cart_items")["rows_quarantined"].as_u64().unwrap() > 0);
    let before = bench.lake_content();
    for table in
        ["raw/carts", "trusted/sales", "refined/segments", "refined/segments_centers", "refined/segments_metrics"]
    {
        assert!(!before[table].is_empty(), "{table}");
    }

    let again = bench.run(&[]);
    for (name, status) in statuses(&again) {
        assert_eq!(status, "unchanged", "{name}");
        assert!(dataset(&again, name)["why"].as_str().is_some_and(|why| !why.is_empty()), "{name}");
    }
    assert_eq!(bench.lake_content(), before);
    assert!(!bench.lake_files().iter().any(|file| file.starts_with("_trapiche/staging")));

    let history: Value = serde_json::from_str(&bench.trapiche(&["history", "-o", "json"]).stdout).unwrap();
    assert_eq!(history.as_array().unwrap().len(), 2);
}

#[test]
fn a_changed_query_is_made_again_with_what_reads_it_and_nothing_else() {
    let bench = Workbench::demo();
    bench.run(&[]);
    let file = "queries/refined/customer_features.sql";
    let sql = fs::read_to_string(bench.path(file)).unwrap();
    bench.write(file, &sql.replace("'cancelled'", "'returned'"));
    let report = bench.run(&[]);
    let made: Vec<&str> = statuses(&report).into_iter().filter(|(_, s)| *s == "made").map(|(name, _)| name).collect();
    assert_eq!(made, ["refined.customer_features", "refined.segments"]);
}

/// The mean price and the number of products per category, from the landed JSON, by hand.
#[test]
fn category_prices_are_those_of_the_raw_json() {
    let bench = Workbench::demo();
    bench.run(&["+category_prices"]);
    let mut products: BTreeMap<i64, (Option<String>, Option<f64>)> = BTreeMap::new();
    let raw = bench.path("lake/raw/products");
    for file in files_below(&raw).iter().filter(|file| file.contains("/part-")) {
        for line in fs::read_to_string(raw.join(file)).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let price = match &row["price"] {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            let category =
                row["category"].as_str().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
            products.insert(row["id"].as_i64().unwrap(), (category, price.filter(|price| *price >= 0.0)));
        }
    }
    assert!(products.len() >= 200);
    let mut expected: BTreeMap<Option<String>, (i64, f64, i64)> = BTreeMap::new();
    for (category, price) in products.into_values() {
        let entry = expected.entry(category).or_default();
        entry.0 += 1;
        if let Some(price) = price {
            entry.1 += price;
            entry.2 += 1;
        }
    }
    let found = bench.query("SELECT category, products, mean_price FROM refined.category_prices");
    assert_eq!(found.len(), expected.len());
    for row in found {
        let (count, sum, priced) = expected[&row["category"].as_str().map(str::to_string)];
        assert_eq!(row["products"], count, "{row}");
        assert!((row["mean_price"].as_f64().unwrap() - sum / priced as f64).abs() < 1e-9, "{row}");
    }
}

fn dataset<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["datasets"].as_array().unwrap().iter().find(|dataset| dataset["dataset"] == name).unwrap()
}

fn statuses(report: &Value) -> Vec<(&str, &str)> {
    let datasets = report["datasets"].as_array().unwrap().iter();
    datasets.map(|dataset| (dataset["dataset"].as_str().unwrap(), dataset["status"].as_str().unwrap())).collect()
}
