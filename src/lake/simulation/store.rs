//! A store in memory, as all drivers of a schedule see it: each through a handle of its own, at which requests go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartId, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::Time;
use super::chance::Chance;
use super::ledger::Ledger;
use super::objects::{Arrival, Object, Objects};

/// The store, its time, and what is known of it from outside.
#[derive(Debug)]
pub struct World {
    pub time: Arc<Time>,
    state: Mutex<WorldState>,
    /// Prints what is asked of the store.
    is_told: bool,
}

#[derive(Debug)]
pub struct WorldState {
    pub chance: Chance,
    pub objects: Objects,
    pub uploads: BTreeMap<String, Upload>,
    pub ledger: Ledger,
    /// What was there once.
    removed: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub struct Upload {
    path: String,
    pub parts: Vec<Bytes>,
}

/// What can be asked of the store.
#[derive(Debug, Clone)]
enum Request {
    Get(String),
    List(String),
    Put { path: String, bytes: Bytes, only_if_new: bool },
    Delete(String),
    Copy(String, String),
    Begin(String),
    Part(String, Bytes),
    Complete(String),
    Abort(String),
}

#[derive(Debug)]
enum StoreAnswer {
    Done,
    Begun(String),
    Object(Bytes, ObjectMeta),
    Listed(Vec<ObjectMeta>),
}

/// What becomes of a request.
#[derive(Debug)]
enum Fate {
    Done,
    /// It takes effect after others have gone on.
    Late,
    /// It is not done, and that is answered.
    Refused,
    /// It is done, and the answer is lost.
    Unanswered,
    /// The answer is lost, and it is done later.
    UnansweredAndLate,
    /// It is done, and once more later: the client sent it twice.
    Twice,
    /// A creation meets another that comes to nothing.
    Conflict,
}

/// What a driver does beside its work.
#[derive(Debug, Default)]
pub struct Fortune {
    /// At which of its requests it dies, and at which it falls asleep for how long.
    pub dies_at: Option<u64>,
    pub sleeps_at: Option<(u64, Duration)>,
    /// How often a request goes wrong: once in so many.
    pub faults: Option<u64>,
}

/// The store as one driver sees it.
#[derive(Debug, Clone)]
pub struct Handle {
    world: Arc<World>,
    driver: Arc<HandleOwner>,
}

#[derive(Debug)]
struct HandleOwner {
    number: usize,
    fortune: Fortune,
    requests: AtomicU64,
    is_dead: AtomicBool,
    sleeps_until: Mutex<Duration>,
}

impl World {
    pub fn new(seed: u64, keep: Duration, is_told: bool) -> Arc<World> {
        let state = WorldState {
            chance: Chance::new(seed),
            objects: Objects::new(),
            uploads: BTreeMap::new(),
            ledger: Ledger::new(keep),
            removed: BTreeSet::new(),
        };
        Arc::new(World { time: Arc::default(), state: Mutex::new(state), is_told })
    }

    pub fn state(&self) -> MutexGuard<'_, WorldState> {
        self.state.lock().unwrap()
    }

    fn apply(&self, request: &Request) -> Result<StoreAnswer> {
        self.apply_when(request, Arrival::InTime)
    }

    fn apply_when(&self, request: &Request, arrival: Arrival) -> Result<StoreAnswer> {
        let now = self.time.now();
        let state = &mut *self.state();
        let WorldState { objects, uploads, ledger, removed, .. } = state;
        let mut put = |objects: &mut Objects, path: &str, bytes: Bytes, arrival: Arrival| {
            objects.insert(path.to_string(), Object { bytes: bytes.clone(), put_at: now });
            ledger.after_put(objects, path, &bytes, now, arrival);
        };
        match request {
            Request::Get(path) => {
                let object = objects.get(path).ok_or_else(|| not_found(path))?;
                Ok(StoreAnswer::Object(object.bytes.clone(), meta(path, object)))
            }
            Request::List(prefix) => {
                let below = objects.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(prefix));
                Ok(StoreAnswer::Listed(below.map(|(path, object)| meta(path, object)).collect()))
            }
            Request::Put { path, bytes, only_if_new } => {
                if *only_if_new && objects.contains_key(path) {
                    return Err(exists(path));
                }
                put(objects, path, bytes.clone(), arrival);
                Ok(StoreAnswer::Done)
            }
            Request::Delete(path) => {
                if objects.remove(path).is_some() {
                    removed.insert(path.clone());
                    ledger.after_delete(objects, path);
                }
                Ok(StoreAnswer::Done)
            }
            Request::Copy(from, to) => {
                let bytes = objects.get(from).ok_or_else(|| not_found(from))?.bytes.clone();
                // A file that was cleared away can only have come back by a put that came late, and so does its copy.
                let arrival = if removed.contains(from) { Arrival::Late } else { arrival };
                put(objects, to, bytes, arrival);
                Ok(StoreAnswer::Done)
            }
            Request::Begin(path) => {
                let id = format!("upload{}", state.chance.below(u64::MAX));
                uploads.insert(id.clone(), Upload { path: path.clone(), parts: vec![] });
                Ok(StoreAnswer::Begun(id))
            }
            Request::Part(id, bytes) => {
                uploads.get_mut(id).ok_or_else(|| not_found(id))?.parts.push(bytes.clone());
                Ok(StoreAnswer::Done)
            }
            Request::Complete(id) => {
                let Upload { path, parts } = uploads.remove(id).ok_or_else(|| not_found(id))?;
                put(objects, &path, Bytes::from(parts.concat()), arrival);
                Ok(StoreAnswer::Done)
            }
            Request::Abort(id) => uploads.remove(id).map(|_| StoreAnswer::Done).ok_or_else(|| not_found(id)),
        }
    }
}

impl Request {
    fn is_a_change(&self) -> bool {
        !matches!(self, Request::Get(_) | Request::List(_))
    }
}

impl Handle {
    pub fn new(world: &Arc<World>, number: usize, fortune: Fortune) -> Handle {
        let driver = HandleOwner {
            number,
            fortune,
            requests: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
            sleeps_until: Mutex::new(Duration::ZERO),
        };
        Handle { world: world.clone(), driver: Arc::new(driver) }
    }

    pub fn is_dead(&self) -> bool {
        self.driver.is_dead.load(Ordering::Relaxed)
    }

    async fn ask(&self, request: Request) -> Result<StoreAnswer> {
        let (world, driver) = (&self.world, &self.driver);
        let number = driver.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if driver.fortune.dies_at == Some(number) {
            driver.is_dead.store(true, Ordering::Relaxed);
            self.tell(&"dies at", &request);
            self.tear(&request);
        }
        // Whoever is dead goes on in vain.
        if self.is_dead() {
            return Err(lost("the driver is dead"));
        }
        if let Some((at, time)) = driver.fortune.sleeps_at
            && at == number
        {
            *driver.sleeps_until.lock().unwrap() = world.time.now() + time;
        }
        let pause = driver.sleeps_until.lock().unwrap().saturating_sub(world.time.now());
        let (latency, fate) = {
            let chance = &mut world.state().chance;
            (chance.millis(1, 20), self.fate(chance, &request))
        };
        world.time.sleep(pause + latency).await;
        if self.is_dead() {
            return Err(lost("the driver is dead"));
        }
        self.tell(&fate, &request);
        match fate {
            Fate::Done => world.apply(&request),
            Fate::Refused => Err(lost("the store refused")),
            Fate::Unanswered => world.apply(&request).and(Err(lost("no answer"))),
            Fate::Conflict => Err(exists("409 Conflict")),
            Fate::Late => self.later(request).await.map_err(|_| lost("no answer"))?,
            Fate::UnansweredAndLate => {
                drop(self.later(request));
                Err(lost("no answer"))
            }
            Fate::Twice => {
                let answer = world.apply(&request);
                drop(self.later(request));
                answer
            }
        }
    }

    fn tell(&self, what: &dyn fmt::Debug, request: &Request) {
        if self.world.is_told {
            println!(
                "{:9.3} s  driver {}  {what:?} {request:?}",
                self.world.time.now().as_secs_f64(),
                self.driver.number
            );
        }
    }

    fn fate(&self, chance: &mut Chance, request: &Request) -> Fate {
        let Some(faults) = self.driver.fortune.faults else { return Fate::Done };
        if !chance.once_in(faults) {
            return Fate::Done;
        }
        match (request, chance.below(7)) {
            (_, 0) => Fate::Refused,
            (request, _) if !request.is_a_change() => Fate::Done,
            (Request::Put { only_if_new: true, .. }, 1 | 2) => Fate::Conflict,
            (_, 1 | 2) => Fate::Unanswered,
            (Request::Begin(_) | Request::Part(..), _) => Fate::Done,
            (_, 3) => Fate::UnansweredAndLate,
            (_, 4) => Fate::Twice,
            _ => Fate::Late,
        }
    }

    /// It takes effect even if the driver no longer waits for it.
    fn later(&self, request: Request) -> tokio::task::JoinHandle<Result<StoreAnswer>> {
        let world = self.world.clone();
        let delay = world.state().chance.seconds(1, 150);
        tokio::spawn(async move {
            world.time.sleep(delay).await;
            if world.is_told {
                println!("{:9.3} s  at last {request:?}", world.time.now().as_secs_f64());
            }
            world.apply_when(&request, Arrival::Late)
        })
    }

    /// What a machine may leave that loses power while it writes a small object as older programs did.
    fn tear(&self, request: &Request) {
        if let Request::Put { path, only_if_new, .. } = request
            && path.starts_with("_trapiche/tables/")
            && self.world.state().chance.once_in(4)
        {
            let torn = Request::Put { path: path.clone(), bytes: Bytes::new(), only_if_new: *only_if_new };
            let _ = self.world.apply(&torn);
        }
    }
}

/// The store's clock. It has nothing to do with any driver's.
fn time_of_day(time: Duration) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + time
}

fn meta(path: &str, object: &Object) -> ObjectMeta {
    ObjectMeta {
        location: Path::from(path),
        last_modified: time_of_day(object.put_at),
        size: object.bytes.len() as u64,
        e_tag: None,
        version: None,
    }
}

fn not_found(path: &str) -> Error {
    Error::NotFound { path: path.to_string(), source: "there is none".into() }
}

fn exists(path: &str) -> Error {
    Error::AlreadyExists { path: path.to_string(), source: "there is one".into() }
}

fn lost(why: &'static str) -> Error {
    Error::Generic { store: "simulated", source: why.into() }
}

fn prefix(dir: Option<&Path>) -> String {
    dir.map_or(String::new(), |dir| format!("{dir}/"))
}

#[async_trait]
impl ObjectStore for Handle {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let only_if_new = options.mode == PutMode::Create;
        self.ask(Request::Put { path: path.to_string(), bytes: payload.into(), only_if_new }).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        unreachable!("what is staged here is small, or an upload by its parts")
    }

    async fn get_opts(&self, path: &Path, _: GetOptions) -> Result<GetResult> {
        let StoreAnswer::Object(bytes, meta) = self.ask(Request::Get(path.to_string())).await? else { unreachable!() };
        let range = 0..bytes.len() as u64;
        let payload = GetResultPayload::Stream(stream::iter([Ok(bytes)]).boxed());
        Ok(GetResult { payload, meta, range, attributes: Default::default() })
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let handle = self.clone();
        let delete = move |path: Result<Path>| {
            let handle = handle.clone();
            async move {
                let path = path?;
                handle.ask(Request::Delete(path.to_string())).await.map(|_| path)
            }
        };
        paths.then(delete).boxed()
    }

    fn list(&self, dir: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (handle, prefix) = (self.clone(), prefix(dir));
        let listed = async move {
            match handle.ask(Request::List(prefix)).await {
                Ok(StoreAnswer::Listed(objects)) => objects.into_iter().map(Ok).collect(),
                Ok(_) => unreachable!(),
                Err(error) => vec![Err(error)],
            }
        };
        stream::once(listed).flat_map(stream::iter).boxed()
    }

    async fn list_with_delimiter(&self, dir: Option<&Path>) -> Result<ListResult> {
        let prefix = prefix(dir);
        let StoreAnswer::Listed(found) = self.ask(Request::List(prefix.clone())).await? else { unreachable!() };
        let (mut objects, mut common_prefixes) = (vec![], vec![]);
        for object in found {
            match object.location.as_ref()[prefix.len()..].split_once('/') {
                None => objects.push(object),
                Some((folder, _)) => common_prefixes.push(Path::from(format!("{prefix}{folder}"))),
            }
        }
        common_prefixes.dedup();
        Ok(ListResult { objects, common_prefixes })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, _: CopyOptions) -> Result<()> {
        self.ask(Request::Copy(from.to_string(), to.to_string())).await.map(drop)
    }
}

#[async_trait]
impl MultipartStore for Handle {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        let StoreAnswer::Begun(id) = self.ask(Request::Begin(path.to_string())).await? else { unreachable!() };
        Ok(id)
    }

    async fn put_part(&self, _: &Path, id: &MultipartId, _: usize, data: PutPayload) -> Result<PartId> {
        self.ask(Request::Part(id.clone(), data.into())).await?;
        Ok(PartId { content_id: String::new() })
    }

    async fn complete_multipart(&self, _: &Path, id: &MultipartId, _: Vec<PartId>) -> Result<PutResult> {
        self.ask(Request::Complete(id.clone())).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort_multipart(&self, _: &Path, id: &MultipartId) -> Result<()> {
        self.ask(Request::Abort(id.clone())).await.map(drop)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated")
    }
}
