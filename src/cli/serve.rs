//! `trapiche serve`: results by REST, until it is told to end.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::pipeline::Stop;
use crate::project::Project;
use crate::serve::{self, Service};

use super::print::output;
use super::talk::signals;
use super::talk::words::Words;

/// Serve results by REST
///
/// What is shown is what `serve:` of `trapiche.yml` names, all of `refined` by default; nothing else exists for whoever asks. Each
/// answer is from one committed version, and a run that commits another is seen within a second. SIGTERM or Ctrl-C ends
/// it, after what is under way.
///
/// Only this machine can ask, unless `--bind` says otherwise; then `serve:` must say who may.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  trapiche serve
  curl 'http://127.0.0.1:8080/tables/refined/category_prices/rows?mean_price.gt=50&order=mean_price.desc'
  trapiche serve --openapi > openapi.json"
)]
pub struct ServeArguments {
    #[command(subcommand)]
    pub command: Option<ServeCommand>,

    /// Listen at this address of this machine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: String,

    /// Listen at this port; 0 takes a free one
    #[arg(short, long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,

    /// Answer `/sql`, too: one SELECT over the tables and columns that are shown, within the same limits
    #[arg(long)]
    pub allow_sql: bool,

    /// Print what can be asked, as OpenAPI 3.1, and end
    #[arg(long)]
    pub openapi: bool,

    /// Print it as API Gateway imports it, with this Lambda function behind every address
    #[arg(long, value_name = "ARN", requires = "openapi", value_parser = function_arn)]
    pub function: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ServeCommand {
    /// Make a key for a caller
    ///
    /// The key goes to stdout, once: it is kept nowhere. The line for `serve:` of `trapiche.yml`, which has its hash, goes to stderr.
    Key {
        /// Whose key it is
        name: String,
    },
}

pub async fn serve(
    project: &Project,
    lake: &Lake,
    limits: &Limits,
    args: ServeArguments,
    words: &Words,
) -> Result<ExitCode> {
    if args.openapi {
        let description = serve::description(project, lake, limits, args.allow_sql, args.function.as_deref()).await?;
        let text = serde_json::to_string_pretty(&description).expect("text keys only");
        return output::write(text + "\n").map(|_| ExitCode::SUCCESS);
    }
    let at = match args.bind.contains(':') {
        true => format!("[{}]:{}", args.bind, args.port),
        false => format!("{}:{}", args.bind, args.port),
    };
    let told = words.clone();
    let service =
        Service::open(project, lake, limits, &at, args.allow_sql, Arc::new(move |text| told.note(text))).await?;
    let stop = Stop::default();
    signals::stop_on_signal(stop.clone(), words.clone())?;
    words.progress_note(&format!("serving at http://{}; Ctrl-C ends it", service.address));
    service.run(stop.stopped()).await;
    Ok(ExitCode::SUCCESS)
}

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`
fn function_arn(text: &str) -> std::result::Result<String, String> {
    match text.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "lambda", _, _, "function", _] | ["arn", _, "lambda", _, _, "function", _, _] => {
            Ok(text.to_string())
        }
        _ => Err("write `arn:aws:lambda:REGION:ACCOUNT:function:NAME`".into()),
    }
}

/// A key needs no project.
pub fn key(name: &str, words: &Words) -> Result<ExitCode> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(
            Error::config(format!("`{name}` is no name for a caller")).hint("letters, digits, `-`, `_`, `.`, `@`")
        );
    }
    let (key, hash) = serve::new_key()?;
    words.note(&format!("the line for `serve: {{ keys: […] }}`:\n  - {{ name: {name}, sha256: {hash} }}"));
    output::write(key + "\n").map(|_| ExitCode::SUCCESS)
}
