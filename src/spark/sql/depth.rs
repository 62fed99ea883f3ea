//! How deep a SQL text may be, looked at word by word before anything is made of it.
//!
//! `a + b + c …` and `x OR y OR z …` are as deep as they are long: each operator stands above all before it. What plans and
//! computes such a tree calls itself once a level, and a thread whose stack ends takes the whole program with it. So depth
//! has a limit, below what the [threads' stacks](crate::config::STACK_BYTES) were seen to bear.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};

/// Operators above one another. Spark's own stack ends at some thousands.
pub const MOST_DEEP: usize = 2_500;

/// Brackets, CASEs and subqueries within one another.
pub const MOST_NESTED: usize = 100;

/// Lambdas and intervals within one another. The parser guesses at each of them, and after a wrong guess begins anew: a
/// text of forty would take it years.
pub const MOST_GUESSED: usize = 10;

/// How often the parser may call itself: up to four times for a bracket, and once for each NOT or sign.
pub const MOST_CALLS: usize = 4 * MOST_NESTED + 50;

/// Where a text is too deep, and what of it.
#[derive(Debug, PartialEq)]
pub enum TooDeep {
    Operators(Location),
    Brackets(Location),
    Guesses(Location),
}

/// Walks the tokens with an upper bound of the tree's depth at each.
pub fn check(tokens: &[TokenWithSpan]) -> Result<(), TooDeep> {
    let mut levels = vec![Level::default()];
    let (mut between, mut interval) = (false, false);
    for token in tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))) {
        let at = token.span.start;
        let level = levels.last_mut().expect("the outermost stays");
        if std::mem::take(&mut interval) && matches!(token.token, Token::Number(..) | Token::SingleQuotedString(_)) {
            // What is measured is plain: there is nothing to guess.
            level.guesses -= 1;
        }
        interval = matches!(&token.token, Token::Word(word) if word.keyword == Keyword::INTERVAL);
        level.guesses += usize::from(interval || token.token == Token::Arrow);
        let guesses = level.guesses;
        match step(&token.token, level, &mut between) {
            DepthChange::None => {}
            DepthChange::Operator => level.run += 1,
            DepthChange::Link => level.link(),
            DepthChange::Part => level.part(),
            DepthChange::Open(kind) => {
                // An index is an operator, too: a[1][2].
                level.run += usize::from(token.token == Token::LBracket);
                levels.push(Level { kind, guesses, outer_guesses: guesses, ..Level::default() });
            }
            DepthChange::Close if levels.len() > 1 => {
                let within = levels.pop().map_or(0, |level| level.depth());
                let level = levels.last_mut().expect("more than one");
                level.run = level.run.max(within + 1);
            }
            DepthChange::Close => {}
            DepthChange::End => levels = vec![Level::default()],
        }
        if levels.len() > MOST_NESTED {
            return Err(TooDeep::Brackets(at));
        }
        if guesses > MOST_GUESSED {
            return Err(TooDeep::Guesses(at));
        }
        if levels.last().is_some_and(|level| level.depth() > MOST_DEEP) {
            return Err(TooDeep::Operators(at));
        }
    }
    Ok(())
}

/// What a token does to the depth around it.
enum DepthChange {
    None,
    /// Stands above all before it, up to the last link or comma.
    Operator,
    /// As an operator that binds weaker than all others: AND, UNION, JOIN.
    Link,
    /// Begins a part beside those before it.
    Part,
    Open(Bracket),
    Close,
    End,
}

fn step(token: &Token, level: &mut Level, between: &mut bool) -> DepthChange {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => DepthChange::Open(Bracket::Bracket),
        Token::RParen | Token::RBracket | Token::RBrace => DepthChange::Close,
        Token::SemiColon => DepthChange::End,
        Token::Comma if level.from => DepthChange::Link,
        Token::Comma => DepthChange::Part,
        Token::Word(word) if word.quote_style.is_none() => match word.keyword {
            Keyword::NoKeyword => DepthChange::None,
            Keyword::CASE => DepthChange::Open(Bracket::Case),
            Keyword::END if level.kind == Bracket::Case => DepthChange::Close,
            Keyword::WHEN | Keyword::THEN | Keyword::ELSE if level.kind == Bracket::Case => DepthChange::Part,
            Keyword::BETWEEN => {
                *between = true;
                DepthChange::Operator
            }
            // That of BETWEEN is a part of it.
            Keyword::AND if std::mem::take(between) => DepthChange::Operator,
            Keyword::AND | Keyword::OR | Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS => {
                DepthChange::Link
            }
            Keyword::JOIN | Keyword::LATERAL => DepthChange::Link,
            Keyword::FROM => {
                level.from = true;
                DepthChange::Operator
            }
            Keyword::SELECT | Keyword::WHERE | Keyword::GROUP | Keyword::ORDER => {
                level.from = false;
                DepthChange::Operator
            }
            _ => DepthChange::Operator,
        },
        Token::Word(_) | Token::Number(..) | Token::EOF => DepthChange::None,
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => DepthChange::None,
        _ => DepthChange::Operator,
    }
}

#[derive(Debug, Default, PartialEq, Clone, Copy)]
enum Bracket {
    #[default]
    Bracket,
    Case,
}

/// What stands between a bracket and its end.
#[derive(Default)]
struct Level {
    kind: Bracket,
    /// Whether it is in a FROM, where a comma joins.
    from: bool,
    /// The depth of what stands since the last link or comma.
    run: usize,
    /// Of what the links since the last comma join.
    chain: usize,
    /// Of the deepest part.
    parts: usize,
    /// Lambdas and intervals that a token may be in.
    guesses: usize,
    outer_guesses: usize,
}

impl Level {
    fn link(&mut self) {
        self.chain = self.chain.max(self.run) + 1;
        self.run = 0;
        self.guesses = self.outer_guesses;
    }

    fn part(&mut self) {
        self.parts = self.depth();
        (self.run, self.chain) = (0, 0);
        self.guesses = self.outer_guesses;
    }

    fn depth(&self) -> usize {
        // The last run stands below the last link.
        let last = if self.chain > 0 { self.run + 1 } else { self.run };
        self.parts.max(self.chain).max(last)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::SparkSqlDialect;
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::*;

    fn checked(sql: &str) -> Result<(), TooDeep> {
        check(&Tokenizer::new(&SparkSqlDialect, sql).tokenize_with_location().unwrap())
    }

    #[test]
    fn chains_of_every_kind_have_a_limit() {
        // What is repeated, and how often it may be.
        let chains = [
            ("SELECT 1", " + 1", "", MOST_DEEP - 1),
            ("SELECT a", " OR x = 17", "", MOST_DEEP - 1),
            ("SELECT a", " BETWEEN 1 AND 2", "", MOST_DEEP / 2 - 1),
            ("SELECT a", "::int", "", MOST_DEEP / 2 - 1),
            ("SELECT a", "[1]", "", MOST_DEEP - 1),
            ("SELECT ", "NOT ", "a", MOST_DEEP - 1),
            ("SELECT a", " + CASE WHEN b THEN 1 ELSE 2 END", "", MOST_DEEP - 1),
            ("SELECT a FROM t", " JOIN u ON t.a = u.a", "", MOST_DEEP - 10),
            ("SELECT a FROM t", ", u", "", MOST_DEEP - 10),
            ("SELECT a FROM t", " UNION ALL SELECT a FROM t", "", MOST_DEEP - 10),
        ];
        for (start, more, end, most) in chains {
            let text = |times: usize| [start, &more.repeat(times), end].concat();
            assert_eq!(checked(&text(most)), Ok(()), "{start}{more}");
            assert!(matches!(checked(&text(MOST_DEEP + 20)), Err(TooDeep::Operators(_))), "{start}{more}");
        }
        for (open, close) in [("(", ")"), ("abs(", ")"), ("CASE WHEN ", " THEN 1 END"), ("(SELECT ", ")")] {
            let text = |times: usize| ["SELECT ", &open.repeat(times), "1", &close.repeat(times)].concat();
            assert_eq!(checked(&text(MOST_NESTED - 1)), Ok(()));
            let Err(TooDeep::Brackets(at)) = checked(&text(MOST_NESTED)) else { panic!("{open}") };
            assert_eq!(at.line, 1);
        }
    }

    #[test]
    fn what_the_parser_guesses_at_has_a_limit() {
        for (guess, most) in [("INTERVAL ", MOST_GUESSED), ("((a, b) -> ", MOST_GUESSED), ("INTERVAL (", MOST_GUESSED)]
        {
            let text = |times: usize| format!("SELECT {}", guess.repeat(times));
            assert_eq!(checked(&text(most)), Ok(()), "{guess}");
            assert!(matches!(checked(&text(most + 1)), Err(TooDeep::Guesses(_))), "{guess}");
        }
        let intervals = "SELECT now()".to_string() + &" + INTERVAL 1 DAY + interval '2' hour".repeat(50);
        let lambdas = format!("SELECT {}", vec!["transform(a, x -> x + 1)"; 50].join(" || "));
        for text in [intervals, lambdas] {
            assert_eq!(checked(&text), Ok(()));
        }
    }

    #[test]
    fn what_is_wide_is_not_deep() {
        let cases = "CASE WHEN a = 1 THEN b + 1 ".to_string() + &"WHEN a = 2 THEN c * 2 ".repeat(5000) + "END";
        let listed = format!("SELECT a FROM t WHERE a IN ({}) AND b", vec!["-1"; 5000].join(", "));
        let columns = format!("SELECT {} FROM t", vec!["a + b * c"; 5000].join(", "));
        let statements = "SELECT 1 + 1 OR 2;".repeat(5000);
        for text in [format!("SELECT {cases}"), listed, columns, statements] {
            assert_eq!(checked(&text), Ok(()));
        }
        // A bracket at the start of a chain lies below all of it.
        let low = format!("SELECT ({}){}", vec!["1"; 1500].join("+"), "+1".repeat(1500));
        assert!(checked(&low).is_err());
        let side = format!("SELECT ({}) + ({})", vec!["1"; 2000].join("+"), vec!["1"; 2000].join("+"));
        assert_eq!(checked(&side), Ok(()));
    }
}
