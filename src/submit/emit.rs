//! The request of a submission in the words of those who start clusters, too: Airflow, Step Functions, EventBridge Scheduler.

use serde_json::{Value, json};

use super::EmrRequest;
use crate::error::{Error, Result};
use crate::project::Schedule;

/// What EventBridge Scheduler puts the id of an execution in place of.
pub const EXECUTION: &str = "<aws.scheduler.execution-id>";

/// A request with a name of a run that somebody else will give, in the words of who does.
fn with_run(request: &EmrRequest, run: &str, theirs: &str) -> Value {
    fn replaced(value: Value, run: &str, theirs: &str) -> Value {
        match value {
            Value::String(text) => text.replace(run, theirs).into(),
            Value::Array(all) => all.into_iter().map(|value| replaced(value, run, theirs)).collect(),
            Value::Object(all) => all
                .into_iter()
                .map(|(key, value)| (key, replaced(value, run, theirs)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other,
        }
    }
    replaced(serde_json::to_value(request).expect("text keys only"), run, theirs)
}

/// A DAG whose run is Airflow's, so that a task that is tried again is the same run.
pub fn airflow(request: &EmrRequest, run: &str, project: &str, region: &str) -> Result<String> {
    let EmrRequest::Cluster(_) = request else { return Err(only_clusters()) };
    let request = with_run(request, run, "{{ ts_nodash }}");
    // JSON's texts are Python's; its three words are not.
    let text = serde_json::to_string_pretty(&request).expect("text keys only");
    let text = text.replace("\": true", "\": True").replace("\": false", "\": False").replace("\": null", "\": None");
    let name: String = project.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    Ok(format!(
        "\"\"\"Runs the project on a cluster of its own, which ends with it (apache-airflow-providers-amazon).\"\"\"\n\
         from airflow import DAG\n\
         from airflow.providers.amazon.aws.operators.emr import EmrCreateJobFlowOperator\n\
         from airflow.providers.amazon.aws.sensors.emr import EmrJobFlowSensor\n\
         \n\
         REQUEST = {text}\n\
         \n\
         with DAG(dag_id=\"trapiche_{name}\", schedule=None, catchup=False):\n\
         \x20   begin = EmrCreateJobFlowOperator(task_id=\"begin\", job_flow_overrides=REQUEST, region_name=\"{region}\", retries=0)\n\
         \x20   # A run that failed ends its cluster with errors, and this sensor fails with it.\n\
         \x20   end = EmrJobFlowSensor(task_id=\"end\", job_flow_id=begin.output, deferrable=True)\n\
         \x20   begin >> end\n"
    ))
}

/// States that begin the cluster by its own API, and look at it until it has ended. (`createCluster.sync` takes no steps.)
pub fn step_functions(request: &EmrRequest, run: &str) -> Result<String> {
    let EmrRequest::Cluster(_) = request else { return Err(only_clusters()) };
    let request = formatted(with_run(request, run, "{}"));
    let states = json!({
        "Comment": "Runs the project on a cluster of its own, which ends with it",
        "StartAt": "Begin",
        "States": {
            "Begin": {
                "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:emr:runJobFlow", "Parameters": request, "Next": "Wait",
            },
            "Wait": { "Type": "Wait", "Seconds": 60, "Next": "Look" },
            "Look": {
                "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:emr:describeCluster",
                "Parameters": { "ClusterId.$": "$.JobFlowId" }, "ResultPath": "$.Seen", "Next": "Ended",
                "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 5, "IntervalSeconds": 30, "BackoffRate": 2.0 }],
            },
            "Ended": {
                "Type": "Choice", "Default": "Wait",
                "Choices": [
                    { "Variable": "$.Seen.Cluster.Status.State", "StringEquals": "TERMINATED", "Next": "Well" },
                    { "Variable": "$.Seen.Cluster.Status.State", "StringEquals": "TERMINATED_WITH_ERRORS", "Next": "Failed" },
                ],
            },
            "Well": { "Type": "Succeed" },
            "Failed": { "Type": "Fail", "Error": "RunFailed", "Cause": "the run, or its cluster, failed: its log is in the lake" },
        },
    });
    Ok(serde_json::to_string_pretty(&states).expect("text keys only") + "\n")
}

/// Texts with `{}` in them become the name of the execution: `"Name.$": "States.Format('…', $$.Execution.Name)"`.
fn formatted(value: Value) -> Value {
    let format = |text: &str| {
        let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
        let names = ", $$.Execution.Name".repeat(text.matches("{}").count());
        format!("States.Format('{quoted}'{names})")
    };
    match value {
        Value::Object(all) => {
            let entries = all.into_iter().map(|(key, value)| match value {
                Value::String(text) if text.contains("{}") => (format!("{key}.$"), format(&text).into()),
                // A list of which one text is formatted is made as a whole.
                Value::Array(texts) if texts.iter().any(|it| it.as_str().is_some_and(|text| text.contains("{}"))) => {
                    let items = texts.iter().map(|item| match item.as_str() {
                        Some(text) if text.contains("{}") => format(text),
                        Some(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
                        None => item.to_string(),
                    });
                    (format!("{key}.$"), format!("States.Array({})", items.collect::<Vec<_>>().join(", ")).into())
                }
                other => (key, formatted(other)),
            });
            entries.collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(all) => all.into_iter().map(formatted).collect(),
        other => other,
    }
}

/// What `aws scheduler create-schedule --cli-input-json` takes: one for each line of the schedule that EventBridge needs.
pub fn eventbridge(
    request: &EmrRequest,
    run: &str,
    project: &str,
    schedule: &Schedule,
    roles: (&str, Option<&str>),
) -> Result<Vec<Value>> {
    let EmrRequest::Cluster(_) = request else { return Err(only_clusters()) };
    let (role, dead_letters) = roles;
    let input = with_run(request, run, EXECUTION).to_string();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = project.chars().map(plain).take(50).collect();
    let expressions = expressions(schedule)?;
    let window = match schedule.jitter.as_secs().div_ceil(60) {
        0 => json!({ "Mode": "OFF" }),
        minutes => json!({ "Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes.min(1440) }),
    };
    let of = |(n, expression): (usize, &String)| {
        let mut target = json!({
            "Arn": "arn:aws:scheduler:::aws-sdk:emr:runJobFlow",
            "RoleArn": role,
            "Input": input,
            // Once more after a refusal, and not the 185 times of the default. A second cluster of one execution would end with code 4.
            "RetryPolicy": { "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600 },
        });
        if let Some(queue) = dead_letters {
            target["DeadLetterConfig"] = json!({ "Arn": queue });
        }
        let suffix = if n == 0 { String::new() } else { format!("-{}", n + 1) };
        json!({
            "Name": format!("trapiche-{name}{suffix}"),
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": schedule.zone.name(),
            "FlexibleTimeWindow": window,
            "Target": target,
        })
    };
    Ok(expressions.iter().enumerate().map(of).collect())
}

/// `cron(minutes hours day-of-month month day-of-week year)`, of which one of the days is `?`, and Sunday is 1.
fn expressions(schedule: &Schedule) -> Result<Vec<String>> {
    let cron = &schedule.cron;
    let list = |field: usize, first: u32| match cron.numbers(field) {
        None => "*".to_string(),
        Some(numbers) => numbers.iter().map(|number| (number + first).to_string()).collect::<Vec<_>>().join(","),
    };
    let line =
        |days: &str, weekdays: &str| format!("cron({} {} {days} {} {weekdays} *)", list(0, 0), list(1, 0), list(3, 0));
    Ok(match (cron.numbers(2).is_some(), cron.numbers(4).is_some(), cron.is_either_day()) {
        (true, true, true) => vec![line(&list(2, 0), "?"), line("?", &list(4, 1))],
        (true, true, false) => {
            return Err(Error::config(
                "EventBridge has no times that a day of the month and one of the week must both meet",
            )
            .hint("write one of the two fields as `*`"));
        }
        (_, _, true) => vec![line("*", "?")],
        (false, true, false) => vec![line("?", &list(4, 1))],
        (_, false, false) => vec![line(&list(2, 0), "?")],
    })
}

fn only_clusters() -> Error {
    Error::config("a step on a cluster that is there cannot be printed for others").hint("leave `--cluster` out")
}
