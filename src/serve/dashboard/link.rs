//! Where pages lead: to addresses of the server, or to files that lie beside each other.

use maud::{Markup, html};

use crate::lake::TableName;
use crate::serve::served::Transport;

pub fn home(transport: Transport) -> &'static str {
    match transport {
        Transport::Http | Transport::Lambda => "/",
        Transport::Files => "index.html",
    }
}

pub fn table(transport: Transport, table: &TableName) -> String {
    match transport {
        Transport::Http | Transport::Lambda => format!("/look/{}/{}", table.zone, table.name),
        Transport::Files => file(table),
    }
}

/// The file of a table's page.
pub fn file(table: &TableName) -> String {
    format!("{table}.html")
}

/// A run by its name; its report is not among the files.
pub fn run(transport: Transport, id: &str) -> Markup {
    match transport {
        Transport::Http | Transport::Lambda => html! { a href=(format!("/runs/{id}")) { (id) } },
        Transport::Files => html! { (id) },
    }
}
