//! What is written in a query and cannot be understood here.

use datafusion::sql::sqlparser::tokenizer::Span;

#[derive(Debug)]
pub struct RewriteRefusal {
    pub place: Span,
    pub message: String,
    pub hint: String,
}

impl RewriteRefusal {
    pub fn new(place: Span, message: impl Into<String>, hint: impl Into<String>) -> Self {
        RewriteRefusal { place, message: message.into(), hint: hint.into() }
    }
}
