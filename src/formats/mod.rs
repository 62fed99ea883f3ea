//! CSV, JSON, Parquet and what they are packed in as bytes, rows and batches. A capture and a scan read the same files by the same rules.
//!
//! | file | noun |
//! |---|---|
//! | `unpack`, `zip`, `encoding`, `plain` | bytes that are text: unpacked, and turned into UTF-8 where a source says what they are |
//! | `mark`, `utf8` | text without a mark, and whether it is UTF-8 |
//! | `dialect`, `escapes` | how a CSV is written |
//! | `csv_records`, `csv_batches` | where records of CSV end; their columns |
//! | `table_csv` | CSV as databases write it, which tells a null from an empty text |
//! | `csv_values` | the texts of a CSV's column, typed |
//! | `json_rows`, `json_batches` | where rows of JSON begin and end; their columns |
//! | `json_schema`, `json_numbers` | the types of JSON rows, found while they stream by |
//! | `parquet_file` | a Parquet file's rows and columns by its end; its values under Spark's types |
//! | `row_text`, `json_values` | rows of a result as JSON and CSV |
//! | `number` | a number as it is written, and what holds it |

pub mod csv_batches;
pub mod csv_records;
pub mod csv_values;
pub mod dialect;
pub mod encoding;
mod escapes;
pub mod json_batches;
pub mod json_numbers;
pub mod json_rows;
pub mod json_schema;
pub mod json_values;
pub mod mark;
pub mod number;
pub mod parquet_file;
pub mod plain;
pub mod row_text;
pub mod table_csv;
pub mod unpack;
pub mod utf8;
mod zip;
