//! `trapiche schema` and `trapiche completions`: what editors and shells want to know. Neither needs a project.

use std::process::ExitCode;

use crate::error::Result;
use crate::project;
use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Arguments;
use super::output;

pub fn schema() -> Result<ExitCode> {
    output::print_json(&project::json_schema())?;
    Ok(ExitCode::SUCCESS)
}

pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Arguments::command(), "trapiche", &mut script);
    output::write(script)?;
    Ok(ExitCode::SUCCESS)
}
