//! Rows for people (aligned columns) and for spreadsheets (CSV). What is shown is decided by the caller.

use unicode_width::UnicodeWidthStr;

use super::units;
use crate::formats::row_text::{csv_line, quoted};

/// One value. Its kind decides the alignment, and whether people see another form than programs.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Text(String),
    /// Written as it is, aligned right.
    Number(String),
    Count(u64),
    Bytes(u64),
    Seconds(f64),
}

impl Cell {
    pub fn text(text: impl ToString) -> Cell {
        Cell::Text(text.to_string())
    }

    fn for_people(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Text(text) => on_one_line(text),
            Cell::Number(text) => text.clone(),
            Cell::Count(count) => units::count(*count),
            Cell::Bytes(bytes) => units::bytes(*bytes),
            Cell::Seconds(seconds) => units::seconds(*seconds),
        }
    }

    fn for_programs(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Text(text) => quoted(text),
            Cell::Number(text) => text.clone(),
            Cell::Count(number) | Cell::Bytes(number) => number.to_string(),
            Cell::Seconds(seconds) => seconds.to_string(),
        }
    }

    fn is_right_aligned(&self) -> bool {
        !matches!(self, Cell::Null | Cell::Text(_))
    }
}

/// A table in memory.
#[derive(Debug, Default)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: &[&str]) -> Self {
        Table { columns: columns.iter().map(|column| column.to_string()).collect(), rows: vec![] }
    }

    /// Aligned text: a header, a rule, one line per row; numbers to the right.
    pub fn aligned(&self) -> String {
        let texts: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(Cell::for_people).collect()).collect();
        let header: Vec<String> = self.columns.iter().map(|column| on_one_line(column)).collect();
        let columns: Vec<TextColumn> = (0..header.len())
            .map(|at| TextColumn {
                width: texts.iter().chain([&header]).map(|row| row[at].width()).max().unwrap_or(0),
                right: self.rows.iter().any(|row| row[at].is_right_aligned()),
            })
            .collect();
        let rule = columns.iter().map(|column| "─".repeat(column.width)).collect();
        let mut text = String::new();
        for row in [&header, &rule].into_iter().chain(&texts) {
            let cells: Vec<String> = row.iter().zip(&columns).map(|(cell, column)| column.pad(cell)).collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// RFC 4180 with line feeds: a header, and the values as programs want them.
    pub fn csv(&self) -> String {
        let header = csv_line(self.columns.iter().map(|column| quoted(column)));
        let rows = self.rows.iter().map(|row| csv_line(row.iter().map(Cell::for_programs)));
        std::iter::once(header).chain(rows).collect()
    }
}

struct TextColumn {
    /// In terminal cells.
    width: usize,
    right: bool,
}

impl TextColumn {
    fn pad(&self, text: &str) -> String {
        let space = " ".repeat(self.width - text.width());
        if self.right { format!("{space}{text}") } else { format!("{text}{space}") }
    }
}

/// Control characters are shown, not obeyed: data must not move the reader's cursor or break a row.
fn on_one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_string();
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Table {
        let mut table = Table::new(&["category", "rows", "bytes", "why"]);
        table.rows.push(vec![Cell::text("men's, \"blue\""), Cell::Count(12345), Cell::Bytes(1_500_000), Cell::Null]);
        table.rows.push(vec![Cell::text("日本\n語"), Cell::Count(7), Cell::Bytes(20), Cell::text("")]);
        table
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        assert_eq!(
            prices().aligned(),
            "\
category         rows    bytes  why
─────────────  ──────  ───────  ───
men's, \"blue\"  12,345  1.50 MB
日本\\n語            7     20 B
"
        );
    }

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        assert_eq!(
            prices().csv(),
            "category,rows,bytes,why\n\"men's, \"\"blue\"\"\",12345,1500000,\n\"日本\n語\",7,20,\"\"\n"
        );
    }
}
