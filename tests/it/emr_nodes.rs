//! What happens to a cluster's machines while a run is at work: one is taken away, and EMR looks whether anybody works.

use std::fs;

use serde_json::Value;

use crate::cloud::{Cloud, object};
use crate::nodes::{Driver, post};

#[test]
fn a_spot_machine_that_is_told_of_its_end_is_left_in_peace() {
    // A run that did not say that it is at work would be ended in the midst of it.
    let Some(cloud) = Cloud::with(&["--idle", "15"]) else { return };
    let bench = cloud.demo("spot", "");
    let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    let fleets = "core: { count: 1 }, task: { types: [m5.xlarge], count: 1 }";
    bench.write("trapiche.yml", &settings.replace("core: { count: 2 }", fleets));
    let args = cloud.submit(&["--run-id", "taken", "-o", "json", "+refined.customer_features"]);
    let mut command = cloud.command(&bench, &args);
    command.env("DEMO_SCALE", "12");
    let driver = Driver::of(command);
    cloud.until("the run is at work", || driver.words().contains("raw.orders"));
    let id = cloud.clusters()[0].0.clone();
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    // The core node is 1, that on spot 2. It is gone within a minute, as EC2's would be within two.
    assert_eq!(post(address, &format!("/notice/{id}/2/60"), "").0, 200);
    let (answer, _) = driver.ends();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    // What it had begun it has ended: nothing was tried again.
    let attempts = report["datasets"].as_array().unwrap().iter().filter_map(|it| it["on_workers"]["attempts"].as_u64());
    assert_eq!(attempts.max(), Some(1), "{report}");
    cloud.until_ended();
    let log = |n: u32| object(&cloud, &format!("spot/_trapiche/submissions/taken/workers/node-{n}.log"));
    // It is told once: no other worker takes its place on that machine.
    assert_eq!(log(2).matches("this machine will be taken away: nothing new is taken").count(), 1, "{}", log(2));
    assert!(!log(1).contains("taken away"), "{}", log(1));
    assert_eq!(cloud.clusters()[0].1, "TERMINATED", "ended by its steps");
}

#[test]
fn a_cluster_on_which_nobody_says_that_he_works_is_ended() {
    // Only the first word is said in time.
    let Some(cloud) = Cloud::with(&["--idle", "4", "--log-every", "300"]) else { return };
    let bench = cloud.demo("idle", "");
    let settings = fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    // One more worker than there will be.
    bench.write(
        "trapiche.yml",
        &settings.replace("core: { count: 2 }", "core: { count: 1 }, task: { count: 1 }, at_least: 2"),
    );
    let driver = Driver::of(cloud.command(&bench, &cloud.submit(&["--run-id", "quiet", "+refined.category_prices"])));
    cloud.until("the nodes are there", || cloud.clusters().first().is_some_and(|(_, state)| state == "RUNNING"));
    let id = cloud.clusters()[0].0.clone();
    let address = cloud.endpoint.strip_prefix("http://").unwrap();
    assert_eq!(post(address, &format!("/lose/{id}/2"), "").0, 200);
    let (answer, _) = driver.ends();
    assert_ne!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("Auto-terminated as idle"), "{}", answer.stderr);
}
