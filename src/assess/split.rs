//! The statements of a text, each with its place. A fault in one of them is none of the next.

/// Parts between semicolons that stand in no text, name or comment, and have a word.
pub fn statements(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let (mut found, mut start, mut at, mut has_words) = (vec![], 0, 0, false);
    let find = |needle: &str, from: usize| text[from.min(text.len())..].find(needle).map(|place| from + place);
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b';', _) => {
                if has_words {
                    found.push((start, &text[start..at]));
                }
                (start, has_words) = (at + 1, false);
                at += 1;
            }
            (b'-', Some(b'-')) => at = find("\n", at).unwrap_or(bytes.len()),
            (b'/', Some(b'*')) => at = behind_comment(text, at),
            (quote @ (b'\'' | b'"' | b'`'), _) => {
                has_words = true;
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' && quote != b'`' { 2 } else { 1 };
                }
                at += 1;
            }
            (byte, _) => {
                has_words |= !byte.is_ascii_whitespace();
                at += 1;
            }
        }
    }
    if has_words {
        found.push((start, &text[start..]));
    }
    // A comment before a statement is none of it.
    found.into_iter().map(|(at, sql)| (at + before_words(sql), &sql[before_words(sql)..])).collect()
}

/// Where a comment in brackets ends that begins here. There may be others within it.
fn behind_comment(text: &str, start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    text.len()
}

/// How long the blanks and comments are with which a text begins.
fn before_words(text: &str) -> usize {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        rest = match trimmed {
            line if line.starts_with("--") => line.find('\n').map_or("", |end| &line[end..]),
            block if block.starts_with("/*") && !block.starts_with("/*+") => &block[behind_comment(block, 0)..],
            _ => return text.len() - trimmed.len(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn semicolons_in_texts_and_comments_part_nothing() {
        let text = "-- a;\nSELECT ';', \"a\\\";\", `;` /* ; */;\n;\n SELECT 2 -- ;\n";
        let found = statements(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].1.starts_with("SELECT ';'"));
        assert_eq!(&text[found[1].0..found[1].0 + 8], "SELECT 2");
        assert!(statements("-- nothing\n;").is_empty());
        let found = statements("/* a /* b; */ ; */ SELECT 1; /* c */ SELECT 2 /* d");
        assert_eq!(found.iter().map(|(_, sql)| *sql).collect::<Vec<_>>(), ["SELECT 1", "SELECT 2 /* d"]);
    }
}
