//! An assessment as one page, without anything from elsewhere.

use std::fmt::Write;

use super::{Assessment, StatementVerdict};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.35rem .6rem;\
border-bottom:1px solid #ddd;vertical-align:top}code{white-space:pre-wrap;font-size:.85rem}.refused{color:#a00}.runs{color:#070}\
.known{color:#555}td.n{text-align:right}";

pub fn page(all: &Assessment) -> String {
    let mut page = String::new();
    let total = all.statements.len();
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Assessment</title><style>{STYLE}</style><h1>{} of {total} statements run</h1>\
         <p>{} more are known by syntax and functions, and their tables are not; {} are refused.</p>",
        all.runs, all.without_columns, all.refused
    );
    if !all.causes.is_empty() {
        page.push_str("<h2>What is refused</h2><table><tr><th>what<th>statements<th>for example</tr>");
        for cause in &all.causes {
            let _ = write!(
                page,
                "<tr><td><code>{}</code><td class=\"n\">{}<td>{}</tr>",
                escaped(&cause.what),
                cause.statements,
                escaped(&cause.example)
            );
        }
        page.push_str("</table>");
    }
    page.push_str("<h2>Statements</h2><table><tr><th>where<th>what becomes of it<th>statement</tr>");
    for one in &all.statements {
        let (class, words) = match &one.verdict {
            StatementVerdict::Runs => ("runs", "runs".to_string()),
            StatementVerdict::WithoutColumns => ("known", "known but for its tables".to_string()),
            StatementVerdict::Refused { why, .. } => ("refused", why.clone()),
        };
        let place = format!("{}:{}", one.file.display(), one.line);
        let _ = write!(
            page,
            "<tr><td>{}<td class=\"{class}\">{}<td><code>{}</code></tr>",
            escaped(&place),
            escaped(&words),
            escaped(&one.sql)
        );
    }
    page.push_str("</table>");
    if !all.unread.is_empty() {
        page.push_str("<h2>Not read</h2><table><tr><th>where<th>why</tr>");
        for one in &all.unread {
            let place = format!("{}:{}", one.file.display(), one.line);
            let _ = write!(page, "<tr><td>{}<td>{}</tr>", escaped(&place), escaped(&one.why));
        }
        page.push_str("</table>");
    }
    page.push_str("</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
