//! What a lake holds, by REST: always of one committed version, and nothing but what `serve:` shows.
//!
//! | file | noun |
//! |---|---|
//! | `tables`, `rows`, `aggregate`, `models`, `runs`, `sql` | the answers, a family of addresses each |
//! | `parameters`, `value`, `columns`, `filter`, `order`, `cursor` | what a request asks for, read and checked |
//! | `page` | rows of one version, from a place on |
//! | `row_cache` | files whose rows stay in memory |
//! | `form` | JSON, NDJSON, CSV, Arrow, Parquet |
//! | `answer`, `document` | what is sent, with what caches are to know |
//! | `refusal` | what is sent instead |
//! | `versions` | which version is the newest |
//! | `served` | what all requests share |
//! | `dashboard` | pages for people |
//! | `guard` | who may ask, and how often |
//! | `doors` | what every request passes: the log, other sites' pages, the guard |
//! | `server` | connections |
//! | `lambda` | events of AWS Lambda in place of connections |
//! | `metrics`, `openapi`, `gateway` | what was asked, and what can be, for people's tools and for API Gateway |

mod aggregate;
mod answer;
mod columns;
mod cursor;
mod dashboard;
mod document;
mod doors;
mod filter;
mod form;
mod gateway;
mod guard;
mod lambda;
mod metrics;
mod models;
mod openapi;
mod order;
mod page;
mod parameters;
mod refusal;
mod row_cache;
mod rows;
mod runs;
mod served;
mod server;

mod sql;
mod tables;
mod value;
mod versions;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, header};
use tokio::net::TcpListener;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::project::Project;
pub use dashboard::{PageFile, pages};
pub use doors::Note;
pub use guard::new_key;
pub use lambda::answer_events;
use refusal::HttpRefusal;
use served::{Served, Transport};

/// Rows to be scored.
const MOST_BODY_BYTES: usize = 1 << 20;

/// A server that has a port and waits for requests.
pub struct Service {
    listener: TcpListener,
    router: Router,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Service {
    /// Opens the port. `note` is told of what goes wrong in here.
    ///
    /// # Errors
    /// When other machines could ask without saying who they are, or the port is taken.
    pub async fn open(
        project: &Project,
        lake: &Lake,
        limits: &Limits,
        at: &str,
        allows_sql: bool,
        note: Note,
    ) -> Result<Service> {
        let served = Served::open(project, lake, limits, Transport::Http).await?.allowing_sql(allows_sql);
        let no_port = |error| {
            Error::config(format!("cannot listen at `{at}`"))
                .because(error)
                .hint("is the port taken? `--port` names another")
        };
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(at).await.map_err(no_port)?.collect();
        if let Some(open) = addresses.iter().find(|address| !address.ip().is_loopback())
            && !project.serve.asks_who()
        {
            let hint = "add `serve: { keys: [{ name: …, sha256: … }] }`; `trapiche serve key NAME` makes one";
            return Err(
                Error::config(format!("`{open}` can be reached from other machines, and anyone may ask")).hint(hint)
            );
        }
        let listener = TcpListener::bind(&addresses[..]).await.map_err(no_port)?;
        let address = listener.local_addr()?;
        Ok(Service { listener, router: router(served, note), address })
    }

    /// Answers until `stop`, and ends what was begun.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        server::run(self.listener, self.router, stop).await;
    }
}

/// The description of the service as OpenAPI has it; for the ARN of a Lambda function as API Gateway imports it.
pub async fn description(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    allows_sql: bool,
    function: Option<&str>,
) -> Result<serde_json::Value> {
    let served = Served::open(project, lake, limits, Transport::Http).await?.allowing_sql(allows_sql);
    let document = openapi::document(&served).await?;
    Ok(match function {
        Some(function) => gateway::importable(&document, function),
        None => document,
    })
}

fn router(served: Served, note: Note) -> Router {
    let served = Arc::new(served);
    let mut guarded = Router::new()
        .route("/", get(dashboard::home))
        .route("/look/{zone}/{name}", get(dashboard::look))
        .route("/tables", get(tables::tables))
        .route("/tables/{zone}/{name}", get(tables::table))
        .route("/tables/{zone}/{name}/rows", get(rows::rows))
        .route("/tables/{zone}/{name}/aggregate", get(aggregate::aggregate))
        .route("/tables/{zone}/{name}/distinct/{column}", get(aggregate::distinct))
        .route("/profiles/{name}", get(models::profile))
        .route("/models", get(models::list))
        .route("/models/{name}", get(models::model))
        .route("/models/{name}/predict", post(models::predict))
        .route("/runs", get(runs::runs))
        .route("/runs/{id}", get(runs::run))
        .route("/metrics", get(metrics_text))
        .route("/openapi.json", get(description_document));
    if served.allows_sql {
        guarded = guarded.route("/sql", get(sql::get).post(sql::post));
    }
    let guarded = guarded.layer(middleware::from_fn_with_state(served.clone(), doors::guarded));
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .merge(guarded)
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(middleware::from_fn_with_state(served.clone(), doors::other_sites))
        .layer(middleware::from_fn_with_state((served.clone(), note), doors::observed))
        .with_state(served)
}

/// The process answers.
async fn health() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#).into_response()
}

/// The lake can be read.
async fn ready(State(served): State<Arc<Served>>) -> Result<Response, HttpRefusal> {
    if let Some(table) = served.tables.keys().next() {
        served.versions.newest(table).await?;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ready"}"#).into_response())
}

async fn metrics_text(State(served): State<Arc<Served>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], served.metrics.text(served.row_cache.files()))
        .into_response()
}

async fn description_document(State(served): State<Arc<Served>>, headers: HeaderMap) -> Result<Response, HttpRefusal> {
    let description = served.within_limits(async { Ok(openapi::document(&served).await?) }).await?;
    Ok(document::document(&description, None, &headers))
}

async fn nothing() -> HttpRefusal {
    HttpRefusal::not_found("there is nothing at this address").hint("`/tables` lists the tables")
}
