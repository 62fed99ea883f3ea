//! Pages for people who would rather look than read: `/` and `/look/{zone}/{name}`.
//!
//! Made here as whole HTML, without a script and without anything from another site, so they work on a phone, on paper and
//! by keyboard, and the browser is told to load nothing else.
//!
//! | file | noun |
//! |---|---|
//! | `frame`, `link` | what is around every page, and where it leads |
//! | `site` | the same pages as files |
//! | `home`, `look` | the pages |
//! | `graph` | which table is made from which, as a drawing |
//! | `plot` | the charts that `dashboard:` names |
//! | `chart` | a table's rows as a drawing, and which drawing suits them |

mod chart;
mod frame;
mod graph;
mod home;
mod link;
mod look;
mod plot;
mod site;

pub use home::home;
pub use look::look;
pub use site::{PageFile, pages};
