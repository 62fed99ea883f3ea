//! Links between the pages of this repository, and from them into the code, lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_link_of_a_page_leads_to_a_file_and_to_a_heading_of_it() {
    let mut faults = vec![];
    let mut followed = 0;
    for page in pages() {
        let text = without_code(&fs::read_to_string(&page).unwrap());
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            if !target.exists() {
                faults.push(format!("{}: there is no `{link}`", page.display()));
            } else if let Some(anchor) = anchor.filter(|_| target.extension().is_some_and(|ending| ending == "md"))
                && !anchors(&fs::read_to_string(&target).unwrap()).contains(anchor)
            {
                faults.push(format!("{}: there is no heading `{link}`", page.display()));
            }
        }
    }
    assert!(followed > 300, "only {followed} links were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Those that are kept with the code, and not what tools put beside it.
fn pages() -> Vec<PathBuf> {
    fn walk(folder: &Path, pages: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !["target", "lake", "node_modules"].contains(&&*name) {
                walk(&path, pages);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    let mut pages = vec![];
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), &mut pages);
    pages
}

/// The page without what stands between fences or backticks.
fn without_code(text: &str) -> String {
    let mut left = String::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            // Words of code may name a link, as in [`lake`](…), but no link begins inside them.
            left.extend(line.split('`').step_by(2));
            left.push('\n');
        }
    }
    left
}

/// What stands in the brackets of `[…](…)`.
fn links(text: &str) -> Vec<&str> {
    text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split([')', '\n', ' ']).next()).collect()
}

/// The names that a page's headings have as places: as GitHub makes them, so that those that are alike have numbers.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut is_fenced = false;
    for line in text.lines() {
        is_fenced ^= line.starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !is_fenced) else { continue };
        let heading = heading.trim_start_matches('#').trim();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let again = (1..).map(|number| format!("{name}-{number}"));
        let name = std::iter::once(name.clone()).chain(again).find(|name| !found.contains(name)).unwrap();
        found.insert(name);
    }
    found
}
