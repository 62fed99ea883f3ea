//! `trapiche serve`, asked from outside.

mod guarded;
mod in_sql;
mod lambda;
mod odd;
mod pages;
mod server;
mod signer;
mod site;

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::workbench::Workbench;
use server::Server;

/// A table of every kind of column, whose rows come in twos and threes, in partitions with odd names.
pub const MIXED: &str = r#"/* trapiche
partition_by: [town]
*/
WITH ids AS (SELECT id, pmod(hash(id), 97) AS n FROM range(3000))
SELECT id DIV 2 AS id,
    CASE WHEN n % 11 = 0 THEN NULL ELSE CAST(n % 20 AS int) END AS small,
    CAST((n - 40) / 4 AS decimal(10,2)) AS price,
    CASE n % 13 WHEN 0 THEN double('NaN') WHEN 1 THEN double('-0.0') WHEN 2 THEN 0.0D WHEN 3 THEN double('Infinity')
        WHEN 4 THEN NULL ELSE n / 8.0D END AS ratio,
    CAST(n AS float) / 3 AS thin,
    n % 2 = 0 AS even,
    CASE WHEN n % 7 = 0 THEN NULL ELSE date_add(DATE'2024-02-20', CAST(n % 30 AS int)) END AS day,
    timestamp_micros(1700000000000000 + n * 1000001) AS at,
    element_at(array('', ' ', 'a,b', 'say "x"', '100%', 'x y+z&=', 'ñandú', NULL), CAST(n % 8 + 1 AS int)) AS note,
    CAST(concat('b', CAST(n % 5 AS string)) AS binary) AS bytes,
    array(n % 3, n % 2) AS list,
    element_at(array('Bern', 'a/b', '50%', 'x=y', NULL), CAST(n % 5 + 1 AS int)) AS town
FROM ids
"#;

pub const SETTINGS: &str = "name: mixed\ntargets: { here: { storage: \"file://./lake\", keep: 1h } }\n";

pub fn mixed() -> Workbench {
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/refined/mixed.sql", MIXED)]);
    bench.run(&[]);
    bench
}

#[test]
fn the_demo_is_served_in_every_form() {
    let bench = Workbench::demo();
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    let tables = server.json("/tables");
    let names: BTreeSet<&str> =
        tables["tables"].as_array().unwrap().iter().map(|it| it["table"].as_str().unwrap()).collect();
    assert!(names.contains("refined.category_prices") && names.contains("refined.segments_centers"), "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("refined.")), "{names:?}");

    let rows = bench.query("SELECT * FROM refined.category_prices ORDER BY category");
    let path = "/tables/refined/category_prices/rows?order=category";
    let served = server.get(path);
    assert_eq!(served.json()["rows"], json!(rows));
    assert_eq!(served.header("trapiche-rows"), Some(rows.len().to_string().as_str()));

    // Who has it already is told so, and is not sent it again.
    let tag = served.header("etag").unwrap();
    let again = server.ask("GET", path, &[("If-None-Match", tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(server.ask("GET", path, &[("If-None-Match", "\"other\"")], b"").status, 200);
    let head = server.ask("HEAD", path, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));

    let csv = bench.trapiche(&["query", "-o", "csv", "SELECT * FROM refined.category_prices ORDER BY category"]).stdout;
    assert_eq!(server.get(&format!("{path}&format=csv")).text(), csv);
    let lines = server.ask("GET", path, &[("Accept", "application/x-ndjson")], b"");
    let lines: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[..rows.len()], rows);
    assert_eq!(lines[rows.len()]["end"]["row_count"], json!(rows.len()));

    let arrow = server.get(&format!("{path}&format=arrow")).body;
    let arrow: Vec<RecordBatch> = StreamReader::try_new(&arrow[..], None).unwrap().collect::<Result<_, _>>().unwrap();
    let parquet = bytes::Bytes::from(server.get(&format!("{path}&format=parquet")).body);
    let parquet = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().build().unwrap();
    let parquet: Vec<RecordBatch> = parquet.collect::<Result<_, _>>().unwrap();
    let count = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    assert_eq!((count(&arrow), count(&parquet)), (rows.len(), rows.len()));

    let details = server.json("/tables/refined/category_prices");
    assert_eq!((details["rows"].clone(), details["version"].clone()), (json!(rows.len()), json!(1)));
    let run = details["run_id"].as_str().unwrap();
    assert_eq!(server.json("/runs")["runs"][0]["run_id"], run);
    let report = server.json(&format!("/runs/{run}"));
    assert!(
        report["datasets"].as_array().unwrap().iter().all(|it| it["dataset"].as_str().unwrap().starts_with("refined."))
    );
    assert_eq!(server.json(&format!("{path}&as_of={run}"))["rows"], json!(rows));

    let profile = server.json("/profiles/sales_profile");
    assert_eq!(profile["rows"].as_array().unwrap().len(), 9);
    assert_eq!(server.json("/health"), json!({ "status": "ok" }));
    assert_eq!(server.json("/ready"), json!({ "status": "ready" }));
    let metrics = server.get("/metrics");
    assert!(metrics.text().contains("trapiche_requests_total{route=\"/tables/{zone}/{name}/rows\",status=\"200\"}"));
    let (code, said) = server.end();
    assert_eq!(code, 0, "{said}");
}

/// By the tables of the model alone a row comes to where the model has put it.
#[test]
fn rows_are_scored_as_the_run_scored_them() {
    let bench = Workbench::demo();
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    let model = server.json("/models/segments");
    let features: Vec<&str> = model["features"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let sizes: i64 = model["clusters"].as_array().unwrap().iter().map(|it| it["size"].as_i64().unwrap()).sum();
    let sql = format!(
        "SELECT s.cluster, s.distance, {} FROM refined.segments s JOIN refined.customer_features f USING (customer_id) ORDER BY customer_id",
        features.iter().map(|name| format!("f.{name}")).collect::<Vec<_>>().join(", ")
    );
    let rows = bench.query(&sql);
    assert!(rows.len() > 50 && rows.len() as i64 == sizes);
    let only = |row: &Value, names: &[&str]| {
        Value::Object(names.iter().map(|name| (name.to_string(), row[name].clone())).collect())
    };
    let asked: Vec<Value> = rows.iter().map(|row| only(row, &features)).collect();
    let body = json!({ "rows": asked }).to_string();
    let scored = server.ask("POST", "/models/segments/predict", &[], body.as_bytes());
    assert_eq!(scored.status, 200, "{}", scored.text());
    let scored = scored.json();
    for (row, scored) in rows.iter().zip(scored["rows"].as_array().unwrap()) {
        assert_eq!(row["cluster"], scored["cluster"]);
        let [ours, theirs] = [row, scored].map(|it| it["distance"].as_f64().unwrap());
        assert!((ours - theirs).abs() <= 1e-12 * ours.abs().max(1.0), "{row} {scored}");
    }
    for wrong in ["", "{}", "{\"rows\":[]}", "{\"rows\":[{\"ordrs\":1}]}", "{\"rows\":[{\"orders\":\"1\"}]}", "[[[[[["]
    {
        let refused = server.ask("POST", "/models/segments/predict", &[], wrong.as_bytes());
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
    let near = server.ask("POST", "/models/segments/predict", &[], b"{\"rows\":[{\"ordrs\":1}]}");
    assert_eq!(near.json()["hint"], "did you mean `orders`?");
    assert_eq!(server.get("/models/segments/predict").status, 405);
    assert_eq!(server.get("/models/nothing").status, 404);
}

/// What is said in `trapiche.yml` to be shown is there, and nothing else, by whatever way.
#[test]
fn only_what_is_named_exists() {
    let bench = mixed();
    bench.write("queries/trusted/people.sql", "SELECT 1 AS id, 'x@example.org' AS email, 'Ada' AS name");
    let settings =
        format!("{SETTINGS}serve: {{ tables: [trusted.people], hide: [trusted.people.email, refined.mixed.note] }}\n");
    bench.write("trapiche.yml", &settings);
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    assert_eq!(server.json("/tables")["tables"].as_array().unwrap().len(), 1);
    assert_eq!(server.json("/tables/trusted/people/rows")["rows"], json!([{ "id": 1, "name": "Ada" }]));
    for path in [
        "/tables/trusted/people/rows?select=email",
        "/tables/trusted/people/rows?email=x",
        "/tables/trusted/people/rows?email.is_null=false",
        "/tables/trusted/people/rows?order=email",
        "/tables/trusted/people/aggregate?by=email&count=rows",
        "/tables/trusted/people/aggregate?max=email",
        "/tables/trusted/people/distinct/email",
        "/tables/refined/mixed",
        "/tables/refined/mixed/rows",
        "/tables/raw/people/rows",
        "/tables/quarantine/people/rows",
        "/profiles/people",
        "/models/people",
    ] {
        let refused = server.get(path);
        assert!([400, 404].contains(&refused.status), "{path}: {}", refused.text());
        assert!(!refused.text().contains("example.org"), "{path}");
        assert_eq!(refused.header("content-type"), Some("application/problem+json"), "{path}");
    }
    for path in ["/openapi.json", "/tables/trusted/people", "/runs", "/metrics"] {
        assert!(!server.get(path).text().contains("email"), "{path}");
    }

    // A name that is misspelt hides nothing, so nothing of the table is shown.
    bench.write("trapiche.yml", &settings.replace("people.email", "people.emial"));
    let server = Server::start(&bench, &[]);
    let refused = server.get("/tables/trusted/people/rows");
    assert_eq!(refused.status, 404);
    assert_eq!(server.json("/tables")["tables"], json!([]));
    assert!(!server.get("/openapi.json").text().contains("people") && server.get("/").status == 200);
    let (_, said) = server.end();
    assert!(said.contains("has no column `emial` to hide"), "{said}");
    for (wrong, told) in [
        ("[trusted.poeple]", "the project makes no table `trusted.poeple`"),
        ("[raw.people]", "`raw` is no zone that can be served"),
        ("[people]", "`people` is no zone that can be served"),
        ("[trusted.]", "`trusted.` names no table"),
    ] {
        bench.write("trapiche.yml", &settings.replace("[trusted.people]", wrong));
        let refused = bench.trapiche(&["validate"]);
        assert_eq!(refused.code, 2, "{wrong}");
        assert!(refused.stderr.contains(told) && refused.stderr.contains("trapiche.yml:3:"), "{}", refused.stderr);
    }
}

#[test]
fn groups_are_what_sql_says() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    let table = "/tables/refined/mixed";
    let groups = server.json(&format!(
        "{table}/aggregate?by=town,even&count=rows&sum=price&avg=ratio&min=day&max=at&small.gt=3&order=count.desc,town,even"
    ));
    let sql =
        "SELECT town, even, count(*) AS count, sum(price) AS sum_price, avg(ratio) AS avg_ratio, min(day) AS min_day,
        max(at) AS max_at FROM refined.mixed WHERE small > 3 GROUP BY town, even ORDER BY count DESC, town, even";
    assert_eq!(groups["rows"], json!(bench.query(sql)));
    let towns = server.json(&format!("{table}/distinct/town"));
    let sql = "SELECT town, count(*) AS rows FROM refined.mixed GROUP BY town ORDER BY rows DESC, town";
    assert_eq!(towns["rows"], json!(bench.query(sql)));
    let first = server.json(&format!("{table}/aggregate?by=id&count=rows&limit=2"));
    assert_eq!((first["rows"].as_array().unwrap().len(), first["has_more"].clone()), (2, json!(true)));
    let none = server.json(&format!("{table}/aggregate?count=rows&sum=price&town=Nowhere"));
    assert_eq!(none["rows"], json!([{ "count": 0, "sum_price": null }]));
    for wrong in
        ["", "by=town", "sum=note", "by=list&count=rows", "count=all", "sum=price&order=price", "by=town&by=even"]
    {
        let refused = server.get(&format!("{table}/aggregate?{wrong}"));
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(100));
}

/// What a model or a run would say of a hidden column is hidden, too.
#[test]
fn nothing_speaks_of_a_hidden_column() {
    let bench = Workbench::demo();
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    let settings = settings.split("\n# `trapiche serve`").next().unwrap().to_string();
    let checked =
        "/* trapiche\nchecks:\n  - { rule: \"secret > 1\", on_fail: drop }\n*/\nSELECT id, id AS secret FROM range(4)";
    bench.write("queries/refined/kept.sql", checked);
    let weighted = "kmeans: { input: refined.customer_features, key: [customer_id], features: [orders], weight: recency_days, k: 2 }\n";
    bench.write("models/weighted.yml", weighted);
    let hide = "serve: { hide: [refined.kept.secret, refined.customer_features.recency_days] }\n";
    bench.write("trapiche.yml", &format!("{settings}\n{hide}"));
    let run = bench.run(&[])["run_id"].as_str().unwrap().to_string();
    let server = Server::start(&bench, &[]);
    for path in [
        "/tables/refined/kept",
        "/tables/refined/kept/rows",
        &format!("/runs/{run}"),
        "/runs",
        "/",
        "/look/refined/kept",
        "/models",
        "/tables/refined/customer_features/rows",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            !answer.text().contains("secret") && !answer.text().contains("recency_days"),
            "{path}: {}",
            answer.text()
        );
    }
    for model in ["segments", "weighted"] {
        assert_eq!(server.get(&format!("/models/{model}")).status, 404, "{model}");
    }
}

/// A run that commits is seen, and who pages goes on with what the first page was of.
#[test]
fn pages_stay_on_their_version_while_the_table_is_made_anew() {
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS)]);
    let make = |n: usize| {
        bench.write("queries/refined/t.sql", &format!("SELECT id, {n} AS made FROM range({})", 100 + n));
        bench.run(&[]);
    };
    make(0);
    let server = Server::start(&bench, &[]);
    let page = |path: &str| {
        let page = server.json(path);
        let rows: Vec<(i64, i64)> = page["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["id"].as_i64().unwrap(), row["made"].as_i64().unwrap()))
            .collect();
        (rows, page["next"].as_str().map(str::to_string))
    };
    let (mut in_order, mut next_in_order) = page("/tables/refined/t/rows?limit=5&order=id.desc");
    let (mut as_it_lies, mut next) = page("/tables/refined/t/rows?limit=5");
    for n in 1..=20 {
        make(n);
        let (rows, cursor) =
            page(&format!("/tables/refined/t/rows?limit=5&order=id.desc&cursor={}", next_in_order.unwrap()));
        in_order.extend(rows);
        next_in_order = cursor;
        let (rows, cursor) = page(&format!("/tables/refined/t/rows?limit=5&cursor={}", next.unwrap_or_default()));
        as_it_lies.extend(rows);
        next = cursor;
        if next_in_order.is_none() || next.is_none() {
            break;
        }
    }
    let all: Vec<(i64, i64)> = (0..100).map(|id| (id, 0)).collect();
    assert_eq!(in_order, all.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(as_it_lies, all);
    // The newest is seen within a second or so, without a restart.
    let newest = bench.query("SELECT max(made) AS made FROM refined.t")[0]["made"].clone();
    let seen = (0..50).any(|_| {
        pause();
        server.json("/tables/refined/t/rows?limit=1")["rows"][0]["made"] == newest
    });
    assert!(seen);
}

/// The pages for people: whole, without a script, and with nothing of what is hidden.
#[test]
fn pages_load_nothing_and_say_what_the_lake_says() {
    let bench = Workbench::demo();
    bench.run(&[]);
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    let serve = "serve: { tables: [refined.*, trusted.sales], hide: [trusted.sales.customer_id] }\n";
    bench.write("trapiche.yml", &(settings + serve));
    bench.write("queries/refined/odd.sql", "SELECT '<script>alert(1)</script>' AS name, 1.5D AS n");
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    let home = server.get("/");
    assert_eq!(home.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(home.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let rows = &bench.query("SELECT count(*) AS n FROM trusted.sales")[0]["n"];
    let rows = rows.as_u64().unwrap();
    let grouped = format!("{},{:03}", rows / 1000, rows % 1000);
    assert!(home.text().contains(&grouped), "{grouped}");
    for part in ["refined.category_prices", "<svg", "Clusters: segments", "Revenue by month", "Last runs"] {
        assert!(home.text().contains(part), "{part}");
    }
    let look = server.get("/look/trusted/sales");
    assert_eq!(look.status, 200);
    let odd = server.get("/look/refined/odd");
    for page in [&home, &look, &odd] {
        let text = page.text();
        assert!(!text.contains("customer_id</td>") && !text.contains("trusted.users"), "{text}");
        assert!(!text.contains("<script") && !text.contains("http://") && !text.contains("https://"), "{text}");
        for (open, closed) in [("<table", "</table>"), ("<svg", "</svg>"), ("<figure", "</figure>"), ("<a ", "</a>")] {
            assert_eq!(text.matches(open).count(), text.matches(closed).count(), "{open}");
        }
    }
    // A chart of what is not shown is a fault, and so is one of a table that is not there.
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    let chart = |table: &str, rest: &str| format!("  - {{ table: {table}, chart: {rest} }}\nserve:");
    let with = |table: &str, rest: &str| settings.replace("serve:", &chart(table, rest));
    for (table, rest) in [
        ("trusted.users", "bar, x: email"),
        ("refined.nothing", "bar, x: a"),
        ("refined.segments", "line, x: a"),
        ("segments", "bar, x: a"),
    ] {
        bench.write("trapiche.yml", &with(table, rest));
        assert_eq!(bench.trapiche(&["validate"]).code, 2, "{table} {rest}");
    }
    for path in ["/look/raw/users", "/look/trusted/users", "/look/refined/nothing"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}
