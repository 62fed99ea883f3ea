//! Names, and texts as YAML, `.env` and addresses spell them.

use std::path::Path;

use url::Url;

use crate::error::{Error, Result};

/// A name that a table may have.
pub fn table_name(text: &str) -> String {
    let name = words(text);
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("t_{name}") }
}

/// A name that a column may have.
pub fn column_name(text: &str) -> String {
    let name = words(text);
    let is_sound = |name: &str| name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic());
    // A leading underscore is one of the name, not one of what stood there.
    let kept = if text.starts_with('_') { format!("_{name}") } else { name };
    if is_sound(&kept) { kept } else { format!("c_{}", kept.trim_start_matches('_')) }
}

/// Its letters and digits, with one `_` where others stood between them.
fn words(text: &str) -> String {
    let folded: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    let mut name = words.join("_");
    name.truncate(100);
    if name.is_empty() { "x".to_string() } else { name }
}

/// The name, or one with a number behind it that is not taken. It is taken from now on.
pub fn unlike(name: &str, taken: &mut Vec<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.to_string()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.unwrap_or_default();
    taken.push(free.clone());
    free
}

/// A text of YAML that is taken as it is: a dollar begins no variable.
pub fn quoted(text: &str) -> String {
    with_variables(&text.replace('$', "$$"))
}

/// A text of YAML, of which each `${…}` is a variable. What JSON spells in quotes means the same in YAML.
pub fn with_variables(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A line of `.env`.
pub fn dotenv_line(name: &str, value: &str) -> String {
    if !value.contains(['\'', '\n', '\r']) {
        return format!("{name}='{value}'\n");
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    format!("{name}=\"{}\"\n", escaped.replace('\n', "\\n").replace('\r', "\\r"))
}

/// A word as the beginning of a variable's name.
pub fn variable(name: &str) -> String {
    table_name(name).to_uppercase()
}

/// The address of a file as a project in `folder` names it: from there, where it lies in it or beside it.
pub fn address(scheme: &str, file: &Path, folder: &Path) -> Result<String> {
    let url = |path: &Path| Url::from_file_path(path).map_err(|()| Error::config("this is no path of a file"));
    // A star would stand for other files.
    let path = url(file)?.path().replace('*', "%2A");
    for (around, steps) in [(Some(folder), "./"), (folder.parent(), "../")] {
        let Some(around) = around else { continue };
        let start = url(around)?.path().trim_end_matches('/').to_string() + "/";
        if let Some(rest) = path.strip_prefix(&start) {
            return Ok(format!("{scheme}://{steps}{rest}"));
        }
    }
    Ok(format!("{scheme}://{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_tables_and_columns_may_have() {
        let tables = ["Orders", "2024 sales", "sales.öl-preise", "€"].map(table_name);
        assert_eq!(tables, ["orders", "t_2024_sales", "sales_l_preise", "x"]);
        let columns = ["Beak Length (mm)", "_c0", "1st", "__v", "_"].map(column_name);
        assert_eq!(columns, ["beak_length_mm", "_c0", "c_1st", "_v", "_x"]);
        let mut taken = vec![];
        assert_eq!([unlike("a", &mut taken), unlike("a", &mut taken), unlike("a", &mut taken)], ["a", "a_2", "a_3"]);
    }

    #[test]
    fn texts_mean_what_they_are() {
        assert_eq!(quoted("a \"b\" $c"), r#""a \"b\" $$c""#);
        assert_eq!(dotenv_line("A", "p$w #x"), "A='p$w #x'\n");
        assert_eq!(dotenv_line("A", "it's \"$x\""), "A=\"it's \\\"\\$x\\\"\"\n");
    }

    #[test]
    fn files_beside_a_project_are_named_from_there() {
        let of = |file: &str| address("file", Path::new(file), Path::new("/home/me/shop")).unwrap();
        assert_eq!(of("/home/me/shop/data/a b*.csv"), "file://./data/a%20b%2A.csv");
        assert_eq!(of("/home/me/a.csv"), "file://../a.csv");
        assert_eq!(of("/home/you/a.csv"), "file:///home/you/a.csv");
    }
}
