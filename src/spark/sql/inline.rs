//! Functions that are written in SQL: `CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 1`.
//!
//! <https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-create-sql-function.html>. A call becomes the function's body, with its arguments, as
//! the types of its parameters, in their places: what is planned, and goes to other machines, knows nothing of the function.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, LambdaFunction,
    OneOrManyWithParens, Query, SelectItem, SetExpr, Spanned, Visit, VisitMut, Visitor, VisitorMut,
};

use super::rewrite::{RewriteRefusal, build};

/// Where a session's functions may be said to be.
const PLACES: [&[&str]; 5] = [&["session"], &["system", "session"], &["default"], &["spark_catalog", "default"], &[]];

/// Begins names that nobody writes.
const MARK: char = '\u{2063}';

#[derive(Debug, Clone)]
pub struct SqlFunction {
    pub name: Ident,
    pub parameters: Vec<Parameter>,
    /// None: that of its body.
    pub returns: Option<DataType>,
    body: Expr,
    /// Whether the body asks tables.
    has_query: bool,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: Ident,
    pub data_type: DataType,
    pub default: Option<Expr>,
}

impl SqlFunction {
    /// Variables of lambdas get names that hide nothing of what a call is given.
    pub fn new(name: Ident, parameters: Vec<Parameter>, returns: Option<DataType>, mut body: Expr) -> SqlFunction {
        let _ = VisitMut::visit(&mut body, &mut OwnVariables { given: 0 });
        let mut asks = Asks { query: false };
        let _ = body.visit(&mut asks);
        SqlFunction { name, parameters, returns, body, has_query: asks.query }
    }

    pub fn body(&self) -> &Expr {
        &self.body
    }

    pub fn body_mut(&mut self) -> &mut Expr {
        &mut self.body
    }

    /// A call with nothing known of its arguments but their types: what it means can be judged by that.
    pub fn with_nulls(&self) -> Expr {
        let null = || Expr::Value(datafusion::sql::sqlparser::ast::Value::Null.with_empty_span());
        self.applied(self.parameters.iter().map(|_| null()).collect())
    }

    /// The body, given a value for each parameter.
    fn applied(&self, arguments: Vec<Expr>) -> Expr {
        let typed = self.parameters.iter().zip(arguments);
        let typed: Vec<Expr> =
            typed.map(|(parameter, argument)| build::cast(argument, parameter.data_type.clone())).collect();
        let value = match self.has_query && !self.parameters.is_empty() {
            true => self.beside(typed),
            false => {
                let mut body = self.body.clone();
                let mut given = GivenArguments { function: self, arguments: &typed };
                let _ = VisitMut::visit(&mut body, &mut given);
                body
            }
        };
        match &self.returns {
            Some(returns) => build::cast(value, returns.clone()),
            None => Expr::Nested(Box::new(value)),
        }
    }

    /// As a query of one row: so columns of the tables that it asks hide parameters of their names, and not what a call is given.
    fn beside(&self, arguments: Vec<Expr>) -> Expr {
        let named = self.parameters.iter().zip(arguments);
        let named = named.map(|(parameter, expr)| SelectItem::ExprWithAlias { expr, alias: parameter.name.clone() });
        let row = build::query(SetExpr::Select(Box::new(build::select(named.collect(), vec![]))));
        let mut row = build::derived(row);
        if let datafusion::sql::sqlparser::ast::TableFactor::Derived { alias, .. } = &mut row {
            *alias = Some(build::alias(self.name.value.clone()));
        }
        let value = SelectItem::UnnamedExpr(self.body.clone());
        let query = build::select(vec![value], vec![build::from(row)]);
        Expr::Subquery(Box::new(build::query(SetExpr::Select(Box::new(query)))))
    }

    /// What a call gives each parameter.
    fn arguments(&self, call: &Function) -> Result<Vec<Expr>, RewriteRefusal> {
        let place = call.name.span();
        let refused = |message: String, hint: &str| Err(RewriteRefusal::new(place, message, hint));
        let name = &self.name.value;
        let FunctionArguments::List(list) = &call.args else {
            return refused(format!("`{name}` takes values, each between commas"), "put the query between brackets");
        };
        let is_plain = call.over.is_none()
            && call.filter.is_none()
            && call.within_group.is_empty()
            && call.null_treatment.is_none()
            && list.clauses.is_empty()
            && list.duplicate_treatment.is_none();
        if !is_plain {
            return refused(
                format!("`{name}` is of one row: it takes no OVER, FILTER or DISTINCT"),
                "put the aggregate into what it is given",
            );
        }
        let mut given: Vec<Option<Expr>> = vec![None; self.parameters.len()];
        for (nth, argument) in list.args.iter().enumerate() {
            let (at, expr) = match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => (Some(nth), expr),
                FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                    (self.parameters.iter().position(|parameter| parameter.name.value == name.value), expr)
                }
                _ => return refused(format!("`{name}` takes values, each between commas"), "name the columns"),
            };
            match at.and_then(|at| given.get_mut(at)) {
                Some(value @ None) => *value = Some(expr.clone()),
                Some(Some(_)) => {
                    return refused(
                        format!("[DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT] `{name}` is given a parameter twice"),
                        "give each of them once",
                    );
                }
                None => {
                    return refused(
                        format!(
                            "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes {} arguments: {}",
                            self.parameters.len(),
                            self.parameter_names()
                        ),
                        "give it these",
                    );
                }
            }
        }
        let all = self.parameters.iter().zip(given);
        all.map(|(parameter, value)| match value.or_else(|| parameter.default.clone()) {
            Some(value) => Ok(value),
            None => Err(RewriteRefusal::new(
                place,
                format!(
                    "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` is not given its parameter `{}`",
                    parameter.name.value
                ),
                format!("it takes ({})", self.parameter_names()),
            )),
        })
        .collect()
    }

    fn parameter_names(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name.value.as_str()).collect();
        names.join(", ")
    }

    /// How often the body asks for a parameter.
    fn uses(&self, nth: usize) -> usize {
        struct Uses<'a> {
            name: &'a str,
            count: usize,
        }
        impl Visitor for Uses<'_> {
            type Break = ();

            fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
                let is_it = match expr {
                    Expr::Identifier(name) => name.value == self.name,
                    Expr::CompoundIdentifier(parts) => parts.iter().take(2).any(|part| part.value == self.name),
                    _ => false,
                };
                self.count += usize::from(is_it);
                ControlFlow::Continue(())
            }
        }
        let mut uses = Uses { name: &self.parameters[nth].name.value, count: 0 };
        let _ = self.body.visit(&mut uses);
        uses.count
    }
}

/// Those of a session, or of a project.
#[derive(Debug, Clone, Default)]
pub struct SqlFunctions {
    known: BTreeMap<String, SqlFunction>,
}

impl SqlFunctions {
    pub fn get(&self, name: &str) -> Option<&SqlFunction> {
        self.known.get(name)
    }

    pub fn insert(&mut self, function: SqlFunction) {
        self.known.insert(function.name.value.clone(), function);
    }

    pub fn remove(&mut self, name: &str) -> bool {
        self.known.remove(name).is_some()
    }

    /// Puts the functions that are called in the places of their calls. `by_chance`: whether a function gives another value each
    /// time.
    pub fn inline(&self, syntax: &mut impl VisitMut, by_chance: impl Fn(&str) -> bool) -> Result<(), RewriteRefusal> {
        if self.known.is_empty() {
            return Ok(());
        }
        match syntax.visit(&mut Inlined { functions: self, by_chance }) {
            ControlFlow::Break(refusal) => Err(refusal),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    fn called(&self, call: &Function) -> Option<&SqlFunction> {
        let parts: Option<Vec<&str>> =
            call.name.0.iter().map(|part| part.as_ident().map(|name| name.value.as_str())).collect();
        let (name, place) = parts.as_deref()?.split_last()?;
        if PLACES.contains(&place) { self.known.get(*name) } else { None }
    }
}

struct Inlined<'a, F> {
    functions: &'a SqlFunctions,
    by_chance: F,
}

impl<F: Fn(&str) -> bool> VisitorMut for Inlined<'_, F> {
    type Break = RewriteRefusal;

    /// What a call is given has been through this.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<RewriteRefusal> {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        let Some(function) = self.functions.called(call) else { return ControlFlow::Continue(()) };
        let arguments = match function.arguments(call) {
            Ok(arguments) => arguments,
            Err(refusal) => return ControlFlow::Break(refusal),
        };
        for (nth, argument) in arguments.iter().enumerate() {
            let mut calls = Calls { is_meant: &self.by_chance };
            let is_moved = function.has_query || function.uses(nth) != 1;
            if let (true, ControlFlow::Break(chance)) = (is_moved, argument.visit(&mut calls)) {
                return ControlFlow::Break(RewriteRefusal::new(
                    call.name.span(),
                    format!(
                        "`{}` uses what `{chance}` gives not just once, and it is another value each time",
                        call.name
                    ),
                    "compute it in a subquery, and call the function outside",
                ));
            }
        }
        *expr = function.applied(arguments);
        ControlFlow::Continue(())
    }
}

/// Looks for a call of a function.
struct Calls<'a, F> {
    is_meant: &'a F,
}

impl<F: Fn(&str) -> bool> Visitor for Calls<'_, F> {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        match expr {
            Expr::Function(call) if (self.is_meant)(&call.name.to_string()) => {
                ControlFlow::Break(call.name.to_string())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Puts arguments in the places of parameters.
struct GivenArguments<'a> {
    function: &'a SqlFunction,
    arguments: &'a [Expr],
}

impl GivenArguments<'_> {
    fn of(&self, name: &Ident) -> Option<Expr> {
        let nth = self.function.parameters.iter().position(|parameter| parameter.name.value == name.value)?;
        Some(Expr::Nested(Box::new(self.arguments[nth].clone())))
    }
}

impl VisitorMut for GivenArguments<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let (value, fields) = match expr {
            Expr::Identifier(name) => (self.of(name), &[][..]),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [of, name, fields @ ..] if of.value == self.function.name.value => (self.of(name), fields),
                [name, fields @ ..] => (self.of(name), fields),
                [] => (None, &[][..]),
            },
            _ => (None, &[][..]),
        };
        let Some(value) = value else { return ControlFlow::Continue(()) };
        let field = |name: &Ident| AccessExpr::Dot(Expr::Identifier(name.clone()));
        *expr = match fields {
            [] => value,
            fields => {
                let access_chain = fields.iter().map(field).collect();
                let mut of_struct = Expr::CompoundFieldAccess { root: Box::new(value), access_chain };
                super::rewrite::fields_of(&mut of_struct);
                of_struct
            }
        };
        ControlFlow::Continue(())
    }
}

/// Gives variables of lambdas names that nobody writes.
struct OwnVariables {
    given: usize,
}

impl VisitorMut for OwnVariables {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Lambda(LambdaFunction { params, body, .. }) = expr else { return ControlFlow::Continue(()) };
        let parameters = match params {
            OneOrManyWithParens::One(one) => std::slice::from_mut(one),
            OneOrManyWithParens::Many(many) => many.as_mut_slice(),
        };
        for parameter in parameters {
            let own = Ident::with_quote('`', format!("{MARK}{} {}", self.given, parameter.name.value));
            self.given += 1;
            let mut renamed = RenamedVariable { known: &parameter.name.value, own: &own };
            let _ = VisitMut::visit(body.as_mut(), &mut renamed);
            parameter.name = own;
        }
        ControlFlow::Continue(())
    }
}

struct RenamedVariable<'a> {
    known: &'a str,
    own: &'a Ident,
}

impl VisitorMut for RenamedVariable<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) if name.value == self.known => *name = self.own.clone(),
            Expr::CompoundIdentifier(parts) if parts.first().is_some_and(|first| first.value == self.known) => {
                parts[0] = self.own.clone();
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

struct Asks {
    query: bool,
}

impl Visitor for Asks {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.query = true;
        ControlFlow::Break(())
    }
}
