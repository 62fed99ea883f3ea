//! The shop's database: one SQLite file with `customers` and `orders`, made at first use and kept.
//!
//! It is written under another name and renamed when complete, so a file with the right name is a whole one.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite, SqliteConnection};

use super::GENERATION;
use super::data::Shop;
use crate::error::{Error, Result};

/// Rows of one INSERT; seven values each stay far below SQLite's 32,766 parameters.
const ROWS_PER_INSERT: u64 = 1_000;

/// Makes sure of `<dir>/store-<scale>-<seed>.sqlite` and returns its path.
pub async fn open(dir: &Path, world: &Shop) -> Result<PathBuf> {
    let path = dir.join(format!("store-{}-{}.sqlite", world.scale(), world.seed()));
    if is_current(&path).await {
        return Ok(path);
    }
    std::fs::create_dir_all(dir).map_err(|error| cannot_make(&path).because(error))?;
    // The process id keeps apart two runs that both find no database.
    let making = path.with_extension(format!("sqlite.{}.tmp", std::process::id()));
    let made = match make(&making, world).await {
        Ok(()) => std::fs::rename(&making, &path).map_err(|error| cannot_make(&path).because(error)),
        Err(error) => Err(cannot_make(&path).because(error)),
    };
    if made.is_err() {
        // The failure is already on its way to the user; a file left over harms nobody.
        let _ = std::fs::remove_file(&making);
    }
    made.map(|()| path)
}

/// Whether the file is there and was made by this edition of the generator.
async fn is_current(path: &Path) -> bool {
    let Ok(mut connection) = SqliteConnectOptions::new().filename(path).read_only(true).connect().await else {
        return false;
    };
    let generation: Result<u32, _> = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await;
    let closed = connection.close().await;
    generation.is_ok_and(|generation| generation == GENERATION) && closed.is_ok()
}

async fn make(path: &Path, world: &Shop) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    // No journal and no sync: nobody reads the file before it is renamed, and a torn one is made anew.
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .connect()
        .await?;
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
    sqlx::raw_sql("BEGIN").execute(&mut connection).await?;
    for first in (1..=world.users()).step_by(ROWS_PER_INSERT as usize) {
        insert_customers(&mut connection, world, first).await?;
    }
    for first in (1..=world.carts()).step_by(ROWS_PER_INSERT as usize) {
        insert_orders(&mut connection, world, first).await?;
    }
    sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
    sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {GENERATION}"))).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

const SCHEMA: &str = "
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY, email TEXT NOT NULL, full_name TEXT NOT NULL, country TEXT,
        newsletter BOOLEAN NOT NULL, signed_up TEXT NOT NULL
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, cart_id INTEGER NOT NULL, customer_id INTEGER NOT NULL, status TEXT NOT NULL,
        channel TEXT NOT NULL, freight REAL, ordered_at TEXT
    );";

async fn insert_customers(connection: &mut SqliteConnection, world: &Shop, first: u64) -> sqlx::Result<()> {
    let ids = first..(first + ROWS_PER_INSERT).min(world.users() + 1);
    let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO customers ");
    insert.push_values(ids, |mut row, id| {
        let user = world.user(id, 0);
        row.push_bind(id as i64)
            .push_bind(user.email)
            .push_bind(format!("{} {}", user.first, user.last))
            .push_bind(user.country)
            .push_bind(user.number.is_multiple_of(3))
            .push_bind(user.signed_up.to_string());
    });
    insert.build().execute(connection).await.map(drop)
}

async fn insert_orders(connection: &mut SqliteConnection, world: &Shop, first: u64) -> sqlx::Result<()> {
    let ids = first..(first + ROWS_PER_INSERT).min(world.carts() + 1);
    let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO orders ");
    insert.push_values(ids, |mut row, id| {
        let cart = world.cart(id);
        let order = world.order(&cart);
        row.push_bind(order.id as i64)
            .push_bind(id as i64)
            .push_bind(cart.user_id as i64)
            .push_bind(order.status)
            .push_bind(order.channel)
            .push_bind(order.freight_cents.map(|cents| cents as f64 / 100.0))
            .push_bind(order.ordered_at);
    });
    insert.build().execute(connection).await.map(drop)
}

fn cannot_make(path: &Path) -> Error {
    Error::failed(format!("cannot make the demo's database `{}`", path.display()))
        .hint("the folder must be writable; at scale 1000 the file takes about 200 MB")
}
