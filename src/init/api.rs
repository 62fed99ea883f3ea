//! A source of an address: a file, or a list of an API.

use url::Url;

use super::file::{self, ending};
use super::json_rows_at::rows_at;
use super::spelled::{quoted, variable, with_variables};
use super::{FoundSources, add};
use crate::error::Result;
use crate::ingest::{self, Beginning};
use crate::project::Address;

/// How it may be read, the most likely way first.
pub async fn found(url: &Url) -> Result<Vec<FoundSources>> {
    let address = Address::new(url.clone(), &url.as_str().into());
    let beginning = ingest::beginning(&address).await?;
    let segments = url.path_segments().map(|all| all.filter(|part| !part.is_empty()).collect()).unwrap_or_default();
    let segments: Vec<&str> = segments;
    let last = segments.last().copied().unwrap_or_default();
    // What is not shown of it: a user, parameters that look like secrets.
    let is_secret = address.to_string() != url.as_str();
    let text = beginning.text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&beginning.text);
    let is_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
    if ending(last).is_some() || !is_json {
        let mut found = FoundSources::default();
        let name = if last.is_empty() { url.host_str().unwrap_or("rows") } else { last };
        let written = match is_secret {
            true => hidden(&mut found, name, url.as_str()),
            false => quoted(url.as_str()),
        };
        let source = file::source(&written, last, !is_secret, &beginning, &format!("`{address}`"))?;
        add(&mut found.sources, file::stem(name), source);
        return Ok(vec![found]);
    }
    Ok(of_api(url, &segments, is_secret, &beginning))
}

fn of_api(url: &Url, segments: &[&str], is_secret: bool, beginning: &Beginning) -> Vec<FoundSources> {
    let mut found = FoundSources::default();
    let (last, before) = segments.split_last().map_or(("", segments), |(last, before)| (*last, before));
    let mut base = url.clone();
    base.set_path(&before.join("/"));
    base.set_fragment(None);
    let query = url.query().filter(|_| !is_secret);
    if !is_secret {
        base.set_query(None);
    }
    // Its parameters are added to those of the path.
    let rest = match is_secret {
        true => hidden(&mut found, "api", base.as_str()),
        false => quoted(base.as_str().trim_end_matches('/')),
    };
    found.connections.push(("api".to_string(), format!("{{ rest: {rest} }}")));
    let path = format!("/{last}{}", query.map(|query| format!("?{query}")).unwrap_or_default());
    let mut keys = vec!["from: api".to_string(), format!("path: {}", quoted(&path))];
    if let Some(path) = rows_at(&beginning.text) {
        keys.push(format!("records: {}", quoted(&path)));
    }
    let name = if last.is_empty() { url.host_str().unwrap_or("rows") } else { file::stem(last) };
    let plain = FoundSources { sources: vec![], ..found };
    let ways = [", paginate: { auto: true }", ""].map(|paginate| {
        let mut found = plain.clone();
        add(&mut found.sources, name, format!("{{ {}{paginate} }}", keys.join(", ")));
        found
    });
    ways.into()
}

/// A variable in place of an address with secrets in it.
fn hidden(found: &mut FoundSources, name: &str, url: &str) -> String {
    let variable = format!("{}_URL", variable(file::stem(name)));
    found.secrets.push((variable.clone(), url.to_string()));
    with_variables(&format!("${{{variable}}}"))
}
