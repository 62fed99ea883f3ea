//! An API whose rows change their columns, and what each contract makes of them; and what stands around its rows.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Bench, rest};
use crate::lake::landing::Landing;
use crate::project::{Contract, EnvelopeColumn, Origin, Source};
use crate::spark::types;

type ToldAnswer = Arc<Mutex<Value>>;

/// Answers with what is put into the second.
async fn serve(first: Value) -> (String, ToldAnswer) {
    let answer = Arc::new(Mutex::new(first));
    let shown = |State(answer): State<ToldAnswer>| async move { answer.lock().unwrap().to_string() };
    let router = axum::Router::new().route("/rows", get(shown)).with_state(answer.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, answer)
}

fn columns(landing: &Landing) -> String {
    let columns = landing.schema.fields().iter();
    let columns = columns.map(|field| format!("{} {}", field.name(), types::name(field.data_type())));
    columns.collect::<Vec<_>>().join(", ")
}

fn first() -> Value {
    json!([{ "Id": 1, "price": 2.5, "at": { "city": "x", "zip": [1] } }, { "Id": 2, "price": 3, "at": null }])
}

/// The third row is as agreed, with less in it.
fn then() -> Value {
    json!([
        { "Id": 1, "price": "dear", "at": { "city": "y", "zip": [1, "two"], "new": true } },
        { "Id": 2, "price": 1, "note": { "deep": 1 } },
        { "Id": 3, "at": { "city": "z" } },
    ])
}

async fn contract(contract: Contract) -> (Bench, Source, ToldAnswer) {
    let (url, answer) = serve(first()).await;
    let source = Source { contract, ..rest(&url, "/rows", None, None) };
    let mut bench = Bench::new();
    let landing = bench.landed(&source).await;
    assert_eq!(columns(&landing), "Id bigint, at struct<city:string,zip:array<bigint>>, price double");
    *answer.lock().unwrap() = then();
    (bench, source, answer)
}

#[tokio::test]
async fn values_that_were_not_agreed_on_are_left_out_and_counted() {
    let (mut bench, source, answer) = contract(Contract::DiscardValue).await;
    let note = bench.note(&source).await;
    assert_eq!(note, "left out 4 values, not of the columns in its last landing: `at.new` is new");
    *answer.lock().unwrap() = json!([{ "Id": 4 }]);
    let last = bench.landed(&source).await;
    assert_eq!(columns(&last), "Id bigint, at struct<city:string,zip:array<bigint>>, price double", "none is gone");
}

#[tokio::test]
async fn what_is_left_of_the_rows_is_what_sql_sees() {
    let (mut bench, source, _) = contract(Contract::DiscardValue).await;
    let landing = bench.landed(&source).await;
    let shown = bench.sql(&landing, "SELECT id, price, at['city'] AS city, at['zip'] AS zip FROM t ORDER BY id").await;
    insta::assert_snapshot!(shown.unwrap(), @r"
    +----+-------+------+-------+
    | id | price | city | zip   |
    +----+-------+------+-------+
    | 1  |       | y    | [1, ] |
    | 2  | 1.0   |      |       |
    | 3  |       | z    |       |
    +----+-------+------+-------+
    ");
    for file in bench.files().iter().filter(|file| file.contains(&landing.run_id) && file.contains("part")) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("dear") && !text.contains("deep") && !text.contains("two"), "{text}");
    }
}

#[tokio::test]
async fn rows_that_were_not_agreed_on_are_left_out_and_counted() {
    let (mut bench, source, answer) = contract(Contract::DiscardRow).await;
    let landing = bench.landed(&source).await;
    assert_eq!(landing.rows, 1);
    assert_eq!(landing.notes, ["left out 2 rows, not of the columns in its last landing: `at.new` is new"]);
    *answer.lock().unwrap() = first();
    assert_eq!(bench.landed(&source).await.rows, 2, "they were as agreed");
}

#[tokio::test]
async fn without_a_row_nothing_was_agreed_on() {
    let (url, answer) = serve(json!([])).await;
    let source = Source { contract: Contract::DiscardRow, ..rest(&url, "/rows", None, None) };
    let mut bench = Bench::new();
    assert_eq!(bench.landed(&source).await.rows, 0);
    *answer.lock().unwrap() = json!([{ "id": 1 }]);
    assert_eq!(bench.landed(&source).await.rows, 1);
    *answer.lock().unwrap() = json!([{ "id": 1, "more": 1 }]);
    let landing = bench.landed(&source).await;
    assert_eq!((landing.rows, columns(&landing).as_str()), (0, "id bigint"));
}

fn envelope(source: Source, columns: &[(&str, &str)]) -> Source {
    let Source { origin: Origin::Rest(mut read), .. } = source else { panic!("no API") };
    let column = |(name, path): &(&str, &str)| EnvelopeColumn { name: name.to_string(), path: path.to_string() };
    read.envelope = columns.iter().map(column).collect();
    Source { origin: Origin::Rest(read), ..source }
}

#[tokio::test]
async fn rows_take_along_what_stands_around_them() {
    let answer = json!({ "meta": { "made": "2026-01-01", "n": 12345678901234567890u64 }, "data": [{ "id": 1 }, {}] });
    let (url, answers) = serve(answer).await;
    let source = || rest(&url, "/rows", Some("data"), None);
    let wanted = [("made", "meta.made"), ("all of it", "meta"), ("total", "meta.n")];
    let landing = Bench::new().landed(&envelope(source(), &wanted)).await;
    assert_eq!(
        columns(&landing),
        "id bigint, made string, all of it struct<made:string,n:decimal(38,0)>, total decimal(38,0)"
    );
    let mut bench = Bench::new();
    let landing = bench.landed(&envelope(source(), &[("made", "meta.made")])).await;
    let shown = bench.sql(&landing, "SELECT id, made FROM t ORDER BY id NULLS LAST").await;
    insta::assert_snapshot!(shown.unwrap(), @r"
    +----+------------+
    | id | made       |
    +----+------------+
    | 1  | 2026-01-01 |
    |    | 2026-01-01 |
    +----+------------+
    ");
    let error = Bench::new().error(&envelope(source(), &[("made", "meta.mode")])).await;
    assert_eq!(error.to_string(), "no answer has anything at `meta.mode`, which `envelope` asks for as `made`");
    *answers.lock().unwrap() = json!({ "data": [{ "ID": 1 }], "id": 2 });
    let error = Bench::new().error(&envelope(source(), &[("id", "id")])).await;
    assert!(error.to_string().contains("a row has a column `id` of its own"), "{error}");
}
