//! What becomes of a statement, without data: it is planned to the end, and what it makes is kept for the next ones.

use crate::engine::conversation::Conversation;
use crate::spark::sql::{self, Typed};

use super::StatementVerdict;

pub async fn of(conversation: &mut Conversation, text: &str) -> StatementVerdict {
    let scripted = match sql::parse_script(text) {
        Ok(mut statements) if statements.len() == 1 => statements.remove(0),
        Ok(_) => return refused("there is not one statement here"),
        Err(fault) => return refused(&fault.message),
    };
    let (statement, outcome) = match scripted.what {
        Typed::Sql(parsed) => (Some(parsed.statement.clone()), conversation.plan_only(parsed.statement).await),
        Typed::Command(command) => (command.query().cloned(), conversation.change(*command).await.map(drop)),
    };
    let Err(error) = outcome else { return StatementVerdict::Runs };
    let message = conversation.words(&error, statement.clone(), text).await;
    if !is_unknown_table(&message) {
        return refused(&message);
    }
    // Its functions are known without its columns.
    let unknown = statement.and_then(|statement| conversation.unknown_function(&statement));
    match unknown {
        Some(name) => refused(&format!("there is no function `{name}`")),
        None => StatementVerdict::WithoutColumns,
    }
}

fn is_unknown_table(message: &str) -> bool {
    message.starts_with("there is no table") || message.contains("TABLE_OR_VIEW_NOT_FOUND")
}

fn refused(message: &str) -> StatementVerdict {
    let why = message.lines().next().unwrap_or_default().to_string();
    StatementVerdict::Refused { what: what(&why), why }
}

/// The function or the construct that a refusal is about.
fn what(why: &str) -> String {
    if let Some((_, rest)) = why.split_once("function `")
        && let Some((name, _)) = rest.split_once('`')
    {
        return format!("{name}()");
    }
    if why.starts_with("SQL syntax") {
        return "syntax".to_string();
    }
    if let Some((what, _)) = why.split_once(" is no part of a session here") {
        return what.to_string();
    }
    match why.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((class, _)) => class.to_string(),
        None => without_names(why),
    }
}

/// The words of a refusal without what is the statement's own.
fn without_names(why: &str) -> String {
    let parts = why.split('`').enumerate().map(|(nth, part)| if nth % 2 == 1 { "…" } else { part });
    parts.collect::<String>().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::what;

    #[test]
    fn refusals_are_counted_by_what_they_are_about() {
        assert_eq!(what("[UNRESOLVED_ROUTINE] there is no function `from_xml`"), "from_xml()");
        assert_eq!(what("EXECUTE is no part of a session here"), "EXECUTE");
        assert_eq!(what("SQL syntax: expected )"), "syntax");
        assert_eq!(what("[AMBIGUOUS_REFERENCE] two `a`"), "AMBIGUOUS_REFERENCE");
        assert_eq!(what("two columns are named `a`"), "two columns are named …");
    }
}
