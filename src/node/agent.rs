//! The agent: it answers drivers and watches over one worker process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::shared::{Beat, LeaseTaken, Shared};
use super::{NodeSettings, notice};
use crate::config;
use crate::engine::cluster::lakes::Lakes;
use crate::engine::cluster::protocol::{BUILD, Lease, NodeState, Registration, Release};
use crate::error::{Error, Kind, Result};
use crate::project::Token;

const LOOK_EVERY: Duration = Duration::from_millis(250);
const REGISTER_EVERY: Duration = Duration::from_secs(1);

/// A process that ends within this time would do so again at once.
const SHORT_LIFE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A node that listens and is not yet at work.
pub struct Agent {
    settings: NodeSettings,
    shared: Arc<Shared>,
    listener: TcpListener,
}

/// Where a node listens.
#[derive(Debug, Clone, Copy)]
pub struct Listening(pub SocketAddr);

impl Agent {
    /// # Errors
    /// A connection error when the address cannot be listened at; a configuration error when others than this machine's
    /// users could reach it, and there is no token.
    pub async fn bind(settings: NodeSettings) -> Result<Agent> {
        let (bind, port) = (&settings.bind, settings.port);
        let listener = TcpListener::bind((bind.as_str(), port)).await.map_err(|error| {
            Error::connection(format!("cannot listen at `{bind}:{port}`"))
                .hint("`--bind` is an address of this machine, `--port` a free port")
                .because(error)
        })?;
        settings.token.guards(listener.local_addr()?)?;
        Ok(Agent { shared: Arc::new(Shared::new(settings.limits)), settings, listener })
    }

    pub fn listening(&self) -> Result<Listening> {
        Ok(Listening(self.listener.local_addr()?))
    }

    /// Works until `stop` ends; then what a driver has begun is ended, but not for longer than the settings say.
    /// `ready` becomes true once the first worker process takes plans, `tell` hears what a user should know.
    ///
    /// # Errors
    /// A failure when no worker process can be started at all.
    pub async fn work(
        self,
        ready: watch::Sender<bool>,
        stop: impl Future<Output = ()>,
        tell: impl Fn(&str),
    ) -> Result<()> {
        let Listening(address) = self.listening()?;
        let Agent { settings, shared, listener } = self;
        let routes = routes(&shared, &settings.token, &settings.lakes);
        let serving = async { axum::serve(listener, routes).await.map_err(Error::from) };
        let registering = register(&settings, address, &shared);
        let noticed = async {
            match &settings.notices {
                Some(base) => notice::arrives(base).await,
                None => std::future::pending().await,
            }
        };
        let ending = async {
            tokio::select! {
                () = stop => tell("stopping: what is begun is ended, nothing new is taken"),
                () = noticed => tell("this machine will be taken away: nothing new is taken"),
            }
            shared.drain();
            let begun = Instant::now();
            while shared.is_leased() && begun.elapsed() < settings.drain {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            ended = supervise(&settings, &shared, &ready, &tell) => ended,
            served = serving => served,
            () = registering => Ok(()),
            () = ending => Ok(()),
        }
    }
}

/// Starts the worker process, and starts another whenever it ends or must.
async fn supervise(
    settings: &NodeSettings,
    shared: &Shared,
    ready: &watch::Sender<bool>,
    tell: &impl Fn(&str),
) -> Result<()> {
    let mut pause = LOOK_EVERY;
    loop {
        let begun = Instant::now();
        let mut child = start(settings)?;
        shared.started();
        let why = watch_over(&mut child, shared, ready).await;
        shared.ended();
        child.start_kill().ok();
        let status = child.wait().await?;
        if !*ready.borrow() && status.code() == Some(Kind::Config.exit_code().into()) {
            // It has said why; the next one would say the same.
            return Err(Error::config("the worker process cannot work with these settings"));
        }
        if let Some(why) = why {
            tell(&format!("the worker process is replaced: {why}"));
        } else {
            tell(&format!("the worker process ended ({status}) and is started again"));
        }
        // What ends by itself at once would take the machine's time for nothing.
        if why.is_none() && begun.elapsed() < SHORT_LIFE {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        } else {
            pause = LOOK_EVERY;
        }
    }
}

/// Listens to the process until it ends (`None`) or must end.
async fn watch_over(child: &mut Child, shared: &Shared, ready: &watch::Sender<bool>) -> Option<&'static str> {
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            line = lines.next_line() => match line {
                Ok(Some(line)) => {
                    if let Ok(beat) = serde_json::from_str::<Beat>(&line) {
                        shared.beats(beat);
                        ready.send_replace(true);
                    }
                }
                Ok(None) | Err(_) => return None,
            },
            () = shared.replace.notified() => return Some("work was left over that nobody wants any more"),
            _ = look.tick() => {
                if let Some(why) = shared.is_faulty() {
                    return Some(why);
                }
            }
        }
    }
}

fn start(settings: &NodeSettings) -> Result<Child> {
    let failed = |error: std::io::Error| Error::failed("cannot start the worker process").because(error);
    let mut command = Command::new(config::program().map_err(failed)?);
    command.args(["node", "process", "--bind", &settings.bind, "--port", &settings.plans_port.to_string()]);
    command.args(["--memory", &settings.limits.memory_bytes.to_string()]);
    command.args(["--threads", &settings.limits.threads.to_string()]);
    for lake in &settings.lake_texts {
        command.args(["--lake", lake]);
    }
    if let Some(spill) = &settings.spill {
        command.arg("--spill").arg(spill);
    }
    // Not among the arguments, which everyone on the machine can see.
    if let Some(token) = &settings.token_text {
        command.env(config::TOKEN, token);
    }
    // A Ctrl-C is for the agent, which lets the worker end what it has begun.
    command.process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().map_err(failed)
}

/// Tells the driver again and again that this node is there, once its worker is. A driver that does not listen yet
/// will.
async fn register(settings: &NodeSettings, address: SocketAddr, shared: &Shared) {
    let (Some(driver), Ok(http)) = (&settings.driver, reqwest::Client::builder().no_proxy().build()) else {
        return std::future::pending().await;
    };
    let registration = Registration { port: address.port(), build: BUILD.to_string() };
    let body = serde_json::to_vec(&registration).expect("text keys only");
    loop {
        if shared.status().state == NodeState::Ready {
            let mut request = http.post(format!("http://{driver}/v1/nodes")).timeout(REGISTER_EVERY * 2);
            request = request.header("content-type", "application/json").body(body.clone());
            if let Some(token) = settings.token.header() {
                request = request.header(AUTHORIZATION, token);
            }
            let _ = request.send().await;
        }
        tokio::time::sleep(REGISTER_EVERY).await;
    }
}

/// `GET /health` and `GET /metrics` are open to load balancers and Prometheus; all else asks for the token.
fn routes(shared: &Arc<Shared>, token: &Token, lakes: &Lakes) -> Router {
    let (token, lakes) = (token.clone(), lakes.clone());
    let guarded = Router::new()
        .route("/v1/node", get(async |State(shared): State<Arc<Shared>>| Json(shared.status())))
        .route(
            "/v1/lease",
            post(async move |State(shared): State<Arc<Shared>>, body: String| lease(&shared, &lakes, &body)),
        )
        .route(
            "/v1/release",
            post(async |State(shared): State<Arc<Shared>>, body: String| {
                match serde_json::from_str::<Release>(&body) {
                    Ok(release) => Json(shared.release(&release)).into_response(),
                    Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
                }
            }),
        )
        .layer(middleware::from_fn(move |request: Request<axum::body::Body>, next: middleware::Next| {
            let admitted = token.admits(request.headers().get(AUTHORIZATION).map(|value| value.as_bytes()));
            async move { if admitted { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() } }
        }));
    let open = Router::new().route("/health", get(health)).route("/metrics", get(metrics));
    guarded.merge(open).with_state(shared.clone())
}

fn lease(shared: &Shared, lakes: &Lakes, body: &str) -> Response {
    let lease = match serde_json::from_str::<Lease>(body) {
        Ok(lease) => lease,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    if let Err(error) = lakes.find(&lease.lake) {
        let said = format!("{error}\n{}", error.hint_text().unwrap_or_default());
        return (StatusCode::FORBIDDEN, said).into_response();
    }
    match shared.lease(lease) {
        Ok(status) => Json(status).into_response(),
        Err(LeaseTaken(holder)) => (StatusCode::CONFLICT, holder).into_response(),
    }
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let status = shared.status();
    let code = if status.state == NodeState::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let state = serde_json::to_value(status.state).expect("a unit variant");
    (code, Json(serde_json::json!({ "state": state, "build": status.build }))).into_response()
}

/// Prometheus' text format, version 0.0.4.
async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let status = shared.status();
    let gauges = [
        ("ready", "Whether the worker takes plans", u8::from(status.state == NodeState::Ready).into()),
        ("leased", "Whether a driver has the worker", u8::from(status.holder.is_some()).into()),
        ("memory_limit_bytes", "What the worker may use", status.memory_bytes as f64),
        ("resident_bytes", "What the worker process holds", status.resident_bytes as f64),
        ("peak_resident_bytes", "The most that the worker process has held", status.peak_bytes as f64),
        ("spilled_bytes", "What lies in spill files now", status.spilled_bytes as f64),
        ("cpu_seconds", "What the worker process has computed", status.cpu_seconds),
    ];
    let text: String = gauges
        .iter()
        .map(|(name, help, value)| {
            let name = format!("trapiche_node_{name}");
            format!("# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}\n")
        })
        .collect();
    ([("content-type", "text/plain; version=0.0.4")], text).into_response()
}
