//! Calls that the parser does not read, in words that it does.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Fields that the parser does not know.
const FIELDS: [&str; 21] = [
    "yearofweek",
    "dayofweek_iso",
    "dow_iso",
    "qtr",
    "y",
    "yr",
    "yrs",
    "mon",
    "mons",
    "w",
    "d",
    "h",
    "hr",
    "hrs",
    "m",
    "min",
    "mins",
    "s",
    "sec",
    "secs",
    "msec",
];

/// `TABLE t` at the beginning is `FROM t`, `TIMESTAMP_LTZ'…'` is a plain timestamp, `trim(LEADING FROM s)` is `ltrim(s)`, `extract(YEAROFWEEK FROM d)` is `date_part('YEAROFWEEK', d)`, and `exists(list, x -> …)` is no
/// question about a query.
pub fn plain(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let places: Vec<usize> = (0..tokens.len()).filter(|at| !is_blank(&tokens[*at].token)).collect();
    let mut plain: Vec<Option<TokenWithSpan>> = tokens.into_iter().map(Some).collect();
    for (nth, &at) in places.iter().enumerate() {
        let word = |further: usize| match plain[*places.get(nth + further)?].as_ref().map(|token| &token.token) {
            Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
            _ => None,
        };
        let is = |further: usize, wanted: &Token| {
            let place = places.get(nth + further);
            place.and_then(|place| plain[*place].as_ref()).is_some_and(|token| token.token == *wanted)
        };
        let begins = nth == 0 || plain[places[nth - 1]].as_ref().is_some_and(|token| token.token == Token::SemiColon);
        let other = match word(0).as_deref() {
            Some("table") if begins => Some("FROM"),
            Some("timestamp_ltz") if places.get(nth + 1).is_some_and(|at| is_text(plain.get(*at))) => Some("TIMESTAMP"),
            _ => None,
        };
        if let Some(other) = other {
            replace(&mut plain[at], Token::make_keyword(other));
            continue;
        }
        // `X 'F0'` is `X'F0'`.
        if word(0).as_deref() == Some("x")
            && let Some(place) = places.get(nth + 1).copied()
            && let Some(TokenWithSpan { token: Token::SingleQuotedString(digits), .. }) = &plain[place]
        {
            let literal = Token::HexStringLiteral(digits.clone());
            replace(&mut plain[at], literal);
            plain[place] = None;
            continue;
        }
        if !is(1, &Token::LParen) {
            continue;
        }
        let is_field = places.get(nth + 2).is_some_and(|place| is_text(plain.get(*place)));
        if word(0).as_deref() == Some("extract") && is_field && is(3, &Token::Comma) {
            replace(&mut plain[at], named("date_part"));
            continue;
        }
        if word(0).as_deref() == Some("identifier")
            && let Some((names, end)) = written_name(&plain, &places[nth + 2..])
        {
            let slots = &places[nth..nth + 3 + end];
            let mut words =
                names.into_iter().flat_map(|name| [Token::Period, named(&name)]).skip(1).collect::<Vec<_>>();
            if words.len() <= slots.len() {
                words.reverse();
                for slot in slots {
                    match words.pop() {
                        Some(word) => replace(&mut plain[*slot], word),
                        None => plain[*slot] = None,
                    }
                }
                continue;
            }
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
    plain.into_iter().flatten().collect()
}

/// The parts of the name that IDENTIFIER is given here, in texts that are joined by `||`; and how many words they are.
fn written_name(tokens: &[Option<TokenWithSpan>], places: &[usize]) -> Option<(Vec<String>, usize)> {
    let mut name = String::new();
    let mut texts = places.iter().map(|place| tokens[*place].as_ref().map(|token| &token.token)).enumerate();
    loop {
        match texts.next()?.1? {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => name.push_str(text),
            _ => return None,
        }
        match texts.next()? {
            (_, Some(Token::StringConcat)) => {}
            (end, Some(Token::RParen)) => {
                let parts: Vec<String> = name.split('.').map(str::to_lowercase).collect();
                let is_name = parts.iter().all(|part| !part.is_empty() && !part.contains(['`', ' ']));
                return is_name.then_some((parts, end));
            }
            _ => return None,
        }
    }
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

fn is_text(token: Option<&Option<TokenWithSpan>>) -> bool {
    matches!(token, Some(Some(TokenWithSpan { token: Token::SingleQuotedString(_), .. })))
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
