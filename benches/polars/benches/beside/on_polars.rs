//! The three steps in lazy expressions, on the streaming engine: from files of `files` to zstd Parquet in `out`.

use std::path::Path;
use std::sync::Arc;

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;

const MONEY: DataType = DataType::Decimal(15, 2);

pub fn clean(files: &Path, out: &Path) -> PolarsResult<()> {
    write(lines(files)?, by_month(out)?)
}

pub fn join_aggregate(files: &Path, out: &Path) -> PolarsResult<()> {
    // A product has the scale of its factors, which would cut each line's to cents.
    let exact = DataType::Decimal(38, 4);
    let revenue = col("price").cast(exact.clone()) * (lit(1) - col("discount")).cast(exact);
    let rows = parquet(files, "lines")?
        .join(parquet(files, "orders")?, [col("order_id")], [col("order_id")], JoinArgs::new(JoinType::Inner))
        .group_by([col("priority"), col("ship_month"), col("flag")])
        .agg([len().cast(DataType::Int64).alias("lines"), revenue.sum().alias("revenue")]);
    write(rows, one_file(&out.join("part-0.parquet"))?)
}

pub fn partitioned_write(files: &Path, out: &Path) -> PolarsResult<()> {
    write(parquet(files, "lines")?, by_month(out)?)
}

/// The clean tables, as files that the last two steps start from.
pub fn make_parquet(files: &Path) -> PolarsResult<()> {
    write(lines(files)?, one_file(&files.join("lines.parquet"))?)?;
    let orders = csv(files, "orders")?.select([
        col("order_id").strict_cast(DataType::Int64),
        col("customer").strict_cast(DataType::Int64),
        col("ordered").str().to_date(format("%Y-%m-%d", true)),
        trimmed("priority").str().to_uppercase(),
    ]);
    write(orders, one_file(&files.join("orders.parquet"))?)
}

fn lines(files: &Path) -> PolarsResult<LazyFrame> {
    let date = |name, strict| col(name).str().to_date(format("%Y-%m-%d", strict));
    let (shipped, received) = (date("shipped", false), date("received", true));
    let updated = format("%Y-%m-%d %H:%M:%S", true);
    let rows = csv(files, "lines")?.select([
        col("order_id").strict_cast(DataType::Int64),
        col("line").strict_cast(DataType::Int32),
        col("product").strict_cast(DataType::Int64),
        trimmed("quantity").cast(MONEY),
        col("price").strict_cast(MONEY),
        col("discount").strict_cast(MONEY),
        trimmed("flag").str().to_uppercase(),
        trimmed("mode").str().to_uppercase(),
        shipped.clone(),
        received.clone(),
        (received - shipped.clone()).dt().total_days(false).cast(DataType::Int32).alias("days_to_receive"),
        trimmed("comment"),
        col("updated").str().to_datetime(Some(TimeUnit::Microseconds), None, updated, lit("raise")),
        shipped.dt().to_string("%Y-%m").alias("ship_month"),
    ]);
    // Of a sort, `group_by` and this the fastest, as with Polars for Python (dirty_on_polars.py).
    let newest = col("updated").max().over([col("order_id"), col("line")])?;
    Ok(rows.filter(col("quantity").gt(lit(0)).and(col("shipped").is_not_null())).filter(col("updated").eq(newest)))
}

fn csv(files: &Path, name: &str) -> PolarsResult<LazyFrame> {
    let path = PlRefPath::try_from_path(&files.join(name).with_extension("csv"))?;
    LazyCsvReader::new(path).with_infer_schema_length(Some(0)).finish()
}

fn parquet(files: &Path, name: &str) -> PolarsResult<LazyFrame> {
    let path = PlRefPath::try_from_path(&files.join(name).with_extension("parquet"))?;
    LazyFrame::scan_parquet(path, ScanArgsParquet::default())
}

fn trimmed(name: &str) -> Expr {
    col(name).str().strip_chars(lit(" "))
}

fn format(format: &str, strict: bool) -> StrptimeOptions {
    StrptimeOptions { format: Some(format.into()), strict, ..StrptimeOptions::default() }
}

fn by_month(out: &Path) -> PolarsResult<SinkDestination> {
    let partition_strategy =
        PartitionStrategy::Keyed { keys: vec![col("ship_month")], include_keys: false, keys_pre_grouped: false };
    Ok(SinkDestination::Partitioned {
        base_path: PlRefPath::try_from_path(out)?,
        file_path_provider: None,
        partition_strategy,
        max_rows_per_file: IdxSize::MAX,
        approximate_bytes_per_file: u64::MAX,
    })
}

fn one_file(path: &Path) -> PolarsResult<SinkDestination> {
    Ok(SinkDestination::File { target: SinkTarget::Path(PlRefPath::try_from_path(path)?) })
}

fn write(rows: LazyFrame, to: SinkDestination) -> PolarsResult<()> {
    let compression = ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?));
    let parquet = FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions { compression, ..Default::default() }));
    let args = UnifiedSinkArgs { mkdir: true, maintain_order: false, ..UnifiedSinkArgs::default() };
    rows.sink(to, parquet, args)?.collect_with_engine(Engine::Streaming)?;
    Ok(())
}
