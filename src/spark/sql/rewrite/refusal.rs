//! What is written in a query and cannot be understood here.

use datafusion::sql::sqlparser::tokenizer::Span;

#[derive(Debug)]
pub struct Refusal {
    pub place: Span,
    pub message: String,
    pub hint: String,
}

impl Refusal {
    pub fn new(place: Span, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Refusal { place, message: message.into(), hint: hint.into() }
    }
}
