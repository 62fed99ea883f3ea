//! The graph of datasets: which table each name means, what is read from where, and in which order it is made.

use std::collections::{BTreeMap, BTreeSet};

use super::dataset::{Broken, Dataset, Definition};
use super::draft::{Defined, Draft};
use super::faults::Faults;
use crate::error::{Problem, Span};
use crate::hints::suggest;
use crate::lake::{TableName, Zone};
use crate::spark::sql::Reference;

/// The datasets, each after all that it reads and otherwise by name, and those that are none because of a fault.
/// `raw_known` says whether all sources are among the drafts; without them nothing is said about raw tables.
pub fn link(
    drafts: Vec<Draft<Definition>>,
    raw_known: bool,
    problems: &mut Vec<Problem>,
) -> (Vec<Dataset>, Vec<Broken>) {
    let makers = makers(&drafts, problems);
    let reads: Vec<BTreeMap<usize, Span>> =
        drafts.iter().map(|draft| inputs(draft, &makers, raw_known, problems)).collect();

    let (order, cycles) = order(&drafts, &reads);
    for cycle in cycles {
        let first = &drafts[cycle[0]];
        let names: Vec<String> = cycle.iter().chain(&cycle[..1]).map(|at| drafts[*at].outputs[0].to_string()).collect();
        let next = cycle.get(1).unwrap_or(&cycle[0]);
        let mut faults = Faults::of(first.file.clone());
        faults
            .add(&reads[cycle[0]][next], format!("a cycle: each of these tables reads the next: {}", names.join(" → ")))
            .hint("take one of these reads out");
        problems.append(&mut faults.problems);
    }

    let mut drafts: Vec<Option<Draft<Definition>>> = drafts.into_iter().map(Some).collect();
    let (mut datasets, mut broken) = (vec![], vec![]);
    for draft in order.into_iter().filter_map(|at| drafts[at].take()) {
        let inputs: BTreeSet<TableName> = draft.references.iter().filter_map(table).collect();
        let inputs = inputs.into_iter().collect();
        let Draft { file, place, outputs, defined, .. } = draft;
        match defined {
            None => broken.push(Broken { file: file.path, outputs, inputs, after: datasets.len() }),
            Some(Defined { description, tags, fingerprint_text, named, definition }) => datasets.push(Dataset {
                name: outputs[0].clone(),
                outputs,
                inputs,
                description,
                tags,
                file: file.path,
                text: file.text,
                place,
                named,
                fingerprint_text,
                definition,
            }),
        }
    }
    (datasets, broken)
}

/// Which draft makes each table; a table that two make is a fault.
fn makers(drafts: &[Draft<Definition>], problems: &mut Vec<Problem>) -> BTreeMap<TableName, usize> {
    let mut makers = BTreeMap::<TableName, usize>::new();
    for (at, draft) in drafts.iter().enumerate() {
        for table in &draft.outputs {
            let Some(first) = makers.get(table) else {
                makers.insert(table.clone(), at);
                continue;
            };
            let first = &drafts[*first].file.path;
            let differs_in_case =
                first.file_stem() != draft.file.path.file_stem() && first.parent() == draft.file.path.parent();
            let hint = match differs_in_case {
                true => "names are the same in upper and lower case; rename one of the two",
                false => "a table has one maker; rename one of the two",
            };
            let mut faults = Faults::of(draft.file.clone());
            let message = format!("`{table}` is made twice: here and in `{}`", first.display());
            faults.add(&draft.place, message).hint(hint);
            problems.append(&mut faults.problems);
        }
    }
    makers
}

/// The drafts that one reads, each with the place where it first does; faults for tables that nobody makes.
fn inputs(
    draft: &Draft<Definition>,
    makers: &BTreeMap<TableName, usize>,
    raw_known: bool,
    problems: &mut Vec<Problem>,
) -> BTreeMap<usize, Span> {
    let mut faults = Faults::of(draft.file.clone());
    let mut inputs = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for reference in &draft.references {
        if !seen.insert(&reference.parts) {
            continue;
        }
        let Some(name) = table(reference) else {
            not_a_table(reference, makers, &mut faults);
            continue;
        };
        if draft.outputs[0].zone == Zone::Trusted && name.zone == Zone::Refined {
            let message = format!("a trusted table can't read `{name}`: data flows from trusted to refined");
            faults
                .add(&reference.span, message)
                .hint("move this query to `queries/refined`, or what it reads to `queries/trusted`");
        }
        match makers.get(&name) {
            Some(at) => drop(inputs.entry(*at).or_insert_with(|| reference.span.clone())),
            None if name.zone == Zone::Raw && !raw_known => {}
            None => {
                let message = match name.zone {
                    Zone::Raw => format!("no source makes `{name}`"),
                    Zone::Trusted | Zone::Refined => format!("there is no table `{name}`"),
                };
                let known: Vec<String> = makers.keys().map(TableName::to_string).collect();
                faults.add(&reference.span, message).hint(suggest(&name.to_string(), known.iter().map(String::as_str)));
            }
        }
    }
    problems.append(&mut faults.problems);
    inputs
}

/// The table that a reference means when it has the form `zone.name`.
fn table(reference: &Reference) -> Option<TableName> {
    match reference.parts.as_slice() {
        [zone, name] => Some(TableName::new(Zone::parse(zone)?, name)),
        _ => None,
    }
}

fn not_a_table(reference: &Reference, makers: &BTreeMap<TableName, usize>, faults: &mut Faults) {
    let written = reference.parts.join(".");
    let (message, hint) = match reference.parts.as_slice() {
        [name] => {
            let same: Vec<String> =
                makers.keys().filter(|table| table.name == *name).map(|table| format!("`{table}`")).collect();
            let hint = match same.is_empty() {
                true => format!("write `raw.{name}`, `trusted.{name}` or `refined.{name}`"),
                false => format!("did you mean {}?", same.join(" or ")),
            };
            (format!("the table `{name}` has no zone"), hint)
        }
        [zone, _] => (format!("there is no zone `{zone}`"), suggest(zone, Zone::ALL.map(Zone::as_str))),
        _ => (format!("`{written}` is not a table"), "tables are named `zone.name`".to_string()),
    };
    faults.add(&reference.span, message).hint(hint);
}

/// Kahn's order, by name among those that are ready; and the cycles that keep the rest from ever being so.
fn order(drafts: &[Draft<Definition>], reads: &[BTreeMap<usize, Span>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut left: BTreeSet<(&TableName, usize)> =
        drafts.iter().enumerate().map(|(at, draft)| (&draft.outputs[0], at)).collect();
    let (mut done, mut order, mut cycles) = (BTreeSet::new(), vec![], vec![]);
    while let Some(first) = left.first().copied() {
        let ready = left.iter().copied().find(|(_, at)| reads[*at].keys().all(|read| done.contains(read)));
        if let Some(next) = ready {
            left.remove(&next);
            done.insert(next.1);
            order.push(next.1);
            continue;
        }
        // All that is left waits for something that is left, so following the reads must come round.
        let mut path = vec![first.1];
        let cycle = loop {
            let last = path[path.len() - 1];
            let waits_for = reads[last].keys().find(|read| !done.contains(read)).copied().unwrap_or(last);
            match path.iter().position(|at| *at == waits_for) {
                Some(start) => break path.split_off(start),
                None => path.push(waits_for),
            }
        };
        left.retain(|(_, at)| !cycle.contains(at));
        done.extend(&cycle);
        order.extend(&cycle);
        cycles.push(cycle);
    }
    (order, cycles)
}
