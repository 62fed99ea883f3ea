//! Servers that do all that servers do, in an order that a seed decides. What lies within the budget of retries lands the rows
//! of a faultless capture; all else is told and leaves nothing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Bench, csv, rest};
use crate::ingest::http::ATTEMPTS;
use crate::project::{Origin, Pages, Paginator, ParameterPlace, Source};

const SEQUENCES: u64 = 500;
const AT_ONCE: usize = 24;
const PAGES: usize = 3;
const ROWS_OF_A_PAGE: usize = 40;

/// What a server does with one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Status(u16),
    RetryAfter(&'static str),
    Reset,
    HalfBody,
    TooLongALength,
    TooShortALength,
    Broken,
    Nothing,
    NotModified,
    Unauthorized,
    RedirectRound,
    /// The rows, slowly.
    Drip,
    /// The rows, from another address of the host.
    Redirect,
}

const PASSING: [Deed; 13] = [
    Deed::Status(500),
    Deed::Status(503),
    Deed::Status(408),
    Deed::RetryAfter("0"),
    Deed::RetryAfter("-5"),
    Deed::RetryAfter("soon"),
    Deed::RetryAfter("Sun, 06 Nov 1994 08:49:37 GMT"),
    Deed::RetryAfter("99999999999999999999"),
    Deed::RetryAfter("3600"),
    Deed::Reset,
    Deed::HalfBody,
    Deed::TooLongALength,
    Deed::Nothing,
];

/// Only JSON tells that it is broken, or cut where the server says that it ends.
const PASSING_OF_JSON: [Deed; 3] = [Deed::Broken, Deed::TooShortALength, Deed::NotModified];

#[derive(Debug, Clone, Copy, PartialEq)]
enum ListKind {
    Numbered,
    Cursor,
    File,
    /// Pages without end, or a cursor that comes again.
    Endless,
}

struct FaultScript {
    kind: ListKind,
    /// What is still done to each address, before its rows.
    left: Mutex<HashMap<String, Vec<Deed>>>,
}

/// The numbers of one seed (SplitMix64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// The deeds of a seed, and whether a capture is to live through them.
fn script(seed: u64) -> (FaultScript, bool) {
    let mut seeded = Seeded(seed);
    let kind = [
        ListKind::Numbered,
        ListKind::Numbered,
        ListKind::Cursor,
        ListKind::Cursor,
        ListKind::File,
        ListKind::File,
        ListKind::File,
        ListKind::Endless,
    ][seeded.below(8)];
    let addresses: Vec<String> = match kind {
        ListKind::File => vec!["/rows.csv".into()],
        // The page after the last one is asked for, too.
        ListKind::Numbered => (1..=PAGES + 1).map(|page| format!("/rows?page={page}")).collect(),
        _ => std::iter::once("/rows".into()).chain((2..=PAGES).map(|page| format!("/rows?page={page}"))).collect(),
    };
    let mut survives = kind != ListKind::Endless;
    let mut left = HashMap::new();
    for address in addresses {
        let is_far = seeded.below(24) == 0;
        let faults = if is_far { ATTEMPTS + seeded.below(2) } else { seeded.below(ATTEMPTS) };
        survives &= faults < ATTEMPTS;
        let mut deeds: Vec<Deed> = (0..faults)
            .map(|_| match kind {
                ListKind::File => PASSING[seeded.below(PASSING.len())],
                _ => {
                    let at = seeded.below(PASSING.len() + PASSING_OF_JSON.len());
                    PASSING.get(at).copied().unwrap_or_else(|| PASSING_OF_JSON[at - PASSING.len()])
                }
            })
            .collect();
        match seeded.below(80) {
            0 => {
                deeds.push(Deed::Unauthorized);
                survives = false;
            }
            1 => {
                deeds.push(Deed::RedirectRound);
                survives = false;
            }
            2..=12 => deeds.push(Deed::Drip),
            13..=20 => deeds.push(Deed::Redirect),
            _ => {}
        }
        deeds.reverse();
        left.insert(address, deeds);
    }
    (FaultScript { kind, left: Mutex::new(left) }, survives)
}

async fn serve(script: FaultScript) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let script = Arc::new(script);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, script.clone()));
        }
    });
    url
}

async fn answer(mut stream: TcpStream, script: Arc<FaultScript>) -> std::io::Result<()> {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let asked = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_string();
    // Where a redirect has led.
    let address = asked.strip_prefix("/moved").unwrap_or(&asked).to_string();
    let deed = match asked == address {
        true => script.left.lock().unwrap().get_mut(&address).and_then(Vec::pop),
        false => None,
    };
    let body = body(script.kind, &address);
    let whole = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let none =
        |status: &str, more: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{more}\r\n");
    match deed {
        None => stream.write_all((whole(body.len()) + &body).as_bytes()).await?,
        Some(Deed::Status(status)) => stream.write_all(none(&format!("{status} x"), "").as_bytes()).await?,
        Some(Deed::RetryAfter(after)) => {
            let after = format!("Retry-After: {after}\r\n");
            stream.write_all(none("429 Too Many Requests", &after).as_bytes()).await?;
        }
        Some(Deed::Reset) => stream.write_all(b"HTTP/1.1 20").await?,
        Some(Deed::HalfBody) => {
            stream.write_all((whole(body.len()) + &body[..body.len() / 2]).as_bytes()).await?;
        }
        Some(Deed::TooLongALength) => stream.write_all((whole(body.len() + 10) + &body).as_bytes()).await?,
        Some(Deed::TooShortALength) => {
            stream.write_all((whole(body.len() / 2) + &body[..body.len() / 2]).as_bytes()).await?;
        }
        Some(Deed::Broken) => stream.write_all((whole(12) + r#"[{"id": 1}} "#).as_bytes()).await?,
        Some(Deed::Nothing) => stream.write_all(none("200 OK", "").as_bytes()).await?,
        Some(Deed::NotModified) => stream.write_all(none("304 Not Modified", "").as_bytes()).await?,
        Some(Deed::Unauthorized) => stream.write_all(none("401 Unauthorized", "").as_bytes()).await?,
        Some(Deed::RedirectRound) => {
            // It leads here again, and stays so.
            script.left.lock().unwrap().entry(address.clone()).or_default().push(Deed::RedirectRound);
            stream.write_all(none("302 Found", &format!("Location: {address}\r\n")).as_bytes()).await?;
        }
        Some(Deed::Redirect) => {
            stream
                .write_all(none("307 Temporary Redirect", &format!("Location: /moved{address}\r\n")).as_bytes())
                .await?;
        }
        Some(Deed::Drip) => {
            stream.write_all(whole(body.len()).as_bytes()).await?;
            for piece in body.as_bytes().chunks(body.len() / 8 + 1) {
                stream.write_all(piece).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
    }
    stream.shutdown().await
}

fn body(kind: ListKind, address: &str) -> String {
    if kind == ListKind::File {
        return (0..PAGES * ROWS_OF_A_PAGE).fold("id,name\n".to_string(), |mut text, id| {
            let _ = writeln!(text, "{id},\"row, {id}\"");
            text
        });
    }
    let page: usize = address.rsplit('=').next().and_then(|page| page.parse().ok()).unwrap_or(1);
    let ids = match kind {
        // Other rows each time.
        ListKind::Endless => page * ROWS_OF_A_PAGE..(page + 1) * ROWS_OF_A_PAGE,
        _ if page > PAGES => 0..0,
        _ => (page - 1) * ROWS_OF_A_PAGE..page * ROWS_OF_A_PAGE,
    };
    let rows: Vec<String> = ids.map(|id| format!(r#"{{"id": {id}, "name": "row, {id}"}}"#)).collect();
    let next = match kind {
        ListKind::Endless => (page % 3 + 1).to_string(),
        _ if page < PAGES => (page + 1).to_string(),
        _ => "null".to_string(),
    };
    format!(r#"{{"next": {next}, "rows": [{}]}}"#, rows.join(", "))
}

fn source(kind: ListKind, url: &str) -> Source {
    let way = match kind {
        ListKind::File => return csv(format!("{url}/rows.csv"), &[("id", arrow::datatypes::DataType::Int64)]),
        ListKind::Numbered => Pages::Number { page: "page".into(), first: 1 },
        ListKind::Cursor | ListKind::Endless => Pages::Cursor { cursor: "page".into(), cursor_at: "next".into() },
    };
    let mut source = rest(url, "/rows", Some("rows"), None);
    let Origin::Rest(read) = &mut source.origin else { unreachable!("it is of an API") };
    read.paginate = Some(Paginator { way, size: None, place: ParameterPlace::Query });
    source
}

/// Whether it landed; its rows are those of a faultless capture then, and nothing is there otherwise.
async fn capture(seed: u64) -> (u64, bool, bool) {
    let (script, survives) = script(seed);
    let kind = script.kind;
    let url = serve(script).await;
    let mut bench = Bench::new();
    let source = source(kind, &url);
    match bench.outcome(&source).await {
        Ok(landing) => {
            let rows = PAGES * ROWS_OF_A_PAGE;
            let table = bench
                .sql(
                    &landing,
                    "SELECT count(*), count(DISTINCT id), sum(id), count(DISTINCT name), max(length(name)) FROM t",
                )
                .await
                .unwrap();
            let numbers: Vec<u64> = table.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
            let rows = rows as u64;
            assert_eq!(numbers, [rows, rows, rows * (rows - 1) / 2, rows, 8], "seed {seed}: {table}");
            (seed, survives, true)
        }
        Err(error) => {
            assert_eq!(bench.files(), Vec::<String>::new(), "seed {seed}: a failed capture leaves nothing");
            assert!(error.to_string().contains("127.0.0.1"), "seed {seed}: {error}");
            (seed, survives, false)
        }
    }
}

#[tokio::test]
async fn what_lies_within_the_retries_lands_whole_and_all_else_not_at_all() {
    let first: u64 = 1;
    let outcomes: Vec<_> =
        stream::iter(first..first + SEQUENCES).map(capture).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<_> = outcomes.iter().filter(|(_, survives, landed)| survives != landed).collect();
    let deeds: Vec<_> = wrong.iter().map(|(seed, ..)| script(*seed).0.left).collect();
    assert!(wrong.is_empty(), "(seed, it should land, it landed): {wrong:?} {deeds:?}");
    let survived = outcomes.iter().filter(|(_, survives, _)| *survives).count();
    assert!(survived >= 350, "{survived} of {SEQUENCES} lie within the retries");
}
