//! What nobody asks who means well.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::server::Server;
use super::{SETTINGS, mixed};
use crate::workbench::Workbench;

const TABLE: &str = "/tables/refined/mixed";

/// A text of an attack in each parameter, as its name and as its value.
#[test]
fn no_parameter_is_sql_or_a_path() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    let texts = [
        "1;DROP TABLE t",
        "1' OR '1'='1",
        "1) OR (1=1",
        "x UNION SELECT * FROM raw.t",
        "$(id)",
        "`id`",
        "{{7*7}}",
        "%00",
        "..%2f..%2f..%2fetc%2fpasswd",
        "file:///etc/passwd",
        "s3://bucket/key",
        "raw.mixed",
        "%F0%9F%A6%A5",
        "%FF",
        "(a%2b)%2b$",
        "__proto__",
        "-1",
        "1e999",
        "NaN",
    ];
    let names = [
        "select",
        "order",
        "limit",
        "cursor",
        "as_of",
        "count",
        "format",
        "id",
        "note",
        "note.contains",
        "price.in",
        "day.gt",
        "list.eq",
        "x",
    ];
    for text in texts {
        for name in names {
            for path in ["rows", "aggregate", "distinct/town"] {
                let answer = server.get(&format!("{TABLE}/{path}?{name}={text}"));
                assert!([200, 400, 404].contains(&answer.status), "{path} {name}={text}: {}", answer.text());
                assert!(!answer.text().contains("root:"), "{path} {name}={text}");
            }
        }
        for path in [
            format!("/tables/refined/{text}/rows"),
            format!("/tables/{text}/mixed"),
            format!("/runs/{text}"),
            format!("/{text}"),
            format!("/models/{text}"),
            format!("/profiles/{text}"),
            format!("{TABLE}/distinct/{text}"),
        ] {
            let path = path.replace(' ', "%20");
            let answer = server.get(&path);
            assert!([400, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        }
    }
    for path in [
        "/tables/refined/../../etc/passwd",
        "/../../../etc/passwd",
        "/tables//mixed",
        "/tables/refined/mixed/",
        "//tables",
    ] {
        assert!([400, 404].contains(&server.get(path).status), "{path}");
    }
    // The text is only text.
    let answer = server.json(&format!("{TABLE}/rows?note=1%27%20OR%20%271%27%3D%271"));
    assert_eq!(answer["rows"].as_array().unwrap().len(), 0);
    let wrong = server.get(&format!("{TABLE}/rows?price.gt=1.234")).json();
    assert_eq!((wrong["parameter"].as_str(), wrong["value"].as_str()), (Some("price.gt"), Some("1.234")));
    let near = server.get(&format!("{TABLE}/rows?prise=1")).json();
    assert_eq!(near["hint"], "did you mean `price`?");
}

#[test]
fn what_is_too_large_is_refused() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    let before = server.memory();
    for limit in ["0", "10001", "99999999999999999999", "-5", "1.5"] {
        assert_eq!(server.get(&format!("{TABLE}/rows?limit={limit}")).status, 400, "{limit}");
    }
    for count in [65, 1200] {
        let many = vec!["id.gt=1"; count].join("&");
        assert_eq!(server.get(&format!("{TABLE}/rows?{many}")).status, 400);
    }
    let values = vec!["1"; 2000].join(",");
    assert_eq!(server.get(&format!("{TABLE}/rows?id.in={values}")).status, 400);
    let long = "a".repeat(10 << 20);
    for header in [("X-Long", long.as_str()), ("Authorization", long.as_str()), ("If-None-Match", long.as_str())] {
        let head = format!("GET {TABLE} HTTP/1.1\r\nHost: x\r\n{}: {}\r\n\r\n", header.0, header.1);
        let answer = server.send(head.as_bytes());
        assert!(answer.is_none_or(|answer| answer.status == 431), "{}", header.0);
    }
    let many: String = (0..500).map(|n| format!("X-{n}: y\r\n")).collect();
    let answer = server.send(format!("GET {TABLE} HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes());
    assert!(answer.is_none_or(|answer| answer.status == 431));
    let deep = "[".repeat(900_000);
    for body in [deep.as_str(), &long] {
        let answer = server.ask("POST", "/models/x/predict", &[("Content-Encoding", "gzip")], body.as_bytes());
        assert!([404, 413, 415].contains(&answer.status), "{}", answer.status);
    }
    for wrong in ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n\r\n"] {
        let answer = server.send(wrong.as_bytes());
        assert!(answer.is_none_or(|answer| answer.status == 400), "{wrong:?}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = server.ask(method, &format!("{TABLE}/rows"), &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")), "{method}");
    }
    assert_eq!(server.get("/health").status, 200);
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 300 << 20, "{grown}");
}

/// What is not understood is not passed over.
#[test]
fn each_address_says_what_it_does_not_take() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    for path in ["/", "/tables", TABLE, "/look/refined/mixed", "/models", "/runs"] {
        assert_eq!(server.get(path).status, 200, "{path}");
        assert_eq!(server.get(&format!("{path}?versoin=3")).status, 400, "{path}");
    }
    let host = |host: &str| {
        let head = format!("GET {TABLE} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        server.send(head.as_bytes()).unwrap().status
    };
    for here in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:80"] {
        assert_eq!(host(here), 200, "{here}");
    }
    for elsewhere in ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"] {
        assert_eq!(host(elsewhere), 421, "{elsewhere}");
    }
}

/// 0 and -0 are equal and two rows; years have as many digits as they need.
#[test]
fn pages_lose_no_row_that_looks_like_another() {
    let sql = "SELECT id % 3 = 0 AS third, CASE WHEN id % 2 = 0 THEN double('-0.0') ELSE 0.0D END AS zero,
        date_add(DATE'9999-12-30', CAST(id AS int)) AS day FROM range(40)";
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/refined/t.sql", sql)]);
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    for (question, limit) in
        [("select=zero,third&order=zero", 7), ("select=third,zero&order=third.desc", 3), ("order=day.desc", 6)]
    {
        let (mut rows, mut next) = (vec![], Some(String::new()));
        while let Some(cursor) = next {
            let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
            let page = server.json(&format!("/tables/refined/t/rows?{question}&limit={limit}{cursor}"));
            rows.extend(page["rows"].as_array().unwrap().iter().map(Value::to_string));
            next = page["next"].as_str().map(str::to_string);
        }
        let all = server.json(&format!("/tables/refined/t/rows?{question}&limit=100"));
        let mut all: Vec<String> = all["rows"].as_array().unwrap().iter().map(Value::to_string).collect();
        rows.sort();
        all.sort();
        assert_eq!(rows, all, "{question}");
    }
}

/// Those who only hold the line are cut off, and others are answered meanwhile.
#[test]
fn idle_and_slow_callers_keep_nobody_out() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    // Most of them the server has no room for. Other tests of this process need files, too.
    let before = server.memory();
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let open_files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let most: usize = open_files.split_whitespace().nth(3).unwrap().parse().unwrap_or(1024);
    let idle: Vec<TcpStream> = (0..10_000.min(most / 2)).map(|_| server.connect()).collect();
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(server.get(&format!("{TABLE}/rows?limit=1")).status, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?} beside {}", began.elapsed(), idle.len());
    assert!(server.memory() < before + (200 << 20), "{} from {before}", server.memory());
    let mut slow: Vec<TcpStream> = (0..50).map(|_| server.connect()).collect();
    let began = Instant::now();
    for stream in &mut slow {
        stream.write_all(b"GET /tables HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
    }
    assert_eq!(server.get(&format!("{TABLE}/rows?limit=1")).status, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Byte by byte, for longer than a head may take.
    let mut cut = 0;
    for stream in &mut slow {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut rest = vec![];
        let _ = stream.read_to_end(&mut rest);
        cut += 1;
    }
    assert_eq!(cut, 50);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    drop(idle);
    let (code, said) = server.end();
    assert_eq!(code, 0, "{said}");
}

/// Whoever makes a cursor up gets rows that they may see, or is refused.
#[test]
fn a_cursor_that_was_made_up_is_refused() {
    let bench = mixed();
    let server = Server::start(&bench, &[]);
    let pages = ["limit=2&select=id,note", "limit=2&select=id,note&order=note"];
    for page in pages {
        let next = server.json(&format!("{TABLE}/rows?{page}"))["next"].as_str().unwrap().to_string();
        let cursor: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(next).unwrap()).unwrap();
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut cursor = cursor.clone();
            change(&mut cursor);
            let cursor = URL_SAFE_NO_PAD.encode(cursor.to_string());
            server.get(&format!("{TABLE}/rows?{page}&cursor={cursor}")).status
        };
        assert_eq!(changed(&|_| {}), 200);
        assert_eq!(changed(&|cursor| cursor["v"] = json!(99)), 410);
        assert_eq!(changed(&|cursor| cursor["q"] = json!("0123456789abcdef")), 400);
        assert_eq!(changed(&|cursor| cursor["a"] = json!({})), 400);
        assert_eq!(changed(&|cursor| cursor["a"] = json!({ "key": { "key": ["x"], "given": 1 } })), 400);
        assert_eq!(changed(&|cursor| cursor["a"] = json!({ "rows": { "file": 0, "given": u64::MAX } })), 400);
        let kind = if page.contains("order") { "key" } else { "rows" };
        assert_eq!(changed(&|cursor| cursor["a"][kind]["given"] = json!(u64::MAX)), 400);
        assert_eq!(changed(&|cursor| cursor["a"][kind]["given"] = json!(-1)), 400);
    }
    assert_eq!(server.get(&format!("{TABLE}/rows?order=id&cursor=x")).status, 400);
}
