//! Connections: how many there are, how long they may take over a request, and how they end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{self, JoinSet};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// Fewer than the files that a process may have open by Linux's default. One more takes the place of the one that has been idle
/// longest: so those who connect and say nothing keep nobody out.
const CONNECTIONS: usize = 800;

/// The head of a request must come within this time, also the next one on a connection that is idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// Of a request's head; a browser's is some two thousand bytes.
const MOST_HEAD_BYTES: usize = 32 << 10;

const MOST_HEADERS: usize = 64;

/// After so long a connection is asked to end, so that a caller who takes an answer byte by byte does not keep it for ever.
const LIFE: Duration = Duration::from_secs(300);

/// What is under way may take so long after a request to end.
const GRACE: Duration = Duration::from_secs(10);

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Answers until `stop`, and then what has been asked by then.
pub async fn run(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let (ending, is_ending) = watch::channel(false);
    let (mut connections, mut open) = (JoinSet::new(), HashMap::new());
    tokio::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CONNECTIONS || idlest(&open).is_some() => match accepted {
                Ok((stream, peer)) => {
                    if open.len() >= CONNECTIONS && let Some(id) = idlest(&open) {
                        open.remove(&id).inspect(|idle: &Arc<Activity>| idle.give_way.notify_one());
                    }
                    let router = router.clone().layer(Extension(Peer(peer)));
                    let activity = Arc::new(Activity::default());
                    let task = connection(stream, router, activity.clone(), is_ending.clone());
                    open.insert(connections.spawn(task).id(), activity);
                }
                // Too many files are open, or the caller was gone at once: the next may have more luck.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            Some(ended) = connections.join_next_with_id() => {
                open.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
            // One of them may have become idle.
            () = sleep(Duration::from_millis(20)), if open.len() >= CONNECTIONS => {}
            () = &mut stop => break,
        }
    }
    drop(listener);
    ending.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(GRACE, all).await;
}

/// Of those that have no request under way, the one whose last was longest ago.
fn idlest(open: &HashMap<task::Id, Arc<Activity>>) -> Option<task::Id> {
    let idle_since = |(id, activity): (&task::Id, &Arc<Activity>)| Some((activity.idle_since()?, *id));
    open.iter().filter_map(idle_since).min_by_key(|(since, _)| *since).map(|(_, id)| id)
}

/// What goes on on a connection.
struct Activity {
    /// `None` while a request is under way.
    idle_since: Mutex<Option<Instant>>,
    /// Told when another one needs the place.
    give_way: Notify,
}

impl Default for Activity {
    fn default() -> Self {
        Activity { idle_since: Mutex::new(Some(Instant::now())), give_way: Notify::new() }
    }
}

impl Activity {
    fn idle_since(&self) -> Option<Instant> {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, idle_since: Option<Instant>) {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = idle_since;
    }
}

async fn connection(stream: TcpStream, router: Router, activity: Arc<Activity>, mut is_ending: watch::Receiver<bool>) {
    // Answers are written in one go.
    let _ = stream.set_nodelay(true);
    let seen = activity.clone();
    let answering = service_fn(move |request: http::Request<Incoming>| {
        let (answer, seen) = (router.clone().oneshot(request.map(Body::new)), seen.clone());
        async move {
            seen.set(None);
            let answer = answer.await;
            seen.set(Some(Instant::now()));
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MOST_HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), answering);
    tokio::pin!(connection);
    tokio::select! {
        // What a caller does wrong on the wire is told to the caller.
        _ = &mut connection => return,
        () = activity.give_way.notified() => return,
        _ = is_ending.wait_for(|ending| *ending) => {}
        () = sleep(LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GRACE, connection).await;
}
