//! Standard error: all words go through here, so that they neither break a live line nor mix text with JSON.

use std::io::{IsTerminal, Write};

use crate::config;
use crate::error::{self, Error, Problem};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use indicatif::MultiProgress;
use serde::Serialize;

use crate::cli::options::Log;

/// How stderr is written; cheap to clone, and clones share the terminal.
#[derive(Debug, Clone)]
pub struct Words {
    /// How progress is written.
    log: Log,
    /// How all else is written: for people, unless JSON was asked for.
    words: Log,
    is_terminal: bool,
    colour: bool,
    /// Live lines on the terminal, below all words.
    live: MultiProgress,
}

impl Words {
    pub fn new(log: Option<Log>) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let words = log.unwrap_or(Log::Text);
        let log = log.unwrap_or(if is_terminal { Log::Text } else { Log::Json });
        let no_color = config::variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        Words { log, words, is_terminal, colour: is_terminal && !no_color, live: MultiProgress::new() }
    }

    pub fn log(&self) -> Log {
        self.log
    }

    /// Where live lines can be drawn, when they can.
    pub fn live(&self) -> Option<&MultiProgress> {
        (self.log == Log::Text && self.is_terminal).then_some(&self.live)
    }

    /// Says something that is no failure.
    pub fn note(&self, message: &str) {
        self.say(self.words, message);
    }

    /// Says something among the lines of the progress, in their form.
    pub fn progress_note(&self, message: &str) {
        self.say(self.log, message);
    }

    /// Says what is wrong in the project's files without keeping from what was asked for.
    pub fn warn(&self, problem: &Problem) {
        match self.words {
            Log::Text => self.line(&(snippet(problem, Level::WARNING, &self.renderer()) + "\n")),
            Log::Json => self.json(&record(problem, "warning")),
        }
    }

    /// Says something of a place in the project's files that is nothing wrong.
    pub fn remark(&self, problem: &Problem) {
        match self.words {
            Log::Text => self.line(&(snippet(problem, Level::NOTE, &self.renderer()) + "\n")),
            Log::Json => self.json(&record(problem, "info")),
        }
    }

    /// Says what went wrong beside what was asked for.
    pub fn caution(&self, error: &Error) {
        match self.words {
            Log::Text => self.line(&titled(error, Level::WARNING, &self.renderer())),
            Log::Json => records(error, |record| self.json(&SaidLine { level: "warning", ..record })),
        }
    }

    fn say(&self, form: Log, message: &str) {
        match form {
            Log::Text => self.line(message),
            Log::Json => self.json(&SaidLine { level: "info", message, ..SaidLine::default() }),
        }
    }

    /// Reports a failure; the only place where one is.
    pub fn error(&self, error: &Error) {
        match self.words {
            Log::Text => self.line(&text(error, &self.renderer())),
            Log::Json => records(error, |record| self.json(&record)),
        }
    }

    /// One JSON line.
    pub fn json(&self, value: &impl Serialize) {
        let line = serde_json::to_string(value).expect("words and numbers are always JSON");
        self.line(&line);
    }

    /// One or more lines as they are, above the live ones. When nobody listens there is nobody to tell.
    pub fn line(&self, text: &str) {
        self.live.suspend(|| writeln!(std::io::stderr(), "{text}")).ok();
    }

    /// `text` in a terminal colour (an SGR code), where colours are wanted.
    pub fn coloured(&self, text: &str, code: u8) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn renderer(&self) -> Renderer {
        let renderer = if self.colour { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii)
    }
}

/// An error as people read it: all problems with their places, or the message, its causes and a hint.
fn text(error: &Error, renderer: &Renderer) -> String {
    let mut blocks: Vec<String> =
        error.found_problems().iter().map(|problem| snippet(problem, Level::ERROR, renderer) + "\n").collect();
    // One problem says all there is to say; several are counted.
    if blocks.len() != 1 {
        blocks.push(summary(error, renderer));
    }
    blocks.join("\n").trim_end().to_string()
}

fn summary(error: &Error, renderer: &Renderer) -> String {
    titled(error, Level::ERROR, renderer)
}

fn titled(error: &Error, level: Level, renderer: &Renderer) -> String {
    let mut text = renderer.render(&[Group::with_title(level.primary_title(error.to_string()))]);
    for cause in causes(error) {
        text.push_str(&format!("\n  caused by: {cause}"));
    }
    if let Some(hint) = error.hint_text() {
        text.push_str(&format!("\n  hint: {hint}"));
    }
    text
}

/// The chain below an error, without links that only repeat what was said above them.
fn causes(error: &Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = vec![];
    for cause in error::chain(error).skip(1) {
        let message = cause.to_string();
        if !said.contains(&message) {
            causes.push(message.clone());
            said = message;
        }
    }
    causes
}

/// A problem as rustc shows it: message, place, the line with a caret, help.
fn snippet(problem: &Problem, level: Level, renderer: &Renderer) -> String {
    let path = problem.file.display().to_string();
    let title = level.primary_title(&problem.message);
    let mut group = if problem.text.is_empty() {
        title.element(Origin::path(path))
    } else {
        let span = boundary(problem, problem.span.start)..boundary(problem, problem.span.end);
        title.element(Snippet::source(&*problem.text).path(path).annotation(AnnotationKind::Primary.span(span)))
    };
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.message(hint));
    }
    renderer.render(&[group])
}

/// A byte offset that can be cut at, whatever the finder of the problem has counted.
fn boundary(problem: &Problem, at: usize) -> usize {
    problem.text.floor_char_boundary(at)
}

/// One JSON line about something said.
#[derive(Default, Serialize)]
struct SaidLine<'a> {
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

fn record<'a>(problem: &'a Problem, level: &'static str) -> SaidLine<'a> {
    let (line, column) = error::line_and_column(&problem.text, problem.span.start);
    SaidLine {
        level,
        message: &problem.message,
        hint: problem.hint.as_deref(),
        file: Some(problem.file.display().to_string()),
        line: Some(line),
        column: Some(column),
        causes: vec![],
    }
}

/// One record per problem, or one for the error itself.
fn records(error: &Error, mut emit: impl FnMut(SaidLine)) {
    error.found_problems().iter().for_each(|problem| emit(record(problem, "error")));
    if error.found_problems().is_empty() {
        let message = error.to_string();
        let hint = error.hint_text();
        emit(SaidLine { level: "error", message: &message, hint, causes: causes(error), ..SaidLine::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "name: store\ntargets:\n  démo: { storge: x }\n";

    fn problem(message: &str, hint: Option<&str>, at: &str) -> Problem {
        let start = YAML.find(at).unwrap();
        Problem {
            file: "trapiche.yml".into(),
            text: YAML.into(),
            span: start..start + at.len(),
            message: message.into(),
            hint: hint.map(String::from),
        }
    }

    #[test]
    fn every_problem_is_shown_with_its_place() {
        let error = Error::problems(vec![
            problem("unknown key `storge`", Some("did you mean `storage`?"), "storge"),
            problem("`store` is taken", None, "store"),
        ]);
        insta::assert_snapshot!(text(&error, &Renderer::plain()), @r"
        error: `store` is taken
         --> trapiche.yml:1:7
          |
        1 | name: store
          |       ^^^^^

        error: unknown key `storge`
         --> trapiche.yml:3:11
          |
        3 |   démo: { storge: x }
          |           ^^^^^^
          |
          = help: did you mean `storage`?

        error: 2 errors in the project; nothing was run
        ");
    }

    #[test]
    fn an_error_shows_its_causes_once_and_its_hint() {
        let broken = std::io::Error::other("connection reset");
        let error =
            Error::connection("cannot read").because(Error::failed("GET /carts: connection reset").because(broken));
        insta::assert_snapshot!(text(&error.hint("try again"), &Renderer::plain()), @r"
        error: cannot read
          caused by: GET /carts: connection reset
          hint: try again
        ");
    }

    #[test]
    fn json_has_one_line_per_problem() {
        let error =
            Error::problems(vec![problem("unknown key", Some("help"), "storge"), problem("taken", None, "store")]);
        let mut lines = vec![];
        records(&error, |record| lines.push(serde_json::to_string(&record).unwrap()));
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"level":"error","message":"taken","file":"trapiche.yml","line":1,"column":7}
        {"level":"error","message":"unknown key","hint":"help","file":"trapiche.yml","line":3,"column":11}
        "#);
    }

    #[test]
    fn a_span_outside_the_text_is_no_second_error() {
        let mut outside = problem("cut short", None, "storge");
        outside.span = 900..901;
        assert!(text(&Error::problems(vec![outside]), &Renderer::plain()).contains("cut short"));
        let unreadable =
            Problem { file: "a.sql".into(), text: "".into(), span: 0..0, message: "cannot be read".into(), hint: None };
        insta::assert_snapshot!(text(&Error::problems(vec![unreadable]), &Renderer::plain()), @r"
        error: cannot be read
        --> a.sql
        ");
    }
}
