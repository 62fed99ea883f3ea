//! What Spark lets one leave out, put in for the parser: brackets around the rows of VALUES that are one value, and the names
//! of a LATERAL VIEW's columns before a clause whose word the parser would take for one.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-inline-table.html>,
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-qry-select-lateral-view.html>

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace, Word};

/// Stands where columns have the names that the function gives them. No name that is written does.
pub const UNNAMED: &str = "\u{2063}unnamed";

/// Begin a clause behind a table.
const CLAUSES: [Keyword; 26] = [
    Keyword::AS,
    Keyword::ANTI,
    Keyword::CLUSTER,
    Keyword::CROSS,
    Keyword::DISTRIBUTE,
    Keyword::EXCEPT,
    Keyword::FULL,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::INNER,
    Keyword::INTERSECT,
    Keyword::JOIN,
    Keyword::LATERAL,
    Keyword::LEFT,
    Keyword::LIMIT,
    Keyword::MINUS,
    Keyword::NATURAL,
    Keyword::OFFSET,
    Keyword::ON,
    Keyword::ORDER,
    Keyword::QUALIFY,
    Keyword::RIGHT,
    Keyword::SORT,
    Keyword::UNION,
    Keyword::WHERE,
    Keyword::WINDOW,
];

pub fn put_in(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut all = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = named_rows(&tokens, at, before(&all)) {
            // `VALUES (1), (2) AS t(a)` as a query.
            let place = tokens[at].span;
            for word in [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")] {
                all.push(TokenWithSpan::new(word, place));
                all.push(TokenWithSpan::new(Token::Whitespace(Whitespace::Space), place));
            }
            all.extend_from_slice(&tokens[at..end]);
            at = end;
            continue;
        }
        if let Some(end) = rows(&tokens, at, before(&all)) {
            all.push(tokens[at].clone());
            bracketed(&tokens[at + 1..end], &mut all);
            at = end;
            continue;
        }
        all.push(tokens[at].clone());
        at += 1;
        if let Some(end) = view(&tokens, at - 1) {
            all.extend_from_slice(&tokens[at..end]);
            let place = all.last().map_or_else(Span::empty, |token| token.span);
            let named = [Token::make_keyword("AS"), Token::make_word(UNNAMED, Some('`'))];
            for token in named {
                all.push(TokenWithSpan::new(Token::Whitespace(Whitespace::Space), place));
                all.push(TokenWithSpan::new(token, place));
            }
            at = end;
        }
    }
    all
}

fn keyword(token: &Token) -> Option<Keyword> {
    match token {
        Token::Word(Word { keyword, quote_style: None, .. }) => Some(*keyword),
        _ => None,
    }
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

/// The last token that is no blank.
fn before(tokens: &[TokenWithSpan]) -> Option<&Token> {
    tokens.iter().rev().find(|token| !is_blank(token)).map(|token| &token.token)
}

/// The first token from a place on that is no blank.
fn next(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    (from..tokens.len()).find(|at| !is_blank(&tokens[*at]))
}

/// Where the tuples end that are a query of their own here, if they have a name: VALUES is one behind FROM only.
fn named_rows(tokens: &[TokenWithSpan], at: usize, before: Option<&Token>) -> Option<usize> {
    if keyword(&tokens[at].token) != Some(Keyword::VALUES) {
        return None;
    }
    let is_query = match before {
        None | Some(Token::LParen | Token::SemiColon) => true,
        Some(token) => keyword(token).is_some_and(|word| {
            [Keyword::AS, Keyword::UNION, Keyword::ALL, Keyword::EXCEPT, Keyword::INTERSECT].contains(&word)
        }),
    };
    let mut end = next(tokens, at + 1).filter(|first| is_query && tokens[*first].token == Token::LParen)?;
    loop {
        let mut depth = 0;
        loop {
            match tokens.get(end)?.token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                Token::EOF => return None,
                _ => {}
            }
            end += 1;
            if depth == 0 {
                break;
            }
        }
        match next(tokens, end).map(|at| (at, &tokens[at].token)) {
            Some((at, Token::Comma)) => end = next(tokens, at + 1).filter(|at| tokens[*at].token == Token::LParen)?,
            Some((_, Token::Word(Word { keyword: Keyword::AS | Keyword::NoKeyword, .. }))) => return Some(end),
            _ => return None,
        }
    }
}

/// Where the rows end that follow VALUES here, if one is no tuple.
fn rows(tokens: &[TokenWithSpan], at: usize, before: Option<&Token>) -> Option<usize> {
    if keyword(&tokens[at].token) != Some(Keyword::VALUES) {
        return None;
    }
    let is_clause = match before {
        None | Some(Token::LParen | Token::SemiColon | Token::Comma) => true,
        Some(token) => keyword(token).is_some_and(|word| {
            [Keyword::FROM, Keyword::JOIN, Keyword::UNION, Keyword::ALL, Keyword::EXCEPT, Keyword::INTERSECT]
                .contains(&word)
        }),
    };
    let first = next(tokens, at + 1)?;
    let is_row = match &tokens[first].token {
        Token::LParen | Token::RParen | Token::Comma | Token::SemiColon | Token::EOF | Token::Period => false,
        token => keyword(token).is_none_or(|word| !CLAUSES.contains(&word) && word != Keyword::FROM),
    };
    if !is_clause || !is_row {
        return None;
    }
    let (mut depth, mut ends) = (0, false);
    for (nth, token) in tokens.iter().enumerate().skip(first) {
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket if depth > 0 => depth -= 1,
            Token::RParen | Token::RBracket | Token::SemiColon | Token::EOF => return Some(nth),
            token if depth == 0 && keyword(token).is_some_and(|word| CLAUSES.contains(&word)) => return Some(nth),
            // A name behind a value is that of the table.
            Token::Word(Word { keyword: Keyword::NoKeyword, .. }) if depth == 0 && ends => return Some(nth),
            _ => {}
        }
        ends =
            matches!(token.token, Token::Number(..) | Token::SingleQuotedString(_) | Token::RParen | Token::RBracket)
                || matches!(keyword(&token.token), Some(Keyword::NULL | Keyword::TRUE | Keyword::FALSE | Keyword::END));
    }
    Some(tokens.len())
}

/// Puts each row that is one value into brackets.
fn bracketed(rows: &[TokenWithSpan], all: &mut Vec<TokenWithSpan>) {
    let mut depth = 0;
    let commas = rows.iter().enumerate().filter(|(_, token)| {
        depth += i32::from(matches!(token.token, Token::LParen | Token::LBracket));
        depth -= i32::from(matches!(token.token, Token::RParen | Token::RBracket));
        depth == 0 && token.token == Token::Comma
    });
    let ends: Vec<usize> = commas.map(|(at, _)| at).chain([rows.len()]).collect();
    let mut start = 0;
    for end in ends {
        let row = &rows[start..end];
        let is_tuple = row.iter().find(|token| !is_blank(token)).is_some_and(|token| token.token == Token::LParen);
        match (is_tuple, row.first(), row.last()) {
            (false, Some(first), Some(last)) => {
                all.push(TokenWithSpan::new(Token::LParen, first.span));
                all.extend_from_slice(row);
                all.push(TokenWithSpan::new(Token::RParen, last.span));
            }
            _ => all.extend_from_slice(row),
        }
        all.extend(rows.get(end).cloned());
        start = end + 1;
    }
}

/// Where the name of a LATERAL VIEW ends that begins here, if a clause follows it.
fn view(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    let word = |at: usize| tokens.get(at).and_then(|token| keyword(&token.token));
    if word(at) != Some(Keyword::LATERAL) {
        return None;
    }
    let view = next(tokens, at + 1).filter(|at| word(*at) == Some(Keyword::VIEW))?;
    let mut at = view + 1;
    let mut depth = 0;
    loop {
        match tokens.get(at)?.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 1 => break,
            Token::RParen => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    let name = next(tokens, at + 1).filter(|at| matches!(tokens[*at].token, Token::Word(_)))?;
    let follows = next(tokens, name + 1)?;
    word(follows).filter(|word| *word != Keyword::AS && CLAUSES.contains(word)).map(|_| name + 1)
}

#[cfg(test)]
mod tests {
    use crate::spark::sql::parse;

    fn read(text: &str) -> String {
        parse(text).unwrap().statement.to_string()
    }

    #[test]
    fn values_are_rows() {
        // Their columns are named around them.
        for (text, rows) in [
            ("VALUES 1, 2", "(VALUES (1), (2))"),
            ("VALUES (1, 2), (3, f(4)) AS t(a, b)", "SELECT * FROM (VALUES (1, 2), (3, f(4)))"),
            ("WITH v AS (VALUES (1) t) SELECT * FROM v", "SELECT * FROM (SELECT * FROM (VALUES (1)) AS"),
            ("SELECT * FROM VALUES 1, (2), f(3, 4) AS t(a)", "(VALUES (1), (2), (f(3, 4)))"),
            ("SELECT * FROM (VALUES 'x', NULL) t", "(VALUES ('x'), (NULL))"),
            ("SELECT * FROM VALUES (1, 2), (3, 4) t", "(VALUES (1, 2), (3, 4))"),
        ] {
            assert!(read(text).contains(rows), "{text}: {}", read(text));
        }
        assert_eq!(read("SELECT values FROM t"), "SELECT values FROM t");
    }

    #[test]
    fn a_view_without_names_may_be_followed_by_a_clause() {
        for clause in ["ORDER BY x", "LIMIT 1", "UNION ALL SELECT 1", "WHERE x > 1", ""] {
            assert!(parse(&format!("SELECT x FROM t LATERAL VIEW explode(f(a)) v {clause}")).is_ok(), "{clause}");
        }
    }
}
