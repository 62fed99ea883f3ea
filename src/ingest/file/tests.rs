//! Files as they come: packed, in other encodings and dialects, and several at once.

use arrow::datatypes::DataType;

use crate::formats::dialect::CsvDialect;
use crate::formats::encoding::TextEncoding;
use crate::ingest::tests::{Bench, csv, gzip, json};
use crate::project::{FileFormat, Origin, Source};

/// A source whose text is said to be in an encoding.
fn encoded(mut source: Source, as_what: TextEncoding) -> Source {
    let Origin::Url { format: FileFormat::Csv { encoding, .. } | FileFormat::Json { encoding, .. }, .. } =
        &mut source.origin
    else {
        panic!()
    };
    *encoding = as_what;
    source
}

#[tokio::test]
async fn text_in_an_encoding_that_the_source_says_lands_as_it_is_and_is_read_as_text() {
    let wide = |mark: bool| -> Vec<u8> {
        let text = format!("{}id,town\n1,Zürich 😀\n2,Łódź\n", if mark { "\u{feff}" } else { "" });
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    for (bytes, encoding, town) in [
        (b"id,town\n1,Z\xfcrich\n2,caf\xe9\n".to_vec(), TextEncoding::Latin1, "Zürich"),
        (b"id,town\n1,Z\xfcrich \x80\n2,x\n".to_vec(), TextEncoding::Windows1252, "Zürich €"),
        (wide(true), TextEncoding::Utf16, "Zürich 😀"),
        (wide(false), TextEncoding::Utf16Le, "Zürich 😀"),
    ] {
        for (name, packed) in [
            ("a.csv", bytes.clone()),
            ("a.csv.gz", gzip(&bytes)),
            ("a.csv.zst", zstd::encode_all(bytes.as_slice(), 3).unwrap()),
        ] {
            let mut bench = Bench::new();
            let source = encoded(csv(bench.file(name, &packed), &[("id", DataType::Int64)]), encoding);
            let landing = bench.landed(&source).await;
            assert_eq!((landing.rows, landing.bytes), (2, packed.len() as u64), "{name} {encoding:?}");
            let table = bench.sql(&landing, "SELECT town FROM t WHERE id = 1").await.unwrap();
            assert!(table.contains(&format!("| {town} ")), "{name} {encoding:?}: {table}");
        }
    }
    let mut bench = Bench::new();
    let rows = b"[{\"id\": 1, \"town\": \"Z\xfcrich\"}]";
    let landing = bench.landed(&encoded(json(bench.file("a.json", rows), None), TextEncoding::Latin1)).await;
    assert!(bench.sql(&landing, "SELECT town FROM t").await.unwrap().contains("| Zürich |"));
    let cut = encoded(csv(bench.file("b.csv", &wide(true)[..31]), &[]), TextEncoding::Utf16);
    let error = Bench::new().error(&cut).await;
    assert!(error.to_string().contains("not text of the given `encoding`"), "{error}");
}

#[tokio::test]
async fn a_csv_is_read_as_its_dialect_says() {
    let text = "exported 2026\n\
                # by hand\n\
                id;name;price;count\n\
                1;'a;b';1.234,50;12\n\
                # a remark\n\
                2;'it\\'s';NA;1.000\n\
                3;-;0,5;\n";
    let mut bench = Bench::new();
    let columns = [("price", DataType::Decimal128(10, 2)), ("count", DataType::Int64)];
    let mut source = csv(bench.file("a.csv", text), &columns);
    let Origin::Url { format: FileFormat::Csv { delimiter, dialect, .. }, .. } = &mut source.origin else { panic!() };
    *delimiter = b';';
    *dialect = CsvDialect {
        quote: Some('\''),
        escape: Some('\\'),
        comment: Some('#'),
        skip_lines: 1,
        nulls: vec!["NA".into(), "-".into()],
        decimal_comma: true,
    };
    let landing = bench.landed(&source).await;
    assert_eq!(landing.rows, 3);
    let table = bench.sql(&landing, "SELECT id, name, price, count FROM t ORDER BY id").await.unwrap();
    let rows: Vec<&str> = table.lines().skip(3).take(3).collect();
    assert_eq!(rows[0].split('|').map(str::trim).collect::<Vec<_>>(), ["", "1", "a;b", "1234.50", "12", ""]);
    assert_eq!(rows[1].split('|').map(str::trim).collect::<Vec<_>>(), ["", "2", "it's", "", "1000", ""]);
    assert_eq!(rows[2].split('|').map(str::trim).collect::<Vec<_>>(), ["", "3", "", "0.50", "", ""]);

    for wrong in ["1.23,5", "1,234.50", "12.34", "1,2,3", ".123,4"] {
        let mut bench = Bench::new();
        let mut source =
            csv(bench.file("a.csv", format!("price\n\"{wrong}\"\n")), &[("price", DataType::Decimal128(10, 2))]);
        let Origin::Url { format: FileFormat::Csv { dialect, .. }, .. } = &mut source.origin else { panic!() };
        dialect.decimal_comma = true;
        let landing = bench.landed(&source).await;
        let error = bench.sql(&landing, "SELECT price FROM t").await.unwrap_err();
        assert!(error.contains(&format!("`{wrong}` is not a ")), "{error}");
    }
}

#[tokio::test]
async fn files_that_are_like_a_pattern_are_one_source() {
    let mut bench = Bench::new();
    std::fs::create_dir_all(bench.dir.path().join("in [1]/deep")).unwrap();
    let first = bench.file("in [1]/b.csv", "id,town\n2,Bern\n");
    bench.file("in [1]/a.csv", "id,town\n1,Chur\n");
    bench.file("in [1]/.hidden.csv", "x\n");
    bench.file("in [1]/deep/c.csv", "id,town\n3,Thun\n");
    let source = csv(first.replace("b.csv", "*.csv"), &[("id", DataType::Int64)]);
    let landing = bench.landed(&source).await;
    assert_eq!((landing.rows, landing.parts.len()), (2, 2));
    assert!(landing.parts[0].requests[0].url.ends_with("/a.csv"), "{:?}", landing.parts);
    assert_eq!(bench.unchanged(&source).await, "none of 2 files is modified");

    let deep = csv(first.replace("b.csv", "**/*.csv"), &[("id", DataType::Int64)]);
    let landing = Bench::new().landed(&deep).await;
    assert_eq!((landing.rows, landing.parts.len()), (3, 3));

    bench.file("in [1]/c.csv", "id,village\n4,Olten\n");
    let error = bench.outcome(&source).await.unwrap_err();
    assert!(error.to_string().contains("c.csv` has other columns than `"), "{error}");
    let error = bench.outcome(&csv(first.replace("b.csv", "*.tsv"), &[])).await.unwrap_err();
    assert!(error.to_string().starts_with("no file is like"), "{error}");

    // Rows of several JSON files have one schema.
    let mut bench = Bench::new();
    bench.file("1.json", r#"[{"id": 1, "n": 1}, {"id": 2}]"#);
    let second = bench.file("2.json", r#"[{"id": 3, "n": 1.5, "more": true}]"#);
    let landing = bench.landed(&json(second.replace("2.json", "*.json"), None)).await;
    assert_eq!(landing.parts.iter().map(|part| part.rows).collect::<Vec<_>>(), [2, 1]);
    let table = bench.sql(&landing, "SELECT count(*) c, sum(n) n, count(more) m FROM t").await.unwrap();
    assert!(table.contains("| 3 | 2.5 | 1 |"), "{table}");
}
