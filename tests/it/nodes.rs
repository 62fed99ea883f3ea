//! Nodes as processes of this machine: started, hurt and ended by tests, and drivers that work with them.
//!
//! Every process gets a mark into its environment, which its children inherit: so a test finds all that is its own,
//! whoever started it, and nothing stays when it is over.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workbench::{Answer, Workbench};

/// No step of a test takes longer unless something hangs.
pub const PATIENCE: Duration = Duration::from_secs(400);

const MARK: &str = "TRAPICHE_TEST_MARK";

/// How nodes are started.
#[derive(Clone)]
pub struct Manner {
    pub token: Option<&'static str>,
    pub memory: &'static str,
    /// The lakes that they serve.
    pub lakes: Vec<String>,
    /// More words for `trapiche node worker`.
    pub more: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
}

impl Default for Manner {
    fn default() -> Self {
        // Where all benches are.
        let lakes = vec![format!("file://{}", std::env::temp_dir().display())];
        Manner { token: None, memory: "300MB", lakes, more: vec![], environment: vec![] }
    }
}

/// Some nodes; their processes are gone when this is dropped.
pub struct Nodes {
    pub all: Vec<Node>,
    mark: Mark,
}

impl Nodes {
    /// Starts nodes and waits until they are ready.
    pub fn start(count: usize) -> Nodes {
        Nodes::with(count, &Manner::default())
    }

    pub fn with(count: usize, manner: &Manner) -> Nodes {
        Nodes::on(&vec![Place::Here; count], manner)
    }

    /// One node at each place.
    pub fn on(places: &[Place], manner: &Manner) -> Nodes {
        let mark = Mark::new();
        let begun: Vec<_> = places.iter().map(|place| Node::begin(place, 0, manner, &mark)).collect();
        Nodes { all: begun.into_iter().map(Beginning::once_ready).collect(), mark }
    }

    /// As `engine.workers` has them.
    pub fn list(&self) -> String {
        self.all.iter().map(|node| node.address.as_str()).collect::<Vec<_>>().join(",")
    }

    /// All words of all nodes, those of processes that were replaced too.
    pub fn words(&self) -> String {
        let logs = crate::workbench::files_below(self.mark.folder.path());
        logs.iter().map(|log| fs::read_to_string(self.mark.folder.path().join(log)).unwrap()).collect()
    }

    /// Ends every node by SIGKILL, their workers not: those must end by themselves. Whoever did not.
    pub fn end(mut self) -> Vec<u32> {
        for node in &mut self.all {
            node.agent.kill().unwrap();
            node.agent.wait().unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.mark.alive().is_empty() && Instant::now() < deadline {
            wait(Duration::from_millis(50));
        }
        self.mark.alive()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for node in &mut self.all {
            // It may have ended by itself.
            let _ = node.agent.kill();
            let _ = node.agent.wait();
        }
        for pid in self.mark.alive() {
            signal("KILL", pid);
        }
    }
}

/// Where a node runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// Beside the test, at an address of its own.
    Here,
    /// In the network namespace of that name, at this address.
    Host { namespace: String, address: String },
}

impl Place {
    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_trapiche");
        match self {
            Place::Here => Command::new(program),
            Place::Host { namespace, .. } => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, program]);
                command
            }
        }
    }

    fn bind(&self) -> &str {
        match self {
            Place::Here => "127.0.0.1",
            Place::Host { address, .. } => address,
        }
    }
}

pub struct Node {
    /// `host:port`, for drivers; a node that was started again has the same.
    pub address: String,
    pub agent: Child,
    place: Place,
    manner: Manner,
    mark: Mark,
}

/// A node that was started and may not be ready.
struct Beginning {
    agent: Child,
    first_line: mpsc::Receiver<String>,
    place: Place,
    manner: Manner,
    mark: Mark,
}

impl Node {
    fn begin(place: &Place, port: u16, manner: &Manner, mark: &Mark) -> Beginning {
        let mut command = place.command();
        command.args(["node", "worker", "--bind", place.bind(), "--port", &port.to_string(), "--plans-port", "0"]);
        command.args(["--memory", manner.memory, "--threads", "1"]).args(&manner.more);
        command.args(manner.lakes.iter().flat_map(|lake| ["--lake", lake]));
        command.env_remove("TRAPICHE_TOKEN").envs(manner.token.map(|token| ("TRAPICHE_TOKEN", token)));
        command.envs(manner.environment.iter().map(|(name, value)| (name, value))).env(MARK, &mark.text);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(mark.log());
        let mut agent = command.spawn().unwrap();
        let (tell, first_line) = mpsc::channel();
        let mut out = BufReader::new(agent.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut line = String::new();
            while out.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                let _ = tell.send(line.trim().to_string());
                line.clear();
            }
        });
        Beginning { agent, first_line, place: place.clone(), manner: manner.clone(), mark: mark.clone() }
    }

    /// Starts the node again where it was; its agent must be gone.
    pub fn again(&mut self) {
        let port = self.address.rsplit_once(':').unwrap().1.parse().unwrap();
        *self = Node::begin(&self.place, port, &self.manner, &self.mark).once_ready();
    }

    pub fn kill_agent(&mut self) {
        self.agent.kill().unwrap();
        self.agent.wait().unwrap();
    }

    /// The process that computes, unless it is being replaced at this moment.
    pub fn worker(&self) -> Option<u32> {
        processes().into_iter().find(|pid| parent_of(*pid) == Some(self.agent.id()))
    }

    pub fn kill_worker(&self) {
        if let Some(worker) = self.worker() {
            signal("KILL", worker);
        }
    }

    /// What the node says of itself.
    pub fn status(&self) -> Value {
        let answer = get(&self.address, "/v1/node", self.manner.token);
        serde_json::from_str(&answer.expect("the node answers").1).unwrap()
    }

    /// Whether a driver could have it at once.
    pub fn is_free(&self) -> bool {
        let status = self.status();
        status["state"] == "ready" && status["holder"].is_null()
    }

    /// `<run>/<table>/<attempt>` of who has it, or nothing.
    pub fn holder(&self) -> String {
        self.status()["holder"].as_str().unwrap_or_default().to_string()
    }
}

impl Beginning {
    fn once_ready(mut self) -> Node {
        let Ok(address) = self.first_line.recv_timeout(PATIENCE) else {
            let _ = self.agent.kill();
            panic!("a node did not become ready: {:?}\n{}", self.agent.wait(), self.mark.words());
        };
        Node { address, agent: self.agent, place: self.place, manner: self.manner, mark: self.mark }
    }
}

/// Sends a signal to a process of the test. One that is gone is left alone.
pub fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
}

/// Status and body of a `GET`; nothing if there is no answer within two seconds.
pub fn get(address: &str, path: &str, token: Option<&str>) -> Option<(u16, String)> {
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    ask(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{token}\r\n"))
}

/// The same of a `POST` without a token.
pub fn post(address: &str, path: &str, body: &str) -> (u16, String) {
    let head = format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    ask(address, &format!("{head}\r\n{body}")).expect("the node answers")
}

fn ask(address: &str, request: &str) -> Option<(u16, String)> {
    let patience = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address.parse().unwrap(), patience).ok()?;
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_string()))
}

/// A driver at work.
pub struct Driver {
    pub process: Child,
    pub begun: Instant,
    mark: Mark,
    out: PathBuf,
    err: PathBuf,
}

impl Driver {
    pub fn begin(bench: &Workbench, args: &[&str]) -> Driver {
        Driver::of(bench.command(args))
    }

    pub fn of(mut command: Command) -> Driver {
        let mark = Mark::new();
        let (out, err) = (mark.folder.path().join("out"), mark.folder.path().join("err"));
        command.env(MARK, &mark.text).stdin(Stdio::null());
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Driver { process: command.spawn().unwrap(), begun: Instant::now(), mark, out, err }
    }

    pub fn is_at_work(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// What it has said until now.
    pub fn words(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Its answer, and how long it took.
    pub fn ends(mut self) -> (Answer, Duration) {
        while self.is_at_work() {
            assert!(self.begun.elapsed() < PATIENCE, "hangs\n{}", self.words());
            wait(Duration::from_millis(20));
        }
        let code = self.process.wait().unwrap().code().unwrap_or(-1);
        let answer = Answer { code, stdout: fs::read_to_string(&self.out).unwrap(), stderr: self.words() };
        (answer, self.begun.elapsed())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for pid in self.mark.alive() {
            signal("KILL", pid);
        }
    }
}

/// Makes the default target compute on nodes, whatever the size: `more` are other keys of `engine`.
pub fn compute_on(bench: &Workbench, nodes: &str, more: &str) {
    set_engine(bench, &format!("{{ workers: [{nodes}], local_below: \"0\", {more} }}"));
}

/// Sets `engine` of the default target, in place of what it may have.
pub fn set_engine(bench: &Workbench, engine: &str) {
    compute_here(bench);
    let text = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    bench.write(WITHOUT_ENGINE, &text);
    let (before, after) = text.split_once(STORAGE).expect("a target in a folder");
    // Targets are written as blocks or in one line.
    let between = if after.starts_with('\n') { "\n    " } else { ", " };
    bench.write("trapiche.yml", &format!("{before}{STORAGE}{between}engine: {engine}{after}"));
}

/// Takes `engine` out again.
pub fn compute_here(bench: &Workbench) {
    if let Ok(text) = fs::read_to_string(bench.path(WITHOUT_ENGINE)) {
        bench.write("trapiche.yml", &text);
    }
}

const STORAGE: &str = "storage: \"file://./lake\"";
const WITHOUT_ENGINE: &str = "without_engine.yml";

/// Waits until something is so, and says how long it took.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        wait(Duration::from_millis(5));
    }
    begun.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "a test's own thread may wait")]
pub fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// What the processes of one test have in common, and their words.
#[derive(Clone)]
struct Mark {
    text: String,
    folder: std::sync::Arc<tempfile::TempDir>,
}

impl Mark {
    fn new() -> Mark {
        let folder = tempfile::tempdir().unwrap();
        Mark { text: folder.path().display().to_string(), folder: folder.into() }
    }

    fn log(&self) -> File {
        let number = fs::read_dir(self.folder.path()).unwrap().count();
        File::create(self.folder.path().join(format!("{number:03}.log"))).unwrap()
    }

    fn words(&self) -> String {
        let logs = crate::workbench::files_below(self.folder.path());
        logs.iter().map(|log| fs::read_to_string(self.folder.path().join(log)).unwrap()).collect()
    }

    /// Processes that have the mark and run.
    fn alive(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.text);
        let has_mark = |pid: &u32| {
            let environment = fs::read(Path::new("/proc").join(pid.to_string()).join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        processes().into_iter().filter(has_mark).collect()
    }
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let (state, parent) = state_of(&Path::new("/proc").join(pid.to_string()))?;
    // One that has ended and waits to be asked is none.
    if state == "Z" { None } else { Some(parent) }
}

/// The state of a process or thread in /proc, as one letter, and its parent.
fn state_of(entry: &Path) -> Option<(String, u32)> {
    let stat = fs::read_to_string(entry.join("stat")).ok()?;
    // The name before it may have any characters, closing brackets too.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_string(), fields.next()?.parse().ok()?))
}

/// Stops a process, and waits until it stands still: to the kernel that is when its last thread does.
pub fn stop(pid: u32) {
    signal("STOP", pid);
    until("it stands still", || {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        threads.filter_map(|thread| state_of(&thread.path())).all(|(state, _)| state == "T")
    });
}
