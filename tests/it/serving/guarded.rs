//! Who is let in.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::server::Server;
use super::{SETTINGS, signer};
use crate::workbench::{Answer, Workbench};

fn bench(serve: &str) -> Workbench {
    let settings = format!("{SETTINGS}serve:\n{serve}");
    let bench = Workbench::of(&[("trapiche.yml", &settings), ("queries/refined/t.sql", "SELECT 1 AS id")]);
    bench.write("keys.json", &signer::jwks());
    bench
}

const ROWS: &str = "/tables/refined/t/rows";

#[test]
fn a_key_opens_and_is_kept_nowhere() {
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/refined/t.sql", "SELECT 1 AS id")]);
    bench.run(&[]);
    let made = bench.trapiche(&["serve", "key", "page"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let key = made.stdout.trim();
    let line = made.stderr.lines().find(|line| line.contains("sha256:")).unwrap().trim();
    assert!(!made.stderr.contains(key));
    bench.write("trapiche.yml", &format!("{SETTINGS}serve:\n  keys:\n  {line}\n"));
    let server = Server::start(&bench, &[]);
    assert_eq!(server.get("/health").status, 200);
    for path in [ROWS, "/tables", "/openapi.json", "/metrics", "/runs", "/models"] {
        let refused = server.get(path);
        assert_eq!(
            (refused.status, refused.header("www-authenticate")),
            (401, Some("Bearer, Basic realm=\"trapiche\"")),
            "{path}"
        );
    }
    let with = |name: &str, value: &str| server.ask("GET", ROWS, &[(name, value)], b"").status;
    assert_eq!(with("Authorization", &format!("Bearer {key}")), 200);
    assert_eq!(with("X-Api-Key", key), 200);
    assert_eq!(with("Authorization", &format!("Basic {}", STANDARD.encode(format!("anyone:{key}")))), 200);
    for wrong in ["", "Bearer", "Bearer ", "Basic eDp5", &format!("Bearer {key}x"), &format!("Bearer {}", &key[1..])] {
        assert_eq!(with("Authorization", wrong), 401, "{wrong}");
    }
    let lake = bench.lake_files().join(" ");
    assert!(!lake.contains(key));
    assert_eq!(bench.trapiche(&["serve", "key", "a b"]).code, 2);
}

#[test]
fn without_one_no_other_machine_can_ask() {
    let bench = Workbench::of(&[("trapiche.yml", SETTINGS), ("queries/refined/t.sql", "SELECT 1 AS id")]);
    for address in ["0.0.0.0", "::"] {
        let refused = bench.trapiche(&["serve", "--bind", address, "--port", "0"]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains("anyone may ask"), "{}", refused.stderr);
    }
    bench.write("trapiche.yml", &format!("{SETTINGS}serve: {{ keys: [{{ name: a, sha256: abc }}] }}\n"));
    let refused = bench.trapiche(&["validate"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("this is no SHA-256"), "{}", refused.stderr);
}

#[test]
fn tokens_are_taken_from_their_signer_alone() {
    let bench = bench("  jwt: { jwks: keys.json, issuer: \"https://login.example\", audience: lake }\n");
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let claims = |changes: Value| {
        let mut claims = json!({ "iss": "https://login.example", "aud": "lake", "sub": "ada", "exp": now + 600 });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    };
    let status = |token: &str| server.ask("GET", ROWS, &[("Authorization", &format!("Bearer {token}"))], b"").status;
    let good = claims(json!({}));
    assert_eq!(status(&signer::ec(&good, "ec")), 200);
    assert_eq!(status(&signer::rsa(&good, "rsa")), 200);
    assert_eq!(status(&signer::ec(&claims(json!({ "aud": ["other", "lake"] })), "ec")), 200);

    let refused = [
        ("expired", signer::ec(&claims(json!({ "exp": now - 3600 })), "ec")),
        ("never expires", signer::ec(&claims(json!({ "exp": null })), "ec")),
        ("not good yet", signer::ec(&claims(json!({ "nbf": now + 3600 })), "ec")),
        ("another's", signer::ec(&claims(json!({ "iss": "https://evil.example" })), "ec")),
        ("for another", signer::ec(&claims(json!({ "aud": "shop" })), "ec")),
        ("for nobody", signer::ec(&claims(json!({ "aud": null })), "ec")),
        ("an unknown key", signer::ec(&good, "other")),
        ("a key of another kind", signer::ec(&good, "rsa")),
        ("a key of another kind", signer::rsa(&good, "ec")),
        ("the public key as a secret", signer::confused(&good, "rsa")),
        ("the public key as a secret", signer::confused(&good, "ec")),
    ];
    for (what, token) in &refused {
        assert_eq!(status(token), 401, "{what}");
    }
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = signer::ec(&good, "ec");
    let parts: Vec<&str> = signed.split('.').collect();
    let more = claims(json!({ "sub": "root" }));
    for (what, token) in [
        ("no signature", format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(&good))),
        ("no signature", format!("{}.{}.", encode(&json!({ "alg": "none", "kid": "ec" })), encode(&good))),
        ("cut off", format!("{}.{}.", parts[0], parts[1])),
        ("changed", format!("{}.{}.{}", parts[0], encode(&more), parts[2])),
        ("no token", "a.b.c".into()),
        ("no token", "....".into()),
        ("long", "a".repeat(20_000)),
    ] {
        assert_eq!(status(&token), 401, "{what}");
    }
    bench.write("keys.json", "{}");
    let broken = Answer::from(bench.command(&["serve", "--port", "0"]).output().unwrap());
    assert_eq!(broken.code, 2, "{}", broken.stderr);
    assert!(broken.stderr.contains("is no JSON Web Key Set"), "{}", broken.stderr);
}

#[test]
fn who_asks_too_often_is_told_when_to_come_again() {
    let bench = bench("  rate_limit: 2/m\n  origins: [\"https://page.example\"]\n");
    bench.run(&[]);
    let server = Server::start(&bench, &[]);
    assert_eq!(server.get(ROWS).status, 200);
    let refused = server.get(ROWS);
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    // Whoever watches it is not counted.
    assert_eq!(server.get("/health").status, 200);

    let preflight = [("Origin", "https://page.example"), ("Access-Control-Request-Method", "GET")];
    let allowed = server.ask("OPTIONS", ROWS, &preflight, b"");
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, Some("https://page.example")));
    let other = server.ask("GET", "/health", &[("Origin", "https://evil.example")], b"");
    assert_eq!(other.header("access-control-allow-origin"), None);
    bench.write("trapiche.yml", &format!("{SETTINGS}serve: {{ origins: [\"https://page.example/x\"] }}\n"));
    assert_eq!(bench.trapiche(&["validate"]).code, 2);
}
