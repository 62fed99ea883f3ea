//! Where a fault of planning lies. As a rule the engine says so. Where it does not, the fault lies in the smallest expression
//! without which it is gone: others are taken out, and what is left is planned again.

use datafusion::common::DFSchemaRef;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::TypeSignature;
use datafusion::logical_expr_common::signature::Arity;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Visitor, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::{About, Fault, known, wording};
use crate::engine::{Session, readable};
use crate::spark::sql::find::{self, Outline, Tree};
use crate::spark::sql::{Condition, bytes_between, bytes_of};

/// How often a faulty statement is planned to find its place. Each time takes a few milliseconds.
const MOST_TRIALS: usize = 60;

/// What the engine is asked to plan: a statement, or a condition over a table's columns.
#[derive(Clone)]
pub enum Asked {
    Statement(Statement),
    Condition(Condition, DFSchemaRef),
}

impl Tree for Asked {
    fn visit<V: Visitor>(&self, visitor: &mut V) {
        match self {
            Asked::Statement(statement) => statement.visit(visitor),
            Asked::Condition(condition, _) => condition.visit(visitor),
        }
    }

    fn visit_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        match self {
            Asked::Statement(statement) => statement.visit_mut(visitor),
            Asked::Condition(condition, _) => condition.visit_mut(visitor),
        }
    }
}

impl Session {
    /// All faults that an error of planning tells of, one at least, with their places in the file of what was asked.
    pub async fn locate(&self, error: &DataFusionError, asked: &Asked, file: &str) -> Vec<Fault> {
        let mut faults = vec![];
        for error in error.iter() {
            let (message, hint) = wording::of(error);
            let about = match About::of(error) {
                About::Arguments { function, count } if !self.takes(&function, count) => About::Function,
                about => about,
            };
            let said = error.diagnostic().and_then(|diagnostic| diagnostic.span);
            let said = said.and_then(|place| {
                let (start, end) = (place.start, place.end);
                bytes_between(file, (start.line, start.column), (end.line, end.column))
            });
            let span = match said {
                Some(span) => Some(span),
                None => self.search(error, asked).await.and_then(|place| bytes_of(file, place)),
            };
            faults.push(Fault { message, span, hint, about });
        }
        faults
    }

    /// Where the engine does not say.
    pub async fn search(&self, error: &DataFusionError, asked: &Asked) -> Option<Span> {
        if known(error).is_some() {
            return None;
        }
        if let Some(name) = wording::repeated(error) {
            return find::repeated(asked, &name);
        }
        let mut trials = Trials { session: self, said: wording::message(error), left: MOST_TRIALS };
        trials.smallest(asked).await
    }

    async fn refusal(&self, asked: Asked) -> Option<DataFusionError> {
        match asked {
            Asked::Statement(statement) => self.plan(readable(statement).ok()?).await.err(),
            Asked::Condition(condition, schema) => self.plan_condition(&condition, &schema).err(),
        }
    }

    /// Whether the function takes so many arguments, if they are of the right types.
    fn takes(&self, function: &str, count: usize) -> bool {
        fn counts(signature: &TypeSignature) -> Option<Vec<usize>> {
            match (signature, signature.arity()) {
                (TypeSignature::OneOf(variants), _) => {
                    let counts: Option<Vec<Vec<usize>>> = variants.iter().map(counts).collect();
                    counts.map(|counts| counts.concat())
                }
                (_, Arity::Fixed(count)) => Some(vec![count]),
                (_, Arity::Variable) => None,
            }
        }
        let state = self.context.state();
        let scalar = state.scalar_functions().get(function).map(|function| function.signature().clone());
        let aggregate = || state.aggregate_functions().get(function).map(|function| function.signature().clone());
        let window = || state.window_functions().get(function).map(|function| function.signature().clone());
        let signature = scalar.or_else(aggregate).or_else(window);
        signature.and_then(|signature| counts(&signature.type_signature)).is_none_or(|counts| counts.contains(&count))
    }
}

struct Trials<'a> {
    session: &'a Session,
    /// What the engine says as long as the fault is there.
    said: String,
    left: usize,
}

impl Trials<'_> {
    async fn smallest(&mut self, asked: &Asked) -> Option<Span> {
        let outline = Outline::of(asked);
        let outermost = outline.outermost();
        // Taking out more and more from the end, the first that is faulty is the last one with which the fault is there.
        let (mut sound, mut faulty) = (0, outermost.len());
        if self.is_there(outline.without(asked, &outermost)).await {
            return None;
        }
        while faulty > sound + 1 {
            let kept = sound.midpoint(faulty);
            match self.is_there(outline.without(asked, &outermost[kept..])).await {
                true => faulty = kept,
                false => sound = kept,
            }
        }
        // That it is there with all of them was only said of what was asked by someone else.
        if faulty == outermost.len() && !self.is_there(asked.clone()).await {
            return None;
        }
        let mut culprit = *outermost.get(sound)?;
        let mut place = find::place(asked, culprit);
        while let Some(inner) = self.inner(asked, &outline, culprit).await {
            culprit = inner;
            place = find::place(asked, culprit).or(place);
        }
        place
    }

    /// The part of a faulty expression that is faulty by itself.
    async fn inner(&mut self, asked: &Asked, outline: &Outline, culprit: usize) -> Option<usize> {
        for inner in outline.within(culprit) {
            if self.left == 0 {
                return None;
            }
            // What belongs to a subquery cannot stand outside of it.
            let is_faulty = match outline.is_in_subquery(inner) {
                true => !self.is_there(outline.without(asked, &[inner])).await,
                false => self.is_there(outline.with_inner(asked, culprit, inner)).await,
            };
            if is_faulty {
                return Some(inner);
            }
        }
        None
    }

    async fn is_there(&mut self, asked: Asked) -> bool {
        self.left = self.left.saturating_sub(1);
        let refusal = self.session.refusal(asked).await;
        refusal.is_some_and(|error| error.iter().any(|error| wording::message(error) == self.said))
    }
}
