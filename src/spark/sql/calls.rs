//! Calls that the parser does not read, in words that it does.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace, Word};

/// Fields that the parser does not know.
const FIELDS: [&str; 4] = ["yearofweek", "dayofweek_iso", "dow_iso", "qtr"];

/// `trim(LEADING FROM s)` is `ltrim(s)`, `extract(YEAROFWEEK FROM d)` is `date_part('YEAROFWEEK', d)`, and `exists(list, x -> …)` is no
/// question about a query.
pub fn plain(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let places: Vec<usize> = (0..tokens.len()).filter(|at| !is_blank(&tokens[*at].token)).collect();
    let mut plain: Vec<Option<TokenWithSpan>> = tokens.into_iter().map(Some).collect();
    let mut added = vec![];
    for (nth, &at) in places.iter().enumerate() {
        let word = |further: usize| match plain[*places.get(nth + further)?].as_ref().map(|token| &token.token) {
            Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
            _ => None,
        };
        let is = |further: usize, wanted: &Token| {
            let place = places.get(nth + further);
            place.and_then(|place| plain[*place].as_ref()).is_some_and(|token| token.token == *wanted)
        };
        if word(0).as_deref() == Some("interval")
            && let Some(Some(TokenWithSpan { token: Token::SingleQuotedString(text), span })) =
                places.get(nth + 1).map(|place| &plain[*place])
            && let Some(words) = with_units(text, *span)
        {
            added.push((places[nth + 1], words));
            continue;
        }
        if !is(1, &Token::LParen) {
            continue;
        }
        match (word(0).as_deref(), word(2).as_deref(), word(3).as_deref()) {
            (Some("trim"), Some(side @ ("both" | "leading" | "trailing")), Some("from")) => {
                let name = match side {
                    "leading" => "ltrim",
                    "trailing" => "rtrim",
                    _ => "btrim",
                };
                replace(&mut plain[at], named(name));
                plain[places[nth + 2]] = None;
                plain[places[nth + 3]] = None;
            }
            (Some("extract"), Some(field), Some("from")) if FIELDS.contains(&field) => {
                let field = Token::SingleQuotedString(field.to_uppercase());
                replace(&mut plain[at], named("date_part"));
                replace(&mut plain[places[nth + 2]], field);
                replace(&mut plain[places[nth + 3]], Token::Comma);
            }
            (Some("exists"), ..) if !is_query(&plain, &places[nth + 2..]) => {
                replace(&mut plain[at], named("exists"));
            }
            _ => {}
        }
    }
    for (place, words) in added.into_iter().rev() {
        plain.splice(place..=place, words.into_iter().map(Some));
    }
    plain.into_iter().flatten().collect()
}

/// `INTERVAL '1 year 2 days'` is `INTERVAL '1' YEAR '2' DAY`.
fn with_units(text: &str, place: Span) -> Option<Vec<TokenWithSpan>> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let is_pair =
        |pair: &[&str]| pair[0].parse::<f64>().is_ok() && pair[1].bytes().all(|byte| byte.is_ascii_alphabetic());
    if parts.is_empty() || parts.len() % 2 == 1 || !parts.chunks(2).all(is_pair) {
        return None;
    }
    let words = parts.chunks(2).flat_map(|pair| {
        let unit = Token::make_keyword(pair[1].to_uppercase().trim_end_matches('S'));
        [
            Token::SingleQuotedString(pair[0].to_string()),
            Token::Whitespace(Whitespace::Space),
            unit,
            Token::Whitespace(Whitespace::Space),
        ]
    });
    Some(words.map(|token| TokenWithSpan::new(token, place)).collect())
}

/// Whether a query begins here, perhaps behind brackets.
fn is_query(tokens: &[Option<TokenWithSpan>], places: &[usize]) -> bool {
    let mut words = places.iter().filter_map(|place| tokens[*place].as_ref()).map(|token| &token.token);
    match words.find(|token| **token != Token::LParen) {
        Some(Token::Word(word)) if word.quote_style.is_none() => {
            ["select", "with", "values", "from", "table"].contains(&word.value.to_lowercase().as_str())
        }
        _ => false,
    }
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_))
}

/// A name that is no keyword.
fn named(name: &str) -> Token {
    Token::Word(Word { value: name.to_string(), quote_style: Some('`'), keyword: Keyword::NoKeyword })
}

fn replace(token: &mut Option<TokenWithSpan>, other: Token) {
    if let Some(token) = token {
        token.token = other;
    }
}
