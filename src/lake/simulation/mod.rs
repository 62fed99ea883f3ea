//! The protocol, simulated: several drivers at work on one table of one store, on which requests come late, are done
//! twice or not at all, answers are lost, machines sleep for minutes or die. Every choice comes from a seed.
//!
//! The drivers run the code of [`lock`](super::lock), [`stage`](super::stage), [`commit`](super::table::commit),
//! [`attic`](super::table::attic), [`vacuum`](super::table::vacuum) and [`capture`](super::capture) as it is; only the store and time
//! are made up. After each request the [ledger](ledger) judges the objects.
//!
//! Time is not tokio's paused clock: that is a feature of tokio, with which `cargo test` would build the query engine
//! once more than `cargo build`.
//!
//! | file | noun |
//! |---|---|
//! | `time` | time that goes on when nobody has anything left to do |
//! | `chance` | the numbers that a seed gives |
//! | `objects` | what the store holds |
//! | `store` | the store, and what goes wrong at it |
//! | `driver` | who is at work |
//! | `ledger` | what must be true after each request |

mod chance;
mod driver;
mod ledger;
mod objects;
mod store;
mod time;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chance::Chance;
use driver::{Driver, Errand, Setting};
use store::{Fortune, World};
pub use time::Time;

use super::planted::Planted;

const PLANTED: [Planted; 14] = [
    Planted::UndoWithoutOwning,
    Planted::BlindRenewal,
    Planted::PublishBeforePending,
    Planted::BlindCommit,
    Planted::DeleteBeforeCreate,
    Planted::IgnoredConflict,
    Planted::ClaimVoidedByOwnClock,
    Planted::SharedPendingName,
    Planted::ExpiredNumberFreed,
    Planted::AbortedNotSkipped,
    Planted::FilesBeforeOldest,
    Planted::PendingRemovedFirst,
    Planted::FinishedForAnother,
    Planted::AtticForgotten,
];

/// As many as take some seconds without optimisation; `TRAPICHE_SCHEDULES` says otherwise, and `TRAPICHE_SEED` is one to
/// be seen alone.
const SCHEDULES: u64 = 2_000;
/// The most that a planted fault is looked for in. Most are found by one of the first hundred.
const SCHEDULES_FOR_A_FAULT: u64 = 10_000;

#[test]
fn no_schedule_breaks_an_invariant() {
    if let Some(seed) = asked("TRAPICHE_SEED") {
        run(seed, None, true).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        return;
    }
    let (schedules, started) = (asked("TRAPICHE_SCHEDULES").unwrap_or(SCHEDULES), Instant::now());
    let found = first_broken(schedules, None);
    let ran = found.as_ref().map_or(schedules, |(seed, _)| *seed);
    println!("{ran} schedules in {:.1} s", started.elapsed().as_secs_f64());
    if let Some((seed, what)) = found {
        panic!("{what}\nsee it again: TRAPICHE_SEED={seed} cargo test --lib simulation");
    }
}

#[test]
fn every_planted_fault_is_found() {
    let schedules = asked("TRAPICHE_SCHEDULES").unwrap_or(SCHEDULES_FOR_A_FAULT);
    let mut missed = vec![];
    for fault in PLANTED {
        match first_broken(schedules, Some(fault)) {
            Some((seed, what)) => println!("{fault:?}: found by schedule {seed}: {what}"),
            None => missed.push(fault),
        }
    }
    assert!(missed.is_empty(), "not found in {schedules} schedules: {missed:?}");
}

/// The lowest seed whose schedule breaks an invariant, and which. Two threads, because that is what small machines have.
fn first_broken(schedules: u64, planted: Option<Planted>) -> Option<(u64, String)> {
    let (next, is_found) = (AtomicU64::new(1), AtomicBool::new(false));
    let found: Mutex<Option<(u64, String)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_found.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > schedules {
                        return;
                    }
                    if let Err(what) = run(seed, planted, false) {
                        is_found.store(true, Ordering::Relaxed);
                        let mut found = found.lock().unwrap();
                        if found.as_ref().is_none_or(|(other, _)| seed < *other) {
                            *found = Some((seed, what));
                        }
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

/// Runs one schedule; which invariant it breaks, if it does.
fn run(seed: u64, planted: Option<Planted>, is_told: bool) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(schedule(seed, planted, is_told))
}

async fn schedule(seed: u64, planted: Option<Planted>, is_told: bool) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let keep = [Duration::ZERO, Duration::from_secs(90), Duration::from_secs(600)][chance.below(3) as usize];
    let setting = Setting { keep, with_uploads: chance.once_in(3), planted };
    let world = World::new(seed.wrapping_add(1 << 40), keep, is_told);
    let is_of_captures = chance.once_in(6);
    let mut tasks = vec![];
    let writers = 2 + chance.below(2) as usize;
    for number in 1..=writers {
        let task = match chance.below(8) {
            _ if is_of_captures => Errand::Capture,
            0 | 1 => Errand::Append,
            2 | 3 => Errand::Overwrite,
            4 | 5 => Errand::OverwritePartitions,
            6 => Errand::Compact,
            _ => Errand::Vacuum,
        };
        let fortune = Fortune {
            dies_at: chance.point(3, 45),
            sleeps_at: chance.point(2, 45).map(|at| (at, chance.seconds(20, 400))),
            faults: chance.once_in(2).then(|| 10 + chance.below(60)),
        };
        let mut driver = Driver::new(number, task, &world, fortune, &setting);
        driver.is_deaf = chance.once_in(3);
        tasks.push(tokio::spawn(driver.drive(chance.seconds(0, 180))));
    }
    if !is_of_captures && chance.once_in(3) {
        let fortune =
            Fortune { sleeps_at: chance.point(2, 20).map(|at| (at, chance.seconds(20, 200))), ..Fortune::default() };
        let driver = Driver::new(writers + 1, Errand::Read, &world, fortune, &setting);
        tasks.push(tokio::spawn(driver.drive(chance.seconds(0, 60))));
    }
    until_done(&world, &tasks).await?;
    // What is still on its way takes effect.
    while world.time.go_on() {
        settle().await;
    }
    let (cleared, of) = (world.clone(), setting);
    let clearing = [tokio::spawn(async move {
        if let Err(error) = driver::clear_up(&cleared, &of).await {
            cleared.state().ledger.break_with(error.to_string());
        }
    })];
    until_done(&world, &clearing).await?;
    let state = &mut *world.state();
    state.ledger.at_the_end(&state.objects);
    if let Some(upload) = state.uploads.values().find(|upload| !upload.parts.is_empty()) {
        let what = format!("what no version names goes in the end: {upload:?} is open");
        state.ledger.break_with(what);
    }
    broken(state)
}

/// Goes on until all have ended, or an invariant is broken.
async fn until_done(world: &World, tasks: &[tokio::task::JoinHandle<()>]) -> Result<(), String> {
    loop {
        settle().await;
        broken(&world.state())?;
        if tasks.iter().all(tokio::task::JoinHandle::is_finished) {
            return Ok(());
        }
        if !world.time.go_on() {
            return Err("somebody waits for ever".to_string());
        }
    }
}

/// Lets all do what they can do at this moment.
async fn settle() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

fn broken(state: &store::WorldState) -> Result<(), String> {
    state.ledger.broken().map_or(Ok(()), |what| Err(what.to_string()))
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the simulation says how much of it in the environment")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}
