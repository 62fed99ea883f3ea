//! The pages as files, for a web server, a wiki or a mail: with each table's SQL, and without a server to ask.

use super::{frame, home, link, look};
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::lake::Lake;
use crate::project::Project;
use crate::serve::refusal::HttpRefusal;
use crate::serve::served::{Served, Transport};

/// A page and the name of its file.
pub struct PageFile {
    pub name: String,
    pub html: String,
}

/// The first page, `index.html`, and one for each table of `trusted` and `refined`. Rows are shown of the tables that `serve:`
/// shows, and never the columns that it hides.
///
/// # Errors
/// When the lake cannot be read.
pub async fn pages(project: &Project, lake: &Lake, limits: &Limits) -> Result<Vec<PageFile>> {
    let served = Served::open(project, lake, limits, Transport::Files).await?;
    let told = |refusal: HttpRefusal| {
        refusal.cause().cloned().unwrap_or_else(|| Error::failed(refusal.detail()).about("the pages"))
    };
    let content = home::content(&served).await.map_err(told)?;
    let mut pages = vec![PageFile {
        name: link::home(Transport::Files).into(),
        html: frame::whole(&served, home::TITLE, &content),
    }];
    for table in served.tables.keys() {
        let content = look::content(&served, table).await.map_err(told)?;
        pages.push(PageFile { name: link::file(table), html: frame::whole(&served, &table.to_string(), &content) });
    }
    Ok(pages)
}
