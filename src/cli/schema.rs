//! `trapiche schema` and `trapiche completions`: what editors and shells want to know. Neither needs a project.

use std::process::ExitCode;

use crate::error::Result;
use crate::project;
use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;
use super::print::output;

/// Print the JSON Schema of `trapiche.yml`
///
/// Editors that know YAML complete and check the file with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche schema > trapiche.schema.json")]
pub struct SchemaArguments {}

pub fn schema() -> Result<ExitCode> {
    output::print_json(&project::json_schema())?;
    Ok(ExitCode::SUCCESS)
}

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trapiche completions bash > ~/.local/share/bash-completion/completions/trapiche
  trapiche completions zsh > ~/.zfunc/_trapiche")]
pub struct CompletionsArguments {
    /// The shell to complete in
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Arguments::command(), "trapiche", &mut script);
    output::write(script)?;
    Ok(ExitCode::SUCCESS)
}
