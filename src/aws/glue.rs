//! Glue's Data Catalog: databases, tables and their partitions, as Athena finds them
//! (<https://docs.aws.amazon.com/glue/latest/webapi/API_Operations.html>).
//!
//! Of its 250 operations eleven are asked, all with JSON that [`publish`](crate::publish) describes.

use serde_json::{Value, json};

use super::account::Account;
use super::json::{self, JsonAnswer, JsonService};
use super::told::{self, Refused};
use crate::error::{Error, Result};

const GLUE: JsonService = JsonService { name: "Glue", id: "glue", variable: "GLUE", target: "AWSGlue" };

/// Partitions that one call takes to create or to update, and to delete.
const BATCH: usize = 100;
const DELETED_AT_ONCE: usize = 25;

/// How often a change is begun anew that somebody else's came before.
const TRIES: usize = 5;

/// The catalogue of an account in a region.
#[derive(Debug, Clone)]
pub struct Glue {
    account: Account,
}

/// A partition: the values of the partition columns as text, and the rest as Glue has it.
#[derive(Debug, Clone, PartialEq)]
pub struct GluePartition {
    pub values: Vec<String>,
    /// Its `StorageDescriptor`.
    pub storage: Value,
}

impl GluePartition {
    fn input(&self) -> Value {
        json!({ "Values": self.values, "StorageDescriptor": self.storage })
    }
}

/// What an operation does with a batch.
#[derive(Debug, Clone, Copy)]
enum PartitionBatch {
    Create,
    Update,
    Delete,
}

impl Glue {
    pub async fn open(region: Option<&str>) -> Glue {
        Glue { account: Account::open(region).await }
    }

    pub fn region(&self) -> &str {
        self.account.region()
    }

    /// Makes the database unless it is there.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let known = self.ask("GetDatabase", &json!({ "Name": name }), &["EntityNotFoundException"]).await?;
        if known.is_some() {
            return Ok(());
        }
        let input = json!({ "DatabaseInput": { "Name": name } });
        self.ask("CreateDatabase", &input, &["AlreadyExistsException"]).await.map(drop)
    }

    /// The table; `None` when there is none.
    pub async fn table(&self, database: &str, name: &str) -> Result<Option<Value>> {
        let asked = json!({ "DatabaseName": database, "Name": name });
        let answer = self.ask("GetTable", &asked, &["EntityNotFoundException"]).await?;
        Ok(answer.map(|mut answer| answer["Table"].take()))
    }

    /// The tables whose names match, where `*` stands for anything.
    pub async fn tables(&self, database: &str, names: &str) -> Result<Vec<Value>> {
        let mut found = vec![];
        let mut asked = json!({ "DatabaseName": database, "Expression": names });
        loop {
            let answer = self.ask("GetTables", &asked, &["EntityNotFoundException"]).await?;
            let Some(mut page) = answer else { return Ok(found) };
            if let Value::Array(tables) = page["TableList"].take() {
                found.extend(tables);
            }
            match page["NextToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => asked["NextToken"] = token.into(),
                None => return Ok(found),
            }
        }
    }

    /// Makes the table what `input` says, from whatever it is when nobody else changes it: `is_ours` decides about a table that
    /// is there.
    ///
    /// # Errors
    /// What `is_ours` says, and when others go on changing it.
    pub async fn put_table(&self, database: &str, input: &Value, is_ours: impl Fn(&Value) -> Result<()>) -> Result<()> {
        let name = input["Name"].as_str().unwrap_or_default();
        for _ in 0..TRIES {
            let done = match self.table(database, name).await? {
                None => {
                    let asked = json!({ "DatabaseName": database, "TableInput": input });
                    self.ask("CreateTable", &asked, &["AlreadyExistsException"]).await?
                }
                Some(there) => {
                    is_ours(&there)?;
                    let mut asked = json!({ "DatabaseName": database, "TableInput": input, "SkipArchive": true });
                    if let Some(version) = there["VersionId"].as_str() {
                        asked["VersionId"] = version.into();
                    }
                    let others =
                        ["VersionMismatchException", "ConcurrentModificationException", "EntityNotFoundException"];
                    self.ask("UpdateTable", &asked, &others).await?
                }
            };
            if done.is_some() {
                return Ok(());
            }
        }
        Err(Error::connection(format!("Glue's table `{database}.{name}` is changed by others again and again"))
            .hint("let one program look after the table, and run again"))
    }

    /// Takes a table out of the catalogue; no file goes. Its partitions must be gone: Glue removes what is left of them only later.
    pub async fn delete_table(&self, database: &str, name: &str) -> Result<()> {
        let asked = json!({ "DatabaseName": database, "Name": name });
        self.ask("DeleteTable", &asked, &["EntityNotFoundException"]).await.map(drop)
    }

    /// All partitions of the table.
    pub async fn partitions(&self, database: &str, name: &str) -> Result<Vec<GluePartition>> {
        let mut found = vec![];
        let mut asked = json!({ "DatabaseName": database, "TableName": name });
        loop {
            let Some(mut page) = self.ask("GetPartitions", &asked, &[]).await? else { return Ok(found) };
            for partition in page["Partitions"].as_array_mut().into_iter().flatten() {
                let values = partition["Values"].as_array().into_iter().flatten();
                let values = values.map(|value| value.as_str().unwrap_or_default().to_string()).collect();
                found.push(GluePartition { values, storage: partition["StorageDescriptor"].take() });
            }
            match page["NextToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => asked["NextToken"] = token.into(),
                None => return Ok(found),
            }
        }
    }

    /// Adds partitions; one that has come meanwhile is made what it is to be.
    pub async fn create_partitions(&self, database: &str, name: &str, partitions: &[GluePartition]) -> Result<()> {
        let there = self.in_batches(PartitionBatch::Create, database, name, partitions).await?;
        self.update_partitions(database, name, &there).await
    }

    pub async fn update_partitions(&self, database: &str, name: &str, partitions: &[GluePartition]) -> Result<()> {
        self.in_batches(PartitionBatch::Update, database, name, partitions).await.map(drop)
    }

    /// Takes partitions out of the catalogue; no file goes. One that is gone already is gone.
    pub async fn delete_partitions(&self, database: &str, name: &str, partitions: &[GluePartition]) -> Result<()> {
        self.in_batches(PartitionBatch::Delete, database, name, partitions).await.map(drop)
    }

    /// Those that were there already when they were to be created.
    async fn in_batches(
        &self,
        batch: PartitionBatch,
        database: &str,
        name: &str,
        partitions: &[GluePartition],
    ) -> Result<Vec<GluePartition>> {
        let mut there = vec![];
        let size = if matches!(batch, PartitionBatch::Delete) { DELETED_AT_ONCE } else { BATCH };
        for some in partitions.chunks(size) {
            let list = |one: &dyn Fn(&GluePartition) -> Value| some.iter().map(one).collect::<Vec<_>>();
            let (operation, key, list) = match batch {
                PartitionBatch::Create => ("BatchCreatePartition", "PartitionInputList", list(&GluePartition::input)),
                PartitionBatch::Update => (
                    "BatchUpdatePartition",
                    "Entries",
                    list(&|one| json!({ "PartitionValueList": one.values, "PartitionInput": one.input() })),
                ),
                PartitionBatch::Delete => {
                    ("BatchDeletePartition", "PartitionsToDelete", list(&|one| json!({ "Values": one.values })))
                }
            };
            let mut asked = json!({ "DatabaseName": database, "TableName": name });
            asked[key] = list.into();
            let answer = self.ask(operation, &asked, &[]).await?.unwrap_or_default();
            for error in answer["Errors"].as_array().into_iter().flatten() {
                there.extend(self.of_one(batch, some, error)?);
            }
        }
        Ok(there)
    }

    /// What is said of one partition of a batch: it is there already, or gone already, or it is an error.
    fn of_one(&self, batch: PartitionBatch, some: &[GluePartition], error: &Value) -> Result<Option<GluePartition>> {
        let values = error.get("PartitionValues").or(error.get("PartitionValueList")).unwrap_or(&Value::Null);
        let values: Vec<&str> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let text = |key: &str| error["ErrorDetail"][key].as_str().unwrap_or_default().to_string();
        let refused = Refused { code: text("ErrorCode"), message: text("ErrorMessage") };
        match (batch, refused.code.as_str()) {
            (PartitionBatch::Create, "AlreadyExistsException") => {
                Ok(some.iter().find(|one| one.values.iter().map(String::as_str).eq(values.iter().copied())).cloned())
            }
            (PartitionBatch::Delete, "EntityNotFoundException") => Ok(None),
            _ => Err(told::refusal(GLUE.name, self.region(), &refused).context(format!("partition {values:?}"))),
        }
    }

    /// `None` where the answer is one of `expected`.
    async fn ask(&self, operation: &str, body: &Value, expected: &[&str]) -> Result<Option<Value>> {
        match json::call(&self.account, &GLUE, operation, body).await? {
            JsonAnswer::Given(answer) => Ok(Some(answer)),
            JsonAnswer::Refused(refused) if expected.contains(&refused.code.as_str()) => Ok(None),
            JsonAnswer::Refused(refused) => {
                Err(told::refusal(GLUE.name, self.region(), &refused).context(format!("Glue's {operation}")))
            }
        }
    }
}
