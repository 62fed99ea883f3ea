//! The SQL in a file: all of a `.sql`, and of `.py` and `.ipynb` the strings that are given to `spark.sql(…)`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Unread;
use crate::error::{Error, Result};

/// A text of SQL, and the line where it begins.
#[derive(Debug, PartialEq)]
pub struct SourceText {
    pub line: usize,
    pub sql: String,
}

#[derive(Default)]
pub struct FileTexts {
    pub texts: Vec<SourceText>,
    pub unread: Vec<Unread>,
}

/// The files at these places that can have SQL in them, in the order of their names.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for path in paths {
        if !path.exists() {
            let hint = "name files (.sql, .py, .ipynb) and folders with such";
            return Err(Error::config(format!("there is nothing at `{}`", path.display())).hint(hint));
        }
        match path.is_dir() {
            true => below(path, &mut files)?,
            false => files.push(path.clone()),
        }
    }
    Ok(files)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = |error| Error::config(format!("cannot read `{}`", folder.display())).because(error);
    let mut entries =
        fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type().map_err(unreadable)? {
            kind if kind.is_dir() => below(&path, files)?,
            _ if has_sql(&path) => files.push(path),
            _ => {}
        }
    }
    Ok(())
}

fn extension(path: &Path) -> String {
    path.extension().map_or(String::new(), |extension| extension.to_string_lossy().to_lowercase())
}

fn has_sql(path: &Path) -> bool {
    ["sql", "py", "ipynb", "jar", "scala", "java"].contains(&extension(path).as_str())
}

pub fn of(file: &Path) -> Result<FileTexts> {
    let unreadable = |error: std::io::Error| Error::config(format!("it cannot be read: {error}"));
    match extension(file).as_str() {
        "jar" | "scala" | "java" => Ok(FileTexts {
            texts: vec![],
            unread: vec![Unread {
                file: file.to_path_buf(),
                line: 1,
                why: "a program of DataFrames is none of SQL: each table that it writes has to be said as a query, SELECT … FROM …".into(),
            }],
        }),
        "py" => Ok(of_python(file, &fs::read_to_string(file).map_err(unreadable)?, 1)),
        "ipynb" => of_notebook(file, &fs::read_to_string(file).map_err(unreadable)?),
        _ => {
            let sql = fs::read_to_string(file).map_err(unreadable)?;
            Ok(FileTexts { texts: vec![SourceText { line: 1, sql }], unread: vec![] })
        }
    }
}

/// Cells of code, as Python or behind `%%sql`.
fn of_notebook(file: &Path, text: &str) -> Result<FileTexts> {
    let notebook: Value =
        serde_json::from_str(text).map_err(|error| Error::config(format!("it is no notebook: {error}")))?;
    let mut found = FileTexts::default();
    for cell in notebook["cells"].as_array().into_iter().flatten().filter(|cell| cell["cell_type"] == "code") {
        let source = match &cell["source"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect::<String>(),
            other => other.as_str().unwrap_or_default().to_string(),
        };
        let first = source.trim_start();
        if let Some(sql) = first.strip_prefix("%%sql").or_else(|| first.strip_prefix("%sql")) {
            found.texts.push(SourceText { line: 1, sql: sql.to_string() });
            continue;
        }
        let of_cell = of_python(file, &source, 1);
        found.texts.extend(of_cell.texts);
        found.unread.extend(of_cell.unread);
    }
    Ok(found)
}

/// The strings that are given to `.sql(…)`. One that is put together is told, and not guessed.
fn of_python(file: &Path, text: &str, first_line: usize) -> FileTexts {
    let mut found = FileTexts::default();
    for (at, _) in text.match_indices(".sql(") {
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        if text[line_start..at].trim_start().starts_with('#') {
            continue;
        }
        let inside = text[at + 5..].trim_start();
        let place = text.len() - inside.len();
        let line = first_line + text[..place].matches('\n').count();
        match literal(inside) {
            Some(sql) => found.texts.push(SourceText { line, sql }),
            None => found.unread.push(Unread {
                file: file.to_path_buf(),
                line,
                why: "the text of this sql(…) is put together when it runs".into(),
            }),
        }
    }
    found
}

/// A string of Python that begins here, and what it says; `None` for one with parts that are put in.
fn literal(text: &str) -> Option<String> {
    let prefix = text.find(['"', '\'']).filter(|end| *end <= 2)?;
    let marks = text[..prefix].to_lowercase();
    if !["", "r", "u"].contains(&marks.as_str()) {
        return None;
    }
    let body = &text[prefix..];
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(quote))?;
    let inside = &body[quote.len()..];
    let (mut at, mut said) = (0, String::new());
    while !inside[at..].starts_with(quote) {
        let next = inside[at..].chars().next()?;
        at += next.len_utf8();
        if next != '\\' || marks == "r" {
            said.push(next);
            continue;
        }
        let escaped = inside[at..].chars().next()?;
        at += escaped.len_utf8();
        match escaped {
            'n' => said.push('\n'),
            't' => said.push('\t'),
            '\n' => {}
            '\\' | '\'' | '"' => said.push(escaped),
            other => said.extend(['\\', other]),
        }
    }
    // What follows must be the end of the call, or its further arguments.
    let rest = inside[at + quote.len()..].trim_start();
    (rest.starts_with(')') || rest.starts_with(',')).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_python_are_read_and_those_put_together_are_told() {
        let text = "df = spark.sql(\"\"\"SELECT 1\n FROM t\"\"\")\n# spark.sql('no')\nspark.sql(\n  r'SELECT \\d', x)\nspark.sql(f\"SELECT {x}\")\nspark.sql('a' + b)\n";
        let found = of_python(Path::new("a.py"), text, 1);
        assert_eq!(
            found.texts,
            [SourceText { line: 1, sql: "SELECT 1\n FROM t".into() }, SourceText { line: 5, sql: "SELECT \\d".into() }]
        );
        assert_eq!(found.unread.iter().map(|one| one.line).collect::<Vec<_>>(), [6, 7]);
    }
}
