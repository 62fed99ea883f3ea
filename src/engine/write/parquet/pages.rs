//! The pages of one column: levels and values, compressed; and what the footer says of them.

use std::ops::Range;

use arrow::array::ArrayRef;
use bytes::Bytes;
use datafusion::error::Result;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::{Chunk, hybrid, null_count};

/// A page ends at so many rows or bytes: the Parquet crate's own limits.
const MOST_ROWS: usize = 20_000;
const MOST_BYTES: usize = 1 << 20;

/// Buffers for any page, and the compressor.
pub(super) struct Scratch {
    compressor: Compressor<'static>,
    plain: Vec<u8>,
    compressed: Vec<u8>,
    /// For each row 1 if it has a value; empty where all have.
    levels: Vec<u32>,
}

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let compressor = Compressor::new(ZstdLevel::default().compression_level())?;
        Ok(Scratch { compressor, plain: vec![], compressed: vec![], levels: vec![] })
    }
}

/// The pages that were written, and room for the next.
pub(super) struct ChunkPages<'a> {
    pub(super) descr: &'a ColumnDescPtr,
    scratch: &'a mut Scratch,
    rows: usize,
    pub(super) nulls: u64,
    sink: TrackedWrite<Vec<u8>>,
    uncompressed_bytes: usize,
    data_page_offset: usize,
    has_dictionary: bool,
    count: i32,
    offsets: OffsetIndexBuilder,
    index: ColumnIndexBuilder,
}

/// What one page is of.
pub(super) struct PageOf {
    rows: Range<usize>,
    /// Without those rows that have none.
    pub(super) values: Range<usize>,
}

impl<'a> ChunkPages<'a> {
    pub(super) fn new(parts: &[ArrayRef], descr: &'a ColumnDescPtr, scratch: &'a mut Scratch) -> Self {
        let nulls = null_count(parts);
        scratch.levels.clear();
        if nulls > 0 {
            for part in parts {
                match part.nulls() {
                    Some(nulls) => scratch.levels.extend(nulls.iter().map(u32::from)),
                    None => scratch.levels.extend(std::iter::repeat_n(1, part.len())),
                }
            }
        }
        ChunkPages {
            descr,
            scratch,
            rows: parts.iter().map(|part| part.len()).sum(),
            nulls: nulls as u64,
            sink: TrackedWrite::new(vec![]),
            uncompressed_bytes: 0,
            data_page_offset: 0,
            has_dictionary: false,
            count: 0,
            offsets: OffsetIndexBuilder::new(),
            index: ColumnIndexBuilder::new(descr.physical_type()),
        }
    }

    /// Cuts the column into pages, when a value takes so many bytes on average.
    pub(super) fn cut(&self, value_bytes: usize) -> Vec<PageOf> {
        let most = (MOST_BYTES / value_bytes.max(1)).clamp(1, MOST_ROWS);
        let mut first_value = 0;
        let pages = (0..self.rows).step_by(most).map(|first| {
            let rows = first..self.rows.min(first + most);
            let values = match self.scratch.levels.get(rows.clone()) {
                Some(levels) => levels.iter().sum::<u32>() as usize,
                None => rows.len(),
            };
            let values = first_value..first_value + values;
            first_value = values.end;
            PageOf { rows, values }
        });
        pages.collect()
    }

    /// The dictionary, which comes before all other pages.
    pub(super) fn append_dictionary(&mut self, entries: usize, fill: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.scratch.plain.clear();
        fill(&mut self.scratch.plain);
        let buf = self.compress()?;
        let page =
            Page::DictionaryPage { buf, num_values: entries as u32, encoding: Encoding::PLAIN, is_sorted: false };
        self.write(page)?;
        self.data_page_offset = self.sink.bytes_written();
        self.has_dictionary = true;
        Ok(())
    }

    /// A page of values that `fill` appends. `bounds` are the lowest and the highest, in Parquet's plain encoding;
    /// `None` if they cannot be told.
    pub(super) fn append(
        &mut self,
        of: &PageOf,
        bounds: Option<(Vec<u8>, Vec<u8>)>,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        self.scratch.plain.clear();
        if self.descr.max_def_level() > 0 {
            self.append_levels(of);
        }
        fill(&mut self.scratch.plain);
        let buf = self.compress()?;
        let offset = self.sink.bytes_written();
        self.write(Page::DataPage {
            buf,
            num_values: of.rows.len() as u32,
            encoding: self.encoding(),
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        self.count += 1;
        self.offsets.append_row_count(of.rows.len() as i64);
        self.offsets.append_offset_and_size(offset as i64, (self.sink.bytes_written() - offset) as i32);
        let nulls = (of.rows.len() - of.values.len()) as i64;
        match bounds {
            Some((low, high)) => self.index.append(false, low, high, nulls),
            None if of.values.is_empty() => self.index.append(true, vec![], vec![], nulls),
            None => self.index.to_invalid(),
        }
        Ok(())
    }

    fn append_levels(&mut self, of: &PageOf) {
        let Scratch { plain, levels, .. } = &mut *self.scratch;
        plain.extend_from_slice(&[0; 4]);
        match levels.get(of.rows.clone()) {
            Some(levels) => hybrid::append(levels, 1, plain),
            None => hybrid::append_run(1, of.rows.len(), 1, plain),
        }
        let length = plain.len() as u32 - 4;
        plain[..4].copy_from_slice(&length.to_le_bytes());
    }

    fn encoding(&self) -> Encoding {
        if self.has_dictionary { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN }
    }

    fn compress(&mut self) -> Result<Bytes> {
        let Scratch { compressor, plain, compressed, .. } = &mut *self.scratch;
        compressed.clear();
        compressed.reserve(zstd::zstd_safe::compress_bound(plain.len()));
        compressor.compress_to_buffer(plain, compressed)?;
        Ok(Bytes::copy_from_slice(compressed))
    }

    fn write(&mut self, page: Page) -> Result<()> {
        let page = CompressedPage::new(page, self.scratch.plain.len());
        let written = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.uncompressed_bytes += written.uncompressed_size;
        Ok(())
    }

    /// All pages, and what the footer says of them. `statistics` are of the whole column.
    pub(super) fn close(self, statistics: Statistics) -> Result<Chunk> {
        let encoding = self.encoding();
        let bytes_written = self.sink.bytes_written();
        let page_stats = |page_type, encoding, count| PageEncodingStats { page_type, encoding, count };
        let mut pages = vec![page_stats(PageType::DATA_PAGE, encoding, self.count)];
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        if self.has_dictionary {
            pages.insert(0, page_stats(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1));
            encodings.push(Encoding::RLE_DICTIONARY);
        }
        let metadata = ColumnChunkMetaData::builder(self.descr.clone())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_encodings(encodings)
            .set_page_encoding_stats(pages)
            .set_total_compressed_size(bytes_written as i64)
            .set_total_uncompressed_size(self.uncompressed_bytes as i64)
            .set_num_values(self.rows as i64)
            .set_data_page_offset(self.data_page_offset as i64)
            .set_dictionary_page_offset(self.has_dictionary.then_some(0))
            .set_statistics(statistics)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes_written as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: if self.index.valid() { Some(self.index.build()?) } else { None },
            offset_index: Some(self.offsets.build()),
        };
        Ok((Bytes::from(self.sink.into_inner()?), close))
    }
}
