//! Connections: how many there are, how long they may take over a request, and how they end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Fewer than the files that a process may have open by Linux's default; the others wait to be accepted.
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
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit.expect("it is never closed"),
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let router = router.clone().layer(Extension(Peer(peer)));
                let is_ending = is_ending.clone();
                connections.spawn(async move {
                    connection(stream, router, is_ending).await;
                    drop(permit);
                });
            }
            // Too many files are open, or the caller was gone at once: the next may have more luck.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    ending.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(GRACE, all).await;
}

async fn connection(stream: TcpStream, router: Router, mut is_ending: watch::Receiver<bool>) {
    // Answers are written in one go.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(MOST_HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        // What a caller does wrong on the wire is told to the caller.
        _ = &mut connection => return,
        _ = is_ending.wait_for(|ending| *ending) => {}
        () = sleep(LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GRACE, connection).await;
}
