//! The forms of an answer: which is wanted, and rows written in it.

use std::mem;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use http::HeaderMap;
use http::header::ACCEPT;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::refusal::HttpRefusal;
use crate::error::{Error, Result};
use crate::formats::row_text::{append_objects, csv_line, quoted, rows};
use crate::hints::suggest;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowsForm {
    /// One object, with the rows in `rows`.
    Json,
    /// An object a line; the last one is `{"end": …}`, so that a break shows.
    Ndjson,
    /// RFC 4180, with a header.
    Csv,
    /// A stream of Arrow's IPC format.
    Arrow,
    Parquet,
}

/// Word of `format`, media type, form.
pub const FORMS: [(&str, &str, RowsForm); 5] = [
    ("json", "application/json", RowsForm::Json),
    ("ndjson", "application/x-ndjson", RowsForm::Ndjson),
    ("csv", "text/csv; charset=utf-8", RowsForm::Csv),
    ("arrow", "application/vnd.apache.arrow.stream", RowsForm::Arrow),
    ("parquet", "application/vnd.apache.parquet", RowsForm::Parquet),
];

impl RowsForm {
    /// The one that `format` names, or else the first of `Accept` (RFC 9110 §12.5.1) that there is.
    ///
    /// # Errors
    /// When none that is wanted exists.
    pub fn wanted(word: Option<String>, headers: &HeaderMap) -> Result<RowsForm, HttpRefusal> {
        if let Some(word) = word {
            let found = FORMS.iter().find(|(known, ..)| *known == word).map(|(.., form)| *form);
            let hint = || suggest(&word, FORMS.iter().map(|(known, ..)| *known));
            return found
                .ok_or_else(|| HttpRefusal::bad("there is no such form").of("format", Some(&word)).hint(hint()));
        }
        let Some(accept) = headers.get(ACCEPT) else { return Ok(RowsForm::Json) };
        let accept = accept.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        if accept.is_empty() {
            return Ok(RowsForm::Json);
        }
        let mut choices: Vec<(&str, f32)> = accept.split(',').map(choice).filter(|(_, weight)| *weight > 0.0).collect();
        choices.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let found = choices.iter().find_map(|(range, _)| match *range {
            "*/*" | "application/*" => Some(RowsForm::Json),
            "text/*" => Some(RowsForm::Csv),
            exact => FORMS.iter().find(|(_, media, _)| media.split(';').next() == Some(exact)).map(|(.., form)| *form),
        });
        let known: Vec<&str> = FORMS.iter().map(|(_, media, _)| *media).collect();
        found.ok_or_else(|| {
            HttpRefusal::not_acceptable("there is none of the forms that `Accept` names").hint(known.join(", "))
        })
    }

    pub fn media_type(self) -> &'static str {
        FORMS.iter().find(|(.., form)| *form == self).map(|(_, media, _)| *media).expect("every form is listed")
    }
}

/// A media range and its weight.
fn choice(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
    (range, weight)
}

/// Rows with what is said around them, where the form has room for it.
#[derive(Debug)]
pub struct RowsBody {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// Members of the JSON object beside `rows`, and of NDJSON's last line.
    pub about: serde_json::Map<String, serde_json::Value>,
}

impl RowsBody {
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    pub fn write(mut self, form: RowsForm) -> Result<Vec<u8>> {
        let failed = |error: ArrowError| Error::failed("the rows cannot be written in this form").because(error);
        match form {
            RowsForm::Json => self.json().map_err(failed),
            RowsForm::Ndjson => self.lines().map_err(failed),
            RowsForm::Csv => self.csv().map_err(failed),
            RowsForm::Arrow => self.arrow().map_err(failed),
            RowsForm::Parquet => self.parquet().map_err(failed),
        }
    }

    fn json(&mut self) -> Result<Vec<u8>, ArrowError> {
        let about = serde_json::to_vec(&self.about).expect("text keys only");
        let (mut text, mut is_first) = (about, true);
        text.pop();
        text.extend_from_slice(if self.about.is_empty() { b"\"rows\":[" } else { b",\"rows\":[" });
        for batch in &self.batches {
            append_objects(batch, b"", b",", &mut is_first, &mut text)?;
        }
        text.extend_from_slice(b"]}");
        Ok(text)
    }

    fn lines(&mut self) -> Result<Vec<u8>, ArrowError> {
        let (mut text, mut is_first) = (vec![], true);
        for batch in &self.batches {
            append_objects(batch, b"\n", b"", &mut is_first, &mut text)?;
        }
        let mut end = mem::take(&mut self.about);
        end.insert("row_count".into(), self.rows().into());
        text.extend(serde_json::to_vec(&json!({ "end": end })).expect("text keys only"));
        text.push(b'\n');
        Ok(text)
    }

    fn csv(&self) -> Result<Vec<u8>, ArrowError> {
        let mut text = csv_line(self.schema.fields().iter().map(|field| quoted(field.name())));
        for batch in &self.batches {
            let rows = rows(batch, |text, _| text.as_deref().map_or(String::new(), quoted))?;
            text.extend(rows.into_iter().map(|row| csv_line(row.into_iter())));
        }
        Ok(text.into_bytes())
    }

    fn arrow(&self) -> Result<Vec<u8>, ArrowError> {
        let mut writer = StreamWriter::try_new(vec![], &self.schema)?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.into_inner()
    }

    fn parquet(&self) -> Result<Vec<u8>, ArrowError> {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut writer = ArrowWriter::try_new(vec![], self.schema.clone(), Some(properties))?;
        for batch in &self.batches {
            writer.write(batch)?;
        }
        Ok(writer.into_inner()?)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_form_is_the_one_that_is_wanted_most() {
        let wanted = |accept: &'static str| {
            RowsForm::wanted(None, &HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))])).ok()
        };
        assert_eq!(wanted("*/*"), Some(RowsForm::Json));
        assert_eq!(wanted("text/html, application/json;q=0.9, */*;q=0.1"), Some(RowsForm::Json));
        assert_eq!(wanted("application/json;q=0.5, text/csv"), Some(RowsForm::Csv));
        assert_eq!(wanted("application/vnd.apache.parquet"), Some(RowsForm::Parquet));
        assert_eq!(wanted("application/json;q=0"), None);
        assert_eq!(wanted("image/png"), None);
        assert_eq!(RowsForm::wanted(Some("csv".into()), &HeaderMap::new()).ok(), Some(RowsForm::Csv));
        assert!(RowsForm::wanted(Some("xml".into()), &HeaderMap::new()).is_err());
    }
}
