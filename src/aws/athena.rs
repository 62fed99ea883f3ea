//! Athena: one statement, and the one value that it answers
//! (<https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html>).

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::account::Account;
use super::json::{self, JsonAnswer, JsonService};
use super::told;
use crate::error::{Error, Result};

const ATHENA: JsonService = JsonService { name: "Athena", id: "athena", variable: "ATHENA", target: "AmazonAthena" };

/// Between looks at a statement that runs.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Athena lets a statement run for 30 minutes.
const PATIENCE: Duration = Duration::from_secs(31 * 60);

/// Where statements run, and where their answers go.
#[derive(Debug, Clone)]
pub struct Athena {
    account: Account,
    workgroup: Option<String>,
    /// `s3://bucket/prefix/`; the workgroup's own without it.
    results: Option<String>,
}

impl Athena {
    pub async fn open(region: Option<&str>, workgroup: Option<String>, results: Option<String>) -> Athena {
        Athena { account: Account::open(region).await, workgroup, results }
    }

    /// The first value of a statement's first row. `token` tells one asking from another: Athena runs a statement once for each.
    pub async fn value(&self, database: &str, sql: &str, token: &str) -> Result<String> {
        let mut asked = json!({
            "QueryString": sql,
            "QueryExecutionContext": { "Database": database },
            // 32 to 128 characters.
            "ClientRequestToken": Sha256::digest(format!("{token}\n{sql}")).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        });
        if let Some(workgroup) = &self.workgroup {
            asked["WorkGroup"] = workgroup.as_str().into();
        }
        if let Some(results) = &self.results {
            asked["ResultConfiguration"] = json!({ "OutputLocation": results });
        }
        let id = self.ask("StartQueryExecution", &asked).await?["QueryExecutionId"].take();
        let id = json!({ "QueryExecutionId": id });
        self.ended(&id, sql).await?;
        let answer = self.ask("GetQueryResults", &id).await?;
        // The first row has the columns' names.
        let value = answer.pointer("/ResultSet/Rows/1/Data/0/VarCharValue").and_then(Value::as_str);
        value.map(str::to_string).ok_or_else(|| Error::failed(format!("Athena answered nothing to `{sql}`")))
    }

    async fn ended(&self, id: &Value, sql: &str) -> Result<()> {
        let (mut waited, mut look) = (Duration::ZERO, 0);
        loop {
            let told = self.ask("GetQueryExecution", id).await?;
            let status = &told["QueryExecution"]["Status"];
            match status["State"].as_str() {
                Some("SUCCEEDED") => return Ok(()),
                Some("FAILED" | "CANCELLED") => {
                    let why = status["StateChangeReason"].as_str().unwrap_or("and says not why").to_string();
                    return Err(Error::failed(format!("Athena could not run `{sql}`")).because(Error::failed(why)));
                }
                _ if waited > PATIENCE => {
                    return Err(Error::connection(format!("Athena did not end `{sql}` in half an hour")));
                }
                _ => {}
            }
            let pause = PAUSES[look.min(PAUSES.len() - 1)];
            tokio::time::sleep(pause).await;
            (waited, look) = (waited + pause, look + 1);
        }
    }

    async fn ask(&self, operation: &str, body: &Value) -> Result<Value> {
        match json::call(&self.account, &ATHENA, operation, body).await? {
            JsonAnswer::Given(answer) => Ok(answer),
            JsonAnswer::Refused(refused) => {
                let refusal = told::refusal(ATHENA.name, self.account.region(), &refused);
                Err(refusal.context(format!("Athena's {operation}")))
            }
        }
    }
}
