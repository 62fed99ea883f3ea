//! Nodes that are killed, stopped, cut off and come back while a run writes partitioned tables: it ends with the right
//! rows, or says that there are fewer workers than it was to have.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ledger::{self, ALL_TABLES, Chance, PARTITIONED};
use crate::many_nodes::assert_same;
use crate::nodes::{Driver, Manner, Nodes, PATIENCE, Place, compute_on, signal, stop, until, wait};
use crate::workbench::{Answer, Workbench, files_below};

/// What `run` is asked for, with one task per worker.
const RUN: [&str; 5] = ["run", "--threads", "1", ALL_TABLES[0], ALL_TABLES[1]];

#[test]
fn a_worker_that_dies_while_it_writes_costs_an_attempt() {
    let nodes = Nodes::start(3);
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "");
    let driver = Driver::begin(&bench, &RUN);
    until_it_writes(&bench);
    nodes.all[1].kill_worker();
    let (answer, took) = ends_right(driver, &bench);
    assert!(retried(&answer, "trusted.sales"), "{}", answer.stderr);
    println!("worker killed: {took:.1?}, {}", retries(&answer));
    assert_eq!(nodes.end(), Vec::<u32>::new());
}

#[test]
fn a_node_that_dies_or_stops_is_left_out_and_one_that_comes_back_is_not() {
    let mut nodes = Nodes::start(3);
    for stopped in [false, true] {
        let bench = ledger::captured();
        compute_on(&bench, &nodes.list(), "");
        let driver = Driver::begin(&bench, &RUN);
        until_it_writes(&bench);
        let agent = nodes.all[0].agent.id();
        if stopped {
            signal("STOP", agent);
        } else {
            nodes.all[0].kill_agent();
        }
        let (answer, took) = ends_right(driver, &bench);
        println!("agent {}: {took:.1?}, {}", if stopped { "stopped" } else { "killed" }, retries(&answer));
        // One that is stopped at the last moment is not missed any more.
        assert!(stopped || answer.stderr.contains(&nodes.all[0].address), "{}", answer.stderr);
        if stopped {
            signal("CONT", agent);
            // It finds that its driver is gone, and that its worker may have work left.
            until("the node is free", || nodes.all[0].status()["holder"].is_null());
        } else {
            nodes.all[0].again();
        }
    }
    // All three are asked for, so the one that came back must be among them.
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "at_least: 3, wait: 10s");
    ends_right(Driver::begin(&bench, &RUN), &bench);
}

#[test]
fn a_worker_that_stops_is_replaced() {
    let nodes = Nodes::start(2);
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "");
    let driver = Driver::begin(&bench, &RUN);
    until_it_writes(&bench);
    let stopped = nodes.all[1].worker().unwrap();
    signal("STOP", stopped);
    let (answer, took) = ends_right(driver, &bench);
    println!("worker stopped: {took:.1?}, {}", retries(&answer));
    assert!(retried(&answer, "trusted.sales"), "{}", answer.stderr);
    assert_ne!(nodes.all[1].worker(), Some(stopped));
    assert!(nodes.words().contains("the worker process is replaced: it did not respond"), "{}", nodes.words());
}

#[test]
fn a_stopped_worker_does_not_outlive_its_agent() {
    let mut nodes = Nodes::start(1);
    // The kernel wakes and ends what its parent's death leaves stopped, if it is stopped by then.
    stop(nodes.all[0].worker().unwrap());
    nodes.all[0].kill_agent();
    nodes.all[0].again();
    assert_eq!(nodes.end(), Vec::<u32>::new());
}

#[test]
fn one_node_of_three_is_enough_unless_more_are_asked_for() {
    let mut nodes = Nodes::start(3);
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "");
    let driver = Driver::begin(&bench, &RUN);
    until_it_writes(&bench);
    nodes.all[0].kill_agent();
    nodes.all[2].kill_agent();
    ends_right(driver, &bench);

    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "at_least: 2, wait: 2s");
    let (answer, took) = Driver::begin(&bench, &RUN).ends();
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains("1 of 2 workers are there after 2 s"), "{said}");
    assert!(said.contains(&format!("`{}`: no connection", nodes.all[0].address)), "{said}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert_eq!(visible_tables(&bench), Vec::<String>::new());
    nodes.all[2].again();
    ends_right(Driver::begin(&bench, &RUN), &bench);
}

#[test]
fn a_node_told_to_stop_ends_its_work_and_takes_no_more() {
    let mut nodes = Nodes::start(2);
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "");
    let driver = Driver::begin(&bench, &RUN);
    until_it_writes(&bench);
    signal("TERM", nodes.all[0].agent.id());
    let (answer, _) = ends_right(driver, &bench);
    // What was under way was not lost, and the next table was made by the other.
    assert!(!retried(&answer, "trusted.sales"), "{}", answer.stderr);
    until("the node ends", || nodes.all[0].agent.try_wait().unwrap().is_some());
    assert!(nodes.all[0].agent.wait().unwrap().success());
    assert_eq!(nodes.end(), Vec::<u32>::new());
}

#[test]
fn what_a_dead_driver_began_is_dropped_and_the_next_run_goes_on() {
    let nodes = Nodes::start(2);
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "wait: 20s");
    let mut driver = Driver::begin(&bench, &RUN);
    let refined = |holder: String| holder.contains("/refined.");
    until("the first table is there", || refined(nodes.all[0].holder()));
    driver.kill();
    let workers: Vec<_> = nodes.all.iter().map(|node| node.worker()).collect();
    let freed = until("the nodes are free", || nodes.all.iter().all(|node| node.holder().is_empty()));
    assert!(freed < Duration::from_secs(12), "{freed:?}");
    println!("driver killed: its nodes were free after {freed:.1?}");
    for (node, worker) in nodes.all.iter().zip(workers) {
        until("the worker is replaced", || node.worker().is_some_and(|now| Some(now) != worker));
    }
    let (answer, _) = ends_right(Driver::begin(&bench, &[&RUN[..], &["-o", "json"]].concat()), &bench);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let sales = report["datasets"].as_array().unwrap().iter().find(|dataset| dataset["dataset"] == "trusted.sales");
    assert_eq!(sales.unwrap()["status"], "unchanged", "{}", answer.stdout);
}

#[test]
fn an_error_of_the_data_is_told_at_once() {
    let nodes = Nodes::start(2);
    let bench = ledger::captured();
    compute_on(&bench, &nodes.list(), "");
    let file = "queries/trusted/sales.sql";
    let sql = std::fs::read_to_string(bench.path(file)).unwrap();
    bench.write(file, &sql.replace("try_cast(quantity AS int)", "CAST(quantity AS int)"));
    let (answer, _) = Driver::begin(&bench, &["run", "trusted.sales"]).ends();
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("'none'"), "{}", answer.stdout);
    assert_eq!(retries(&answer), 0, "{}", answer.stderr);
    assert!(!answer.stdout.contains("attempts"), "{}", answer.stdout);
    assert_eq!(visible_tables(&bench), Vec::<String>::new());
}

/// `TRAPICHE_FAULTS` says how many runs are disturbed.
#[test]
fn faults_at_any_time_leave_the_right_rows() {
    let hosts = Hosts::up(3);
    let places = hosts.as_ref().map_or_else(|| vec![Place::Here; 3], Hosts::places);
    let mut nodes = Nodes::on(&places, &Manner { token: Some(TOKEN), ..Manner::default() });
    let undisturbed = undisturbed(&nodes);
    let mut tried = Tried::default();
    for seed in seeds() {
        let mut chance = Chance::new(seed);
        let strict = chance.below(4) == 0;
        let mut faults: Vec<Fault> =
            (0..=chance.below(2)).map(|_| Fault::any(&mut chance, undisturbed, hosts.is_some())).collect();
        faults.sort_by_key(|fault| fault.at);
        let bench = ledger::captured();
        compute_with_token(&bench, &nodes, if strict { "at_least: 3, wait: 2s" } else { "wait: 20s" });
        let what = format!("seed {seed}, strict {strict}, {faults:?}");
        let mut driver = Driver::begin(&bench, &RUN);
        let mut repairs: Vec<(Instant, Repair)> = vec![];
        let mut faults = faults.into_iter().peekable();
        while driver.is_at_work() {
            assert!(driver.begun.elapsed() < PATIENCE, "{what}: hangs\n{}\n{}", driver.words(), nodes.words());
            if let Some(fault) = faults.next_if(|fault| driver.begun.elapsed() >= fault.at) {
                let repair = fault.strike(&mut nodes, hosts.as_ref());
                repairs.push((Instant::now() + fault.lasting, repair));
                tried.count(fault.kind);
            }
            let (due, later) = repairs.into_iter().partition(|(at, _)| Instant::now() >= *at);
            repairs = later;
            due.into_iter().for_each(|(_, repair)| repair.make(&mut nodes, hosts.as_ref()));
            wait(Duration::from_millis(10));
        }
        let (answer, took) = driver.ends();
        repairs.into_iter().for_each(|(_, repair)| repair.make(&mut nodes, hosts.as_ref()));
        let said = format!("{what}\n{}{}\n{}", answer.stdout, answer.stderr, nodes.words());
        tried.took(took, retries(&answer));
        println!("{what}: {took:.1?}, exit code {}, {} retries", answer.code, retries(&answer));
        match answer.code {
            0 => assert_same(&bench.lake_content(), ledger::expected()),
            code => {
                assert!(strict && code == 3 && answer.stdout.contains("of 3 workers are there after"), "{said}");
                tried.refused += 1;
            }
        }
        assert_no_stray_file(&bench, &what);
        tried.left_over += usize::from(!staged(&bench).is_empty());
        // Whatever happened, the next run ends it.
        compute_with_token(&bench, &nodes, "at_least: 3, wait: 30s");
        ends_right(Driver::begin(&bench, &RUN), &bench);
    }
    println!("{tried}\nundisturbed: {undisturbed:.1?}; hosts: {}", hosts.is_some());
    assert_eq!(nodes.end(), Vec::<u32>::new());
}

/// Something that happens to a node.
#[derive(Debug, Clone, Copy)]
struct Fault {
    kind: Kind,
    node: usize,
    /// After the run's beginning.
    at: Duration,
    lasting: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    WorkerKilled,
    AgentKilled,
    WorkerStopped,
    AgentStopped,
    Cut,
    Slow,
}

const KINDS: [Kind; 6] =
    [Kind::WorkerKilled, Kind::AgentKilled, Kind::WorkerStopped, Kind::AgentStopped, Kind::Cut, Kind::Slow];

/// What ends a fault.
#[derive(Debug, Clone, Copy)]
enum Repair {
    Nothing,
    Again(usize),
    Continue(u32),
    Heal(usize),
}

impl Fault {
    fn any(chance: &mut Chance, run: Duration, hosts: bool) -> Fault {
        let kinds = if hosts { KINDS.len() } else { 4 };
        Fault {
            kind: KINDS[chance.below(kinds as u64) as usize],
            node: chance.below(3) as usize,
            at: run * u32::try_from(chance.below(1000)).unwrap() / 1000,
            lasting: Duration::from_millis(200 + chance.below(8000)),
        }
    }

    fn strike(&self, nodes: &mut Nodes, hosts: Option<&Hosts>) -> Repair {
        let node = &mut nodes.all[self.node];
        let agent = node.agent.id();
        // A node whose agent was killed by the fault before is spared.
        if node.agent.try_wait().unwrap().is_some() {
            return Repair::Nothing;
        }
        match (self.kind, hosts) {
            (Kind::WorkerKilled, _) => {
                node.kill_worker();
                Repair::Nothing
            }
            (Kind::AgentKilled, _) => {
                node.kill_agent();
                Repair::Again(self.node)
            }
            (Kind::WorkerStopped, _) => match node.worker() {
                Some(worker) => {
                    signal("STOP", worker);
                    Repair::Continue(worker)
                }
                None => Repair::Nothing,
            },
            (Kind::AgentStopped, _) => {
                signal("STOP", agent);
                Repair::Continue(agent)
            }
            (Kind::Cut, Some(hosts)) => {
                hosts.script("cut", self.node);
                Repair::Heal(self.node)
            }
            (Kind::Slow, Some(hosts)) => {
                hosts.script("slow", self.node);
                Repair::Heal(self.node)
            }
            (Kind::Cut | Kind::Slow, None) => unreachable!("only hosts have cables"),
        }
    }
}

impl Repair {
    fn make(self, nodes: &mut Nodes, hosts: Option<&Hosts>) {
        match self {
            Repair::Nothing => {}
            // Another fault may have been the same.
            Repair::Again(node) if nodes.all[node].agent.try_wait().unwrap().is_none() => {}
            Repair::Again(node) => nodes.all[node].again(),
            Repair::Continue(pid) => signal("CONT", pid),
            Repair::Heal(node) => hosts.expect("a cable was cut").script("heal", node),
        }
    }
}

/// For the summary.
#[derive(Default)]
struct Tried {
    faults: std::collections::BTreeMap<Kind, u32>,
    runs: u32,
    begun_again: usize,
    refused: u32,
    left_over: usize,
    longest: Duration,
    all: Duration,
}

impl Tried {
    fn count(&mut self, kind: Kind) {
        *self.faults.entry(kind).or_default() += 1;
    }

    fn took(&mut self, time: Duration, again: usize) {
        self.runs += 1;
        self.begun_again += again;
        self.longest = self.longest.max(time);
        self.all += time;
    }
}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tried { faults, runs, begun_again, refused, left_over, longest, all } = self;
        write!(
            f,
            "{runs} disturbed runs, {:?} faults: {} ended with the right rows, {refused} for want of workers; \
             {begun_again} attempts were begun again; {left_over} left something staged for the next run; mean {:.1?}, \
             longest {longest:.1?}",
            faults,
            runs - refused,
            *all / (*runs).max(1)
        )
    }
}

/// Hosts of their own for nodes; gone when dropped.
struct Hosts {
    network: String,
    places: Vec<Place>,
}

impl Hosts {
    /// Nothing where a process may not make them.
    fn up(count: usize) -> Option<Hosts> {
        let network = (std::process::id() % 256).to_string();
        let answer = hosts_script(&network).args(["up", &count.to_string()]).output().unwrap();
        if !answer.status.success() {
            println!("no cables are cut: {}", String::from_utf8_lossy(&answer.stderr));
            return None;
        }
        let text = String::from_utf8(answer.stdout).unwrap();
        let places = text.lines().map(|line| {
            let (namespace, address) = line.split_once(' ').unwrap();
            Place::Host { namespace: namespace.to_string(), address: address.to_string() }
        });
        Some(Hosts { network, places: places.collect() })
    }

    fn places(&self) -> Vec<Place> {
        self.places.clone()
    }

    fn script(&self, what: &str, node: usize) {
        let status = hosts_script(&self.network).args([what, &(node + 1).to_string()]).status().unwrap();
        assert!(status.success(), "{what} {node}");
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let _ = hosts_script(&self.network).arg("down").status();
    }
}

fn hosts_script(network: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/hosts"));
    command.env("TRAPICHE_NET", network).stdin(Stdio::null());
    command
}

#[expect(clippy::disallowed_methods, reason = "who runs the tests says so in the environment")]
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("TRAPICHE_FIRST_FAULT").unwrap_or(0);
    first..first + number("TRAPICHE_FAULTS").unwrap_or(3)
}

/// Of nodes that may be on hosts of their own.
const TOKEN: &str = "a-token-of-these-tests";

fn compute_with_token(bench: &Workbench, nodes: &Nodes, more: &str) {
    compute_on(bench, &nodes.list(), &format!("token: {TOKEN}, {more}"));
}

/// How long a run takes on these nodes at this hour.
fn undisturbed(nodes: &Nodes) -> Duration {
    let bench = ledger::captured();
    compute_with_token(&bench, nodes, "");
    ends_right(Driver::begin(&bench, &RUN), &bench).1
}

/// Waits for the first file that is staged.
fn until_it_writes(bench: &Workbench) {
    until("a file is staged", || !staged(bench).is_empty());
}

fn staged(bench: &Workbench) -> Vec<String> {
    files_below(&bench.path("lake/_trapiche/staging"))
}

fn ends_right(driver: Driver, bench: &Workbench) -> (Answer, Duration) {
    let (answer, took) = driver.ends();
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert_same(&bench.lake_content(), ledger::expected());
    assert_no_stray_file(bench, &answer.stderr);
    assert_eq!(staged(bench), Vec::<String>::new(), "{}", answer.stderr);
    (answer, took)
}

fn assert_no_stray_file(bench: &Workbench, what: &str) {
    for table in PARTITIONED {
        let (listed, of_version) = ledger::files_by_listing_and_by_version(bench, table);
        assert_eq!(listed, of_version, "{table}: {what}");
    }
}

fn visible_tables(bench: &Workbench) -> Vec<String> {
    let all = ["trusted", "refined", "quarantine"];
    all.iter().flat_map(|zone| files_below(&bench.path(&format!("lake/{zone}")))).collect()
}

fn retries(answer: &Answer) -> usize {
    answer.stderr.matches(RETRYING).count()
}

fn retried(answer: &Answer, dataset: &str) -> bool {
    answer.stderr.contains(&format!("{RETRYING},\"dataset\":\"{dataset}\""))
}

/// In the log of a driver that has no terminal.
pub const RETRYING: &str = "{\"event\":\"retrying\"";
