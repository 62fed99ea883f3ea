//! What somebody does with a server that is there: makes a project of it, looks at it, and asks whether all is well.

use std::process::Command;

use serde_json::Value;

use crate::places::DatabaseServer;
use crate::workbench::{Answer, Workbench, files_below};

const ROWS: &str = "(1, 12.50, '2024-02-29', 'it''s'), (2, NULL, NULL, ''), (3, -1, '1999-12-31', 'ñ')";

fn trapiche(bench: &Workbench, args: &[&str]) -> Answer {
    let mut command = bench.command(args);
    for name in ["PGUSER", "PGPASSWORD", "PGHOST", "PGSSLMODE"] {
        command.env_remove(name);
    }
    let answer = Answer::from(command.output().unwrap());
    assert!(!answer.stderr.contains("trapiche-secret") && !answer.stdout.contains("trapiche-secret"), "{args:?}");
    answer
}

fn succeeded(bench: &Workbench, args: &[&str]) -> Answer {
    let answer = trapiche(bench, args);
    assert_eq!(answer.code, 0, "{args:?}: {}{}", answer.stdout, answer.stderr);
    answer
}

/// A project of all tables, whose rows are `expected`, as the server's own program prints them.
fn becomes_a_project(url: &str, expected: &str) {
    let bench = Workbench::of(&[]);
    let words = succeeded(&bench, &["init", "new", "--from", url]).stderr;
    assert!(words.contains("trapiche -C new preview orders"), "{words}");
    for file in files_below(&bench.path("new")).iter().filter(|file| *file != ".env") {
        let text = std::fs::read_to_string(bench.path("new").join(file)).unwrap();
        assert!(!text.contains("trapiche-secret"), "{file}: {text}");
    }
    let settings = std::fs::read_to_string(bench.path("new/trapiche.yml")).unwrap();
    assert!(settings.contains("trapiche:${SHOP_PASSWORD}@127.0.0.1"), "{settings}");

    let look = succeeded(&bench, &["-C", "new", "preview", "orders", "-n", "2", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&look.stdout).unwrap().len(), 2);
    assert!(look.stderr.contains("total decimal(12,2), due date, said string"), "{}", look.stderr);
    assert!(look.stderr.contains("one reader"), "{}", look.stderr);
    assert!(!bench.path("new/lake").exists());

    let health = succeeded(&bench, &["-C", "new", "doctor", "-o", "csv"]).stdout;
    assert!(health.contains("source orders,read,ok,") && !health.contains(",fail,"), "{health}");

    succeeded(&bench, &["-C", "new", "run"]);
    let sql = "SELECT id, total, due, said FROM trusted.orders ORDER BY id";
    let found = succeeded(&bench, &["-C", "new", "query", "-o", "csv", sql]).stdout;
    assert_eq!(found.replace("\"\"", ""), format!("id,total,due,said\n{expected}"));
}

#[test]
fn a_postgres_server_becomes_a_project() {
    let Some(server) = DatabaseServer::start("postgres") else { return };
    let psql = |args: &[&str]| {
        let answer = Command::new("psql").args(["--quiet", "--no-psqlrc", &server.url]).args(args).output().unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).unwrap()
    };
    psql(&["-c", "CREATE TABLE orders (id int, total numeric(12,2), due date, said text)"]);
    psql(&["-c", &format!("INSERT INTO orders VALUES {ROWS}")]);
    psql(&[
        "-c",
        "CREATE SCHEMA sales; CREATE TABLE sales.\"Odd Name\" (\"A b\" int); CREATE VIEW v AS SELECT 1 AS one",
    ]);
    let expected = psql(&["--csv", "--tuples-only", "-c", "SELECT * FROM orders ORDER BY id"]);
    becomes_a_project(&server.url, &expected.replace("\"\"", ""));
}

#[test]
fn a_mariadb_server_becomes_a_project() {
    let Some(server) = DatabaseServer::start("mariadb") else { return };
    super::waited(async {
        use sqlx::{Connection, Executor};
        let mut connection = sqlx::MySqlConnection::connect(&server.url).await.unwrap();
        connection
            .execute("CREATE TABLE orders (id int, total decimal(12,2), due date, said varchar(9))")
            .await
            .unwrap();
        connection.execute(sqlx::AssertSqlSafe(format!("INSERT INTO orders VALUES {ROWS}"))).await.unwrap();
    });
    becomes_a_project(&server.url, "1,12.50,2024-02-29,it's\n2,,,\n3,-1.00,1999-12-31,ñ\n");
}
