//! What all requests share: which tables are shown, what is known of them, and how much may be done at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::answer::{Answers, RowsAnswer};
use super::columns::ShownColumns;
use super::guard::Guard;
use super::metrics::Metrics;
use super::refusal::HttpRefusal;
use super::row_cache::RowCache;
use super::versions::Versions;
use crate::config::Limits;
use crate::engine::{Engine, Session};
use crate::error::{Error, Result};
use crate::lake::table::version::Version;
use crate::lake::{Lake, TableName, Zone};
use crate::project::{ChartSettings, Dataset, Project, Serve};

/// By what answers go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// By connections to this machine.
    Http,
    /// By events of AWS Lambda: through API Gateway, which may have asked who it is.
    Lambda,
    /// By nobody: the pages become files, which tell of all tables, and show the rows of those that are shown.
    Files,
}

/// The tables of a project that are shown, and the means to answer from them.
pub struct Served {
    pub project: String,
    pub transport: Transport,
    /// Whoever may ask may ask in SQL.
    pub allows_sql: bool,
    pub settings: Serve,
    pub charts: Vec<ChartSettings>,
    /// What makes each table that is shown.
    pub tables: BTreeMap<TableName, Arc<Dataset>>,
    pub lake: Lake,
    pub engine: Engine,
    /// It sees no table by name.
    pub session: Session,
    pub versions: Versions,
    pub answers: Answers,
    pub row_cache: RowCache,
    pub guard: Guard,
    pub metrics: Metrics,
    work: Semaphore,
}

/// The share of the memory that answers are kept in.
const ANSWERS: u64 = 16;

/// The share that rows of files are kept in.
const ROWS: u64 = 8;

/// How long a request waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(2);

impl Served {
    /// # Errors
    /// When the signer's keys of `serve.jwt` cannot be read.
    pub async fn open(project: &Project, lake: &Lake, limits: &Limits, transport: Transport) -> Result<Served> {
        let settings = project.serve.clone();
        let mut tables = BTreeMap::new();
        for dataset in &project.datasets {
            let shown = dataset
                .outputs
                .iter()
                .filter(|table| table.zone != Zone::Raw && (transport == Transport::Files || settings.shows(table)));
            let dataset = Arc::new(dataset.clone());
            tables.extend(shown.map(|table| (table.clone(), dataset.clone())));
        }
        // One thread a request: many requests share the machine, and the rows of files come in the files' order.
        let (answers, row_cache) = (limits.memory_bytes / ANSWERS, limits.memory_bytes / ROWS);
        let limits = Limits { threads: 1, memory_bytes: limits.memory_bytes - answers - row_cache };
        let engine = Engine::local(lake, &limits, &project.target.sql)?.keeping_footers();
        Ok(Served {
            project: project.name.clone(),
            transport,
            allows_sql: false,
            guard: Guard::open(&settings).await?,
            versions: Versions::new(lake.clone(), tables.keys().cloned()),
            answers: Answers::new(answers),
            row_cache: RowCache::new(row_cache),
            session: engine.session()?,
            engine,
            work: Semaphore::new(settings.at_once as usize),
            metrics: Metrics::default(),
            lake: lake.clone(),
            charts: project.dashboard.clone(),
            settings,
            tables,
        })
    }

    /// The same, also for questions in SQL.
    pub fn allowing_sql(self, allows_sql: bool) -> Served {
        Served { allows_sql, ..self }
    }

    /// Whether its rows may be seen.
    pub fn is_shown(&self, table: &TableName) -> bool {
        self.tables.contains_key(table) && self.settings.shows(table)
    }

    /// The table of a path.
    ///
    /// # Errors
    /// When it is not shown, be it there or not.
    pub fn table(&self, zone: &str, name: &str) -> Result<TableName, HttpRefusal> {
        let table = Zone::parse(zone).map(|zone| TableName::new(zone, name));
        table.filter(|table| self.is_shown(table)).ok_or_else(|| no_table(zone, name))
    }

    /// Its newest version.
    pub async fn newest(&self, table: &TableName) -> Result<Arc<Version>, HttpRefusal> {
        let newest = self.versions.newest(table).await?;
        newest.ok_or_else(|| HttpRefusal::not_found(format!("`{table}` has not been made yet")))
    }

    /// Its columns that are shown.
    ///
    /// # Errors
    /// When it lacks one that is to be hidden: then nobody sees any of it, and the log says why.
    pub fn columns(&self, version: &Version) -> Result<ShownColumns, HttpRefusal> {
        let hidden: Vec<String> = self.settings.hidden(&version.table).map(str::to_string).collect();
        ShownColumns::of(version, &hidden).map_err(|missing| {
            let error = Error::config(missing).hint("mend `serve.hide` in `trapiche.yml`");
            no_table(version.table.zone.as_str(), &version.table.name).caused_by(error)
        })
    }

    /// Tells what is shown of a version from what is shown of any other. The number alone does not: a lake may be made anew.
    pub fn state(&self, version: &Version) -> String {
        let hidden: Vec<&str> = self.settings.hidden(&version.table).collect();
        format!("{} {} {}", version.version, version.run_id, hidden.join(","))
    }

    /// Work in its turn and within its time.
    pub async fn within_limits<T>(&self, work: impl Future<Output = Result<T, HttpRefusal>>) -> Result<T, HttpRefusal> {
        let turn = tokio::time::timeout(PATIENCE, self.work.acquire()).await;
        let _turn = match turn {
            Ok(turn) => turn.expect("it is never closed"),
            Err(_) => return Err(HttpRefusal::later("too much is asked at the moment", 1)),
        };
        tokio::time::timeout(self.settings.timeout, work).await.map_err(|_| HttpRefusal::too_slow())?
    }

    /// The answer of a tag: one that is kept, or else one that is worked out now, within the limits.
    pub async fn answer(
        &self,
        tag: &str,
        work: impl Future<Output = Result<RowsAnswer, HttpRefusal>>,
    ) -> Result<Arc<RowsAnswer>, HttpRefusal> {
        if let Some(kept) = self.answers.get(tag) {
            self.metrics.kept();
            return Ok(kept);
        }
        let answer = self.within_limits(work).await?;
        let answer = Arc::new(answer);
        self.answers.keep(answer.clone());
        Ok(answer)
    }
}

fn no_table(zone: &str, name: &str) -> HttpRefusal {
    HttpRefusal::not_found(format!("there is no table `{zone}.{name}` here")).hint("`/tables` lists what there is")
}
