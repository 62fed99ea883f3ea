//! The words of a statement, read one by one.

use datafusion::sql::sqlparser::ast::{DataType, Expr, Ident, ObjectName, Query};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use crate::spark::sql::places::byte_or_end;

pub struct CommandWords<'a, 'p> {
    parser: &'a mut Parser<'p>,
    text: &'a str,
}

impl<'a, 'p> CommandWords<'a, 'p> {
    pub fn new(parser: &'a mut Parser<'p>, text: &'a str) -> Self {
        CommandWords { parser, text }
    }

    /// A word from here on, in lower case, unless it is quoted.
    pub fn word(&self, nth: usize) -> Option<String> {
        match &self.parser.peek_nth_token_ref(nth).token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
            _ => None,
        }
    }

    pub fn word_is(&self, nth: usize, wanted: &str) -> bool {
        self.word(nth).is_some_and(|word| word == wanted)
    }

    pub fn are(&self, wanted: &[&str]) -> bool {
        wanted.iter().enumerate().all(|(nth, word)| self.word_is(nth, word))
    }

    pub fn next_is_one_of<'w>(&self, wanted: &[&'w str]) -> Option<&'w str> {
        let word = self.word(0)?;
        wanted.iter().find(|known| **known == word).copied()
    }

    pub fn take(&mut self, words: usize) {
        (0..words).for_each(|_| self.parser.advance_token());
    }

    /// Goes past these words if they come next.
    pub fn skip(&mut self, wanted: &[&str]) -> bool {
        let come = self.are(wanted);
        if come {
            self.take(wanted.len());
        }
        come
    }

    pub fn skip_one_of(&mut self, wanted: &[&str]) -> bool {
        let comes = self.next_is_one_of(wanted).is_some();
        self.take(usize::from(comes));
        comes
    }

    pub fn expect(&mut self, wanted: &[&str]) -> Result<(), ParserError> {
        for word in wanted {
            if !self.skip(&[word]) {
                let found = self.parser.peek_token();
                return self.parser.expected(&word.to_uppercase(), found);
            }
        }
        Ok(())
    }

    pub fn is_open(&self) -> bool {
        self.parser.peek_token_ref().token == Token::LParen
    }

    pub fn is_done(&self) -> bool {
        matches!(self.parser.peek_token_ref().token, Token::SemiColon | Token::EOF)
    }

    pub fn next_is(&self, token: &Token) -> bool {
        self.parser.peek_token_ref().token == *token
    }

    pub fn is(&mut self, token: &Token) -> bool {
        self.parser.consume_token(token)
    }

    pub fn must(&mut self, token: &Token) -> Result<(), ParserError> {
        self.parser.expect_token(token).map(drop)
    }

    pub fn name(&mut self) -> Result<ObjectName, ParserError> {
        self.parser.parse_object_name(false)
    }

    pub fn ident(&mut self) -> Result<Ident, ParserError> {
        self.parser.parse_identifier()
    }

    pub fn column(&mut self) -> Result<String, ParserError> {
        self.ident().map(|name| name.value)
    }

    pub fn query(&mut self) -> Result<Box<Query>, ParserError> {
        self.parser.parse_query()
    }

    pub fn expression(&mut self) -> Result<Expr, ParserError> {
        self.parser.parse_expr()
    }

    pub fn data_type(&mut self) -> Result<DataType, ParserError> {
        self.parser.parse_data_type()
    }

    /// The rest of the statement as it is written.
    pub fn rest(&mut self) -> String {
        let start = self.byte_of(self.parser.peek_token_ref().span.start);
        let mut end = start;
        while !self.is_done() {
            let last = self.parser.next_token().span.end;
            end = self.byte_of(last);
        }
        self.text[start..end.max(start)].trim().to_string()
    }

    /// Where the next word begins.
    pub fn start(&self) -> usize {
        self.byte_of(self.parser.peek_token_ref().span.start)
    }

    /// What was written from a place up to here.
    pub fn since(&self, start: usize) -> &'a str {
        self.text[start..self.start().max(start)].trim()
    }

    fn byte_of(&self, place: Location) -> usize {
        byte_or_end(self.text, place)
    }

    /// Goes past brackets and all that is in them.
    pub fn skip_brackets(&mut self) -> Result<(), ParserError> {
        self.must(&Token::LParen)?;
        let mut depth = 1;
        while depth > 0 {
            match self.parser.next_token().token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                Token::EOF => {
                    let found = self.parser.peek_token();
                    return self.parser.expected("`)`", found);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `(a, b COMMENT 'x')`
    pub fn column_names(&mut self) -> Result<Vec<String>, ParserError> {
        self.must(&Token::LParen)?;
        let mut names = vec![];
        loop {
            names.push(self.column()?);
            if self.skip(&["comment"]) {
                self.take(1);
            }
            if !self.is(&Token::Comma) {
                break;
            }
        }
        self.must(&Token::RParen)?;
        Ok(names)
    }
}
