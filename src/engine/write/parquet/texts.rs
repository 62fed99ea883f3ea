//! A column of texts or bytes.

use datafusion::error::Result;
use parquet::basic::ConvertedType;
use parquet::data_type::ByteArray;
use parquet::file::statistics::ValueStatistics;

use super::dictionary::{Indices, hash_text};
use super::numbers::append_indices;
use super::pages::ChunkPages;
use super::{Chunk, bounds};

/// What a value takes beside its bytes: their number.
const LENGTH_BYTES: usize = 4;

/// `values` are those of all rows that have one.
pub(super) fn encode(
    values: Vec<&[u8]>,
    indices: &mut Indices,
    with_dictionary: bool,
    mut pages: ChunkPages<'_>,
) -> Result<Chunk> {
    let is_utf8 = pages.descr.converted_type() == ConvertedType::UTF8;
    let entries = match with_dictionary {
        true => indices.number(&values, hash_text, |a, b| a == b, |text| LENGTH_BYTES + text.len()),
        false => None,
    };
    let entries = entries.filter(|entries| !entries.is_empty());
    let value_bytes = match &entries {
        Some(entries) => {
            pages.append_dictionary(entries.len(), |out| entries.iter().for_each(|text| append(text, out)))?;
            LENGTH_BYTES
        }
        None => LENGTH_BYTES + values.iter().map(|text| text.len()).sum::<usize>() / values.len().max(1),
    };
    let mut of_all: Option<(&[u8], &[u8])> = None;
    for page in pages.cut(value_bytes) {
        let of_page = match &entries {
            Some(entries) => of_entries(entries, &indices.of_values[page.values.clone()]),
            None => bounds::of_texts(values[page.values.clone()].iter().copied()),
        };
        of_all = match (of_all, of_page) {
            (Some((low, high)), Some((a, b))) => Some((low.min(a), high.max(b))),
            (all, page) => all.or(page),
        };
        let cut =
            of_page.map(|(low, high)| (bounds::cut_low(low, is_utf8).0.to_vec(), bounds::cut_high(high, is_utf8).0));
        pages.append(&page, cut, |out| match &entries {
            Some(entries) => append_indices(&indices.of_values[page.values.clone()], entries.len(), out),
            None => values[page.values.clone()].iter().for_each(|text| append(text, out)),
        })?;
    }
    let (low, low_is_exact) = of_all.map(|(low, _)| bounds::cut_low(low, is_utf8)).unzip();
    let (high, high_is_exact) = of_all.map(|(_, high)| bounds::cut_high(high, is_utf8)).unzip();
    let (low, high) = (low.map(|low| ByteArray::from(low.to_vec())), high.map(ByteArray::from));
    let statistics = ValueStatistics::new(low, high, None, Some(pages.nulls), false)
        .with_min_is_exact(low_is_exact.unwrap_or_default())
        .with_max_is_exact(high_is_exact.unwrap_or_default())
        .with_backwards_compatible_min_max(pages.descr.sort_order().is_signed());
    pages.close(statistics.into())
}

fn append(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

/// The bounds of those entries that occur.
fn of_entries<'a>(entries: &[&'a [u8]], indices: &[u32]) -> Option<(&'a [u8], &'a [u8])> {
    let mut occurs = vec![false; entries.len()];
    for index in indices {
        occurs[*index as usize] = true;
    }
    bounds::of_texts(entries.iter().zip(occurs).filter(|(_, occurs)| *occurs).map(|(text, _)| *text))
}
