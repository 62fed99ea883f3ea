//! The store that the demo target brings along: an HTTP API, a database and a file, in this process, without a network.
//!
//! Everything follows from the target's seed and scale; the clock and the machine have no part in it. Scale 1
//! is 100 users, 200 products, 2,000 carts with about 5,300 lines; scale 1000 is 100,000 users, 2,000 products
//! and 2,000,000 carts with about 5.3 million lines, between 2024-01-01 and 2025-12-31.
//!
//! # Dirt
//! What a pipeline has to clean, at fixed rates:
//!
//! | where | what | share |
//! | --- | --- | --- |
//! | products | `category` null | 3 % |
//! | products | `category` with stray blanks, capitals, or both: ` electronics `, `JEWELERY`, `Men's Clothing ` | 12 % |
//! | products | `price` as text, `"12.50"` | 6 % |
//! | products | `price` is `"N/A"`; negative | 1.5 % each |
//! | products | `price` null; the key is absent | 1 % each |
//! | products | `rating` null | 4 % |
//! | products | a row comes again, identical | 1 after every 50 |
//! | users | `email` null | 4 % |
//! | users | `email` with stray blanks or capitals | 12 % |
//! | users | a row comes again with another phone and `__v` 1 | 1 after every 20 |
//! | carts | `date` without zone and milliseconds; the day alone | 10 %; 15 % |
//! | carts | `date` as `15/03/2024` | 2 % |
//! | carts | `date` is no day, `2024-13-45`; is empty | 1.5 % each |
//! | carts | `quantity` 0; negative; 9999 | 0.5 %; 0.5 %; 0.3 % of the lines |
//! | carts | a row comes again, identical | 1 after every 50 |
//! | orders | `status` with stray blanks or capitals | 12 % |
//! | orders | `freight` null; `ordered_at` null | 2 %; 1 % |
//! | orders | `ordered_at` as `2024-03-15T10:20:30Z` instead of `2024-03-15 10:20:30` | 9 % |
//! | regions.csv | names like `Cost Total $`, `"1,018.00"`, `N/A`, `fr `, an empty rate, codes that start with 0, Japan missing | a few |

mod api;
mod data;
mod database;
mod json;
mod random;
mod row;
mod words;

use std::net::Ipv4Addr;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::error::{Error, Result};
use crate::project::{Address, DemoStore, Origin, Project, Source};
use data::Shop;

/// Raised whenever other rows come from the same seed and scale: databases made before are then made anew, and ETags change.
const GENERATION: u32 = 1;

/// A running store; it stops answering when dropped.
#[derive(Debug)]
pub struct Store {
    api_url: String,
    files_url: String,
    database_url: String,
    server: JoinHandle<()>,
}

impl Store {
    /// The store of a project's target, if that has one; its database is kept in the project's folder.
    pub async fn of(project: &Project) -> Result<Option<Store>> {
        match &project.target.demo {
            Some(settings) => Store::open(&project.root.join(".trapiche/demo"), settings).await.map(Some),
            None => Ok(None),
        }
    }

    /// Starts the server on a free port of 127.0.0.1 and makes sure of the database.
    ///
    /// `dir` keeps the generated database between runs: `<dir>/store-<scale>-<seed>.sqlite`. Fails when
    /// that folder cannot be written.
    pub async fn open(dir: &Path, settings: &DemoStore) -> Result<Store> {
        let world = Shop::new(settings);
        let database = database::open(&std::path::absolute(dir)?, &world).await?;
        let no_port = |error| Error::failed("cannot open a port on 127.0.0.1 for the demo's API").because(error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let server = tokio::spawn(async move {
            axum::serve(listener, api::router(world)).await.expect("axum's server retries and never returns");
        });
        let database = Url::from_file_path(&database).expect("the path was made absolute");
        Ok(Store {
            api_url: format!("http://{address}/api"),
            files_url: format!("http://{address}/files"),
            // sqlx undoes the percent-encoding, so folders may have any name.
            database_url: format!("sqlite://{}", database.path()),
            server,
        })
    }

    /// Stands in for `demo://api`.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Stands in for `demo://files`.
    pub fn files_url(&self) -> &str {
        &self.files_url
    }

    /// Stands in for `demo://database`.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// The source with this store's addresses in place of `demo://…`.
    pub fn point(&self, source: &Source) -> Source {
        let here = |address: &Address| {
            let places = [
                ("demo://api", &self.api_url),
                ("demo://files", &self.files_url),
                ("demo://database", &self.database_url),
            ];
            places.iter().fold(address.clone(), |address, (from, to)| address.moved(from, to))
        };
        let mut source = source.clone();
        match &mut source.origin {
            Origin::Files { files, .. } => files.places.iter_mut().for_each(|place| *place = here(place)),
            Origin::Rest(read) => **read = read.moved(here),
            Origin::Sql { database, .. } => *database = here(database),
        }
        source
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{ETAG, IF_NONE_MATCH};
    use serde_json::Value;
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    async fn get(url: &str) -> Value {
        let response = reqwest::get(url).await.unwrap();
        assert_eq!(response.status(), 200, "{url}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn the_store_answers_like_the_real_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &DemoStore { scale: 1, seed: 42 }).await.unwrap();
        let api = store.api_url();

        // Pages put together are the whole.
        let whole = get(&format!("{api}/carts")).await;
        assert_eq!(whole.as_array().unwrap().len(), 2_040);
        let mut pages = vec![];
        for page in 1..=5 {
            pages.extend(get(&format!("{api}/carts?page={page}&limit=500")).await.as_array().unwrap().clone());
        }
        assert_eq!(Value::Array(pages), whole);
        assert_eq!(get(&format!("{api}/carts?page=6&limit=500")).await, Value::Array(vec![]));

        assert_eq!(get(&format!("{api}/carts/7")).await, whole[6]);
        let user = whole[6]["userId"].as_u64().unwrap();
        let of_user = get(&format!("{api}/carts/user/{user}")).await;
        let wanted: Vec<_> = whole.as_array().unwrap().iter().filter(|cart| cart["userId"] == user).cloned().collect();
        assert_eq!(of_user, Value::Array(wanted));

        let sale = get(&format!("{api}/products/category/home%2Fgarden")).await;
        assert!(!sale.as_array().unwrap().is_empty());
        assert_eq!(get(&format!("{api}/products/categories")).await.as_array().unwrap().len(), 7);
        assert_eq!(get(&format!("{api}/users?limit=3")).await.as_array().unwrap().len(), 3);
        for (path, status) in
            [("products/9999", 404), ("users/x", 400), ("users?page=0", 400), ("carts?limit=10001", 400)]
        {
            assert_eq!(reqwest::get(format!("{api}/{path}")).await.unwrap().status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn unchanged_content_is_not_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &DemoStore { scale: 1, seed: 42 }).await.unwrap();
        let urls =
            [format!("{}/products?page=1&limit=50", store.api_url()), format!("{}/regions.csv", store.files_url())];
        let client = reqwest::Client::new();
        for url in urls {
            let first = client.get(&url).send().await.unwrap();
            let tag = first.headers()[ETAG].clone();
            let again = client.get(&url).header(IF_NONE_MATCH, &tag).send().await.unwrap();
            assert_eq!((again.status().as_u16(), &again.headers()[ETAG]), (304, &tag));
            assert!(again.bytes().await.unwrap().is_empty());
            let other = client.get(&url).header(IF_NONE_MATCH, "\"old\"").send().await.unwrap();
            assert_eq!(other.status(), 200);
        }
    }

    #[tokio::test]
    async fn the_database_matches_the_api_and_is_kept() {
        let dir = tempfile::Builder::new().prefix("50% off? ").tempdir().unwrap();
        let settings = DemoStore { scale: 1, seed: 42 };
        let store = Store::open(dir.path(), &settings).await.unwrap();
        let mut database = SqliteConnection::connect(store.database_url()).await.unwrap();
        let (customers, orders): (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM customers), (SELECT count(DISTINCT cart_id) FROM orders)")
                .fetch_one(&mut database)
                .await
                .unwrap();
        assert_eq!((customers, orders), (100, 2_000));
        let carts = get(&format!("{}/carts?limit=1", store.api_url())).await;
        let buyer: i64 = sqlx::query_scalar("SELECT customer_id FROM orders WHERE cart_id = 1")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(carts[0]["userId"], buyer);

        let made = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
        let path = dir.path().join("store-1-42.sqlite");
        let before = made(&path);
        drop(Store::open(dir.path(), &settings).await.unwrap());
        assert_eq!(made(&path), before);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
