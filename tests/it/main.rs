//! All integration tests, as one binary: a second one would link the query engine a second time.
//!
//! They judge from outside: the program's words, its exit code, and the objects it wrote.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are not seen to be tests by clippy")]

mod alerts;
mod all_tables;
mod asked;
mod aws;
mod broken_projects;
mod buckets;
mod changed_sources;
mod cloud;
mod command_line;
mod corpora;
mod crash_points;
mod cursors;
mod databases;
mod demo_project;
mod described;
mod doctors;
mod emr;
mod emr_nodes;
mod emr_spark;
mod engine_errors;
mod estimates;
mod faulty;
mod floors;
mod full_disk;
mod glue;
mod glue_reads;
mod incremental;
mod inits;
mod ledger;
mod limits;
mod links;
mod locks;
mod lost_nodes;
mod many_nodes;
mod merges;
mod node_plans;
mod nodes;
mod one_door;
mod other_project;
mod places;
mod plain_readers;
mod portable;
mod previews;
mod pruning;
mod publish;
mod refused_nodes;
mod requests;
mod schedules;
mod secrets;
mod secrets_of_aws;
mod serving;
mod spark;
mod spark_cases;
mod spark_meaning;
mod spark_names;
mod store_bot;
mod stores;
mod sudden_death;
mod timestamps;
mod versions;
mod web;
mod workbench;
