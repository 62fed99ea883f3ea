//! `docs/cli.md` from the definition of the arguments; the test below keeps the committed file equal to it.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::Arguments;

/// The whole page.
fn markdown() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut page =
        String::from("<!-- Generated from src/cli: UPDATE_DOCS=1 cargo test --lib docs -->\n\n# Command line\n\n");
    section(&mut page, &mut command, |arg| !is_standard(arg));
    let commands: Vec<&str> = command.get_subcommands().map(Command::get_name).filter(|name| *name != "help").collect();
    let links: Vec<String> = commands.iter().map(|name| format!("[{name}](#trapiche-{name})")).collect();
    writeln!(page, "Commands: {}.\n", links.join(", ")).expect("a String takes all");
    for name in commands.iter().map(|name| name.to_string()).collect::<Vec<_>>() {
        let command = command.find_subcommand_mut(&name).expect("it was listed");
        writeln!(page, "## trapiche {name}\n").expect("a String takes all");
        section(&mut page, command, |arg| !is_standard(arg) && !arg.is_global_set());
    }
    page.trim_end().to_string() + "\n"
}

/// About, usage, arguments and examples of one command.
fn section(page: &mut String, command: &mut Command, shown: impl Fn(&Arg) -> bool) {
    let about = command.get_long_about().or(command.get_about()).map(|about| about.to_string()).unwrap_or_default();
    let usage = command.render_usage().to_string().replacen("Usage: ", "", 1);
    *page += &format!("{about}\n\n```text\n{}\n```\n\n", usage.trim());
    let arguments: Vec<&Arg> = command.get_arguments().filter(|arg| shown(arg) && !arg.is_hide_set()).collect();
    for argument in &arguments {
        *page += &entry(argument);
    }
    if !arguments.is_empty() {
        page.push('\n');
    }
    if let Some(after) = command.get_after_help() {
        *page += &format!("```text\n{after}\n```\n\n");
    }
}

/// `- `-o, --output <FORMAT>`: how …`, with its values below.
fn entry(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let mut names: Vec<String> = short.into_iter().chain(long).collect();
    let values: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>")).collect();
    let takes_values = argument.is_positional() || argument.get_action().takes_values();
    if names.is_empty() {
        names.push(values.join(" "));
    } else if takes_values {
        let last = names.len() - 1;
        names[last] += &format!(" {}", values.join(" "));
    }
    let help = argument.get_long_help().or(argument.get_help()).map(|help| help.to_string()).unwrap_or_default();
    let mut text = format!("- `{}`: {}", names.join(", "), help.replace("\n\n", ". "));
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_values && !defaults.is_empty() {
        text += &format!(" [default: {}]", defaults.join(" "));
    }
    text.push('\n');
    for value in argument.get_possible_values().iter().filter(|_| takes_values) {
        text += &format!("  - `{}`", value.get_name());
        text += &value.get_help().map(|help| format!(": {help}")).unwrap_or_default();
        text.push('\n');
    }
    text
}

fn is_standard(argument: &Arg) -> bool {
    ["help", "version"].contains(&argument.get_id().as_str())
}

#[test]
fn the_committed_page_is_that_of_the_arguments() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
    if crate::config::variable("UPDATE_DOCS").is_some() {
        std::fs::write(path, markdown()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == markdown(), "docs/cli.md is out of date: UPDATE_DOCS=1 cargo test --lib docs");
}
