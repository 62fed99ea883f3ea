//! The tables of the demo, computed again from its raw files.
//!
//! Each function is a query of `queries/`, read with the eyes of Polars; `not_null` is not among them, as no key is null.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use beside_polars::lake::{self, record};
use beside_polars::program::Project;
use beside_polars::rows;
use polars::prelude::*;

use crate::program;

const MONEY: DataType = DataType::Decimal(12, 2);
const TOTAL: DataType = DataType::Decimal(14, 2);
const FEATURES: [&str; 5] = ["orders", "mean_basket", "units_per_order", "mean_unit_price", "recency_days"];

/// What a profile tells by sketches, and how far off it may be: four times what is usual of HyperLogLog, and the width of a bucket.
const SKETCHES: [(&str, f64); 4] =
    [("distinct", 0.04), ("p25", 1.0 / 256.0), ("p50", 1.0 / 256.0), ("p75", 1.0 / 256.0)];

#[test]
fn every_table_of_the_demo_is_what_polars_makes_of_the_landings() {
    let Some(program) = program() else { return };
    let project = Project::demo();
    project.run(&program);
    let lake = project.path("lake");
    let expected = computed(&lake).unwrap();
    // k-means' way is its own: of its metrics there is only to see that they can be read.
    let names: Vec<&str> = expected.keys().copied().chain(["refined/segments_metrics"]).collect();
    assert_eq!(lake::tables(&lake), in_order(names));
    for (name, rows) in &expected {
        assert_eq!(difference(&lake, name, rows), None, "{name}");
    }
    let metrics = table(&lake, "refined/segments_metrics").filter(col("value").is_not_null()).collect().unwrap();
    assert!(metrics.height() > FEATURES.len(), "{metrics}");

    // A judge that always nods is none.
    let sales = &expected["trusted/sales"];
    for (column, wrong) in [("total", lit(1)), ("sale_date", lit(1).cast(DataType::Date)), ("category", lit("a/b"))] {
        let first = col("cart_id").eq(col("cart_id").min());
        let kind = if column == "total" { wrong.cast(TOTAL) } else { wrong };
        let other = sales.clone().with_column(when(first).then(kind).otherwise(col(column)).alias(column));
        assert!(difference(&lake, "trusted/sales", &other).is_some_and(|words| words.contains("in order")), "{column}");
    }
    fs::remove_dir_all(lake.join("trusted/sales/category=50%25 off")).unwrap();
    assert!(difference(&lake, "trusted/sales", sales).is_some_and(|words| words.contains(" rows, not 5192")));
}

fn difference(lake: &Path, name: &str, expected: &LazyFrame) -> Option<String> {
    let found = table(lake, name);
    if name != "refined/sales_profile" {
        return rows::difference(found, expected.clone()).unwrap();
    }
    let wrong = beyond_their_bounds(found.clone(), expected.clone()).collect().unwrap();
    let exact = |rows: LazyFrame| rows.drop(cols(SKETCHES.map(|(name, _)| name)));
    match wrong.height() {
        0 => rows::difference(exact(found), exact(expected.clone())).unwrap(),
        _ => Some(wrong.to_string()),
    }
}

/// The rows of a profile with a sketched statistic that is further from the exact one than sketches may be.
fn beyond_their_bounds(found: LazyFrame, exact: LazyFrame) -> LazyFrame {
    let rows = found.join(exact, [col("column")], [col("column")], JoinArgs::new(JoinType::Left));
    let wrong = SKETCHES.map(|(name, bound)| {
        let [found, exact] = [name.to_string(), format!("{name}_right")].map(|name| col(name).cast(DataType::Float64));
        let apart = when(found.clone().gt(exact.clone()))
            .then(found.clone() - exact.clone())
            .otherwise(exact.clone() - found.clone());
        let far = apart.gt(exact.clone() * lit(bound)).fill_null(lit(false));
        far.or(found.is_null().neq(exact.is_null()))
    });
    rows.filter(wrong.into_iter().reduce(Expr::or).expect("sketches"))
}

fn table(lake: &Path, name: &str) -> LazyFrame {
    let partition_by: &[_] = match name {
        "trusted/sales" | "refined/revenue_by_month" => &[("category", DataType::String)],
        _ => &[],
    };
    lake::table(&lake.join(name), partition_by).unwrap()
}

fn in_order(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

/// Each table by its folder. Those after `trusted` are made of the computed ones, not of what lies in the lake.
fn computed(lake: &Path) -> PolarsResult<BTreeMap<&'static str, LazyFrame>> {
    let (products, users, orders) = (products(lake)?, users(lake)?, orders(lake)?);
    let lines = cart_lines(lake)?;
    let in_range = col("quantity").is_between(lit(1), lit(100), ClosedInterval::Both);
    let items = lines.clone().filter(in_range.clone());
    let why = concat_list([lit("range(quantity)")])?.alias("_errors");
    let sales = sales(items.clone(), orders.clone(), products.clone(), users.clone());
    let features = customer_features(sales.clone());
    let segments = table(lake, "refined/segments");
    Ok(BTreeMap::from([
        ("quarantine/trusted/cart_items", lines.filter(in_range.not()).with_column(why)),
        ("trusted/products", products.clone()),
        ("trusted/users", users),
        ("trusted/orders", orders),
        ("trusted/cart_items", items),
        ("trusted/sales", sales.clone()),
        ("refined/category_prices", category_prices(products)),
        ("refined/revenue_by_month", revenue_by_month(sales.clone())?),
        ("refined/sales_profile", sales_profile(sales)?),
        ("refined/customer_features", features.clone()),
        ("refined/segments", nearest_centres(features.clone(), table(lake, "refined/segments_centers"))),
        ("refined/segments_centers", middles(segments, features)),
    ]))
}

fn products(lake: &Path) -> PolarsResult<LazyFrame> {
    let rating = record(&[("rate", DataType::Float64), ("count", DataType::Int64)]);
    let text = DataType::String;
    let columns = [
        ("id", DataType::Int64),
        ("title", text.clone()),
        ("price", text.clone()),
        ("category", text),
        ("rating", rating),
    ];
    let (price, category) = (col("price"), trimmed("category").str().to_lowercase());
    let products = lake::landed_json(lake, "products", &columns)?.select([
        col("id"),
        trimmed("title"),
        where_true(price.clone().str().starts_with(lit("-")).not(), price.cast(MONEY)).alias("price"),
        where_true(category.clone().neq(lit("")), category).alias("category"),
        field("rating", "rate").alias("rating_rate"),
        field("rating", "count").alias("rating_count"),
    ]);
    Ok(products.unique(None, UniqueKeepStrategy::Any))
}

fn users(lake: &Path) -> PolarsResult<LazyFrame> {
    let text = DataType::String;
    let name = record(&[("firstname", text.clone()), ("lastname", text.clone())]);
    let place = record(&[("lat", text.clone()), ("long", text.clone())]);
    let address = record(&[("city", text.clone()), ("zipcode", text.clone()), ("geolocation", place)]);
    let users = lake::landed_json(
        lake,
        "users",
        &[
            ("id", DataType::Int64),
            ("email", text.clone()),
            ("username", text.clone()),
            ("phone", text.clone()),
            ("name", name),
            ("address", address),
            ("__v", DataType::Int64),
        ],
    )?;
    let latest = users.clone().group_by([col("id")]).agg([col("__v").max()]);
    let email = trimmed("email").str().to_lowercase();
    let degrees = |name| field("address", "geolocation").struct_().field_by_name(name).cast(DataType::Float64);
    let people = users
        .join(latest, [col("id"), col("__v")], [col("id"), col("__v")], JoinArgs::new(JoinType::Inner))
        .select([
            col("id"),
            where_true(email.clone().neq(lit("")), email).alias("email"),
            col("username"),
            col("phone"),
            field("name", "firstname").alias("first_name"),
            field("name", "lastname").alias("last_name"),
            field("address", "city"),
            field("address", "zipcode"),
            degrees("lat").alias("latitude"),
            degrees("long").alias("longitude"),
        ])
        .group_by([col("id")])
        .agg([all().as_expr().max()]);
    let columns = [("id", DataType::Int64), ("email", text.clone()), ("country", text.clone()), ("signed_up", text)];
    let customers = lake::landed_json(lake, "customers", &columns)?.select([
        col("id"),
        col("email").str().to_lowercase().alias("shop_email"),
        col("country"),
        day(col("signed_up")).alias("signed_up"),
    ]);
    let regions = lake::landed_csv(lake, "regions")?.select([
        trimmed("Country Code").str().to_uppercase().alias("country"),
        trimmed("Country Name").alias("country_name"),
        trimmed("UN Region").alias("region"),
        col("Cost Total $").str().replace_all(lit(","), lit(""), true).cast(MONEY).alias("freight_rate"),
    ]);
    let joined = left(left(people, customers, "id", "id"), regions, "country", "country");
    Ok(joined.with_column(coalesce(&[col("email"), col("shop_email")]).alias("email")).drop(cols(["shop_email"])))
}

fn orders(lake: &Path) -> PolarsResult<LazyFrame> {
    let (number, text) = (DataType::Int64, DataType::String);
    let columns = [
        ("id", number.clone()),
        ("cart_id", number.clone()),
        ("customer_id", number),
        ("status", text.clone()),
        ("channel", text.clone()),
        ("freight", DataType::Float64),
        ("ordered_at", text),
    ];
    Ok(lake::landed_json(lake, "orders", &columns)?.select([
        col("id"),
        col("cart_id"),
        col("customer_id"),
        trimmed("status").str().to_lowercase(),
        trimmed("channel").str().to_lowercase(),
        col("freight").cast(MONEY),
        day(col("ordered_at")).alias("ordered_on"),
    ]))
}

/// A row for each line of a cart, those beyond the range too.
fn cart_lines(lake: &Path) -> PolarsResult<LazyFrame> {
    let item = record(&[("productId", DataType::Int64), ("quantity", DataType::Int64)]);
    let carts = lake::landed_json(
        lake,
        "carts",
        &[
            ("id", DataType::Int64),
            ("userId", DataType::Int64),
            ("date", DataType::String),
            ("products", DataType::List(Box::new(item))),
        ],
    )?;
    let shown = trimmed("date");
    let dashes = shown.clone().str().contains(lit("^.{4}-..-.."), true);
    let slashes = shown.clone().str().contains(lit("^../../.{4}$"), true);
    let sale_date = when(dashes)
        .then(day(shown.clone()))
        .when(slashes)
        .then(shown.str().to_date(as_date("%d/%m/%Y")))
        .otherwise(lit(NULL));
    let none = ExplodeOptions { empty_as_null: false, keep_nulls: false };
    let lines = carts.explode(cols(["products"]), none).select([
        col("id").alias("cart_id"),
        col("userId").alias("customer_id"),
        field("products", "productId").alias("product_id"),
        field("products", "quantity").cast(DataType::Int32),
        sale_date.alias("sale_date"),
    ]);
    Ok(lines.unique(None, UniqueKeepStrategy::Any))
}

fn sales(items: LazyFrame, orders: LazyFrame, products: LazyFrame, users: LazyFrame) -> LazyFrame {
    let orders = orders.select([col("cart_id"), col("status"), col("channel"), col("ordered_on")]);
    let products = products.select([col("id").alias("product_id"), col("category"), col("price").alias("unit_price")]);
    let users = users.select([col("id").alias("customer_id"), col("country"), col("region")]);
    let ordered = items.join(orders, [col("cart_id")], [col("cart_id")], JoinArgs::new(JoinType::Inner));
    left(left(ordered, products, "product_id", "product_id"), users, "customer_id", "customer_id")
        .with_column(coalesce(&[col("sale_date"), col("ordered_on")]).alias("sale_date"))
        .with_columns([
            col("sale_date").dt().to_string("%Y-%m").alias("sale_month"),
            (col("quantity").cast(TOTAL) * col("unit_price")).cast(TOTAL).alias("total"),
        ])
        .drop(cols(["ordered_on"]))
}

fn category_prices(products: LazyFrame) -> LazyFrame {
    let price = col("price");
    let mean = price.clone().sum().cast(DataType::Float64) / price.clone().count().cast(DataType::Float64);
    products
        .group_by([col("category")])
        .agg([count().alias("products"), where_true(price.count().gt(lit(0)), mean).alias("mean_price")])
}

fn revenue_by_month(sales: LazyFrame) -> PolarsResult<LazyFrame> {
    let months = bought(sales).group_by([col("category"), col("sale_month")]).agg([
        count().alias("lines"),
        col("quantity").cast(DataType::Int64).sum().alias("units"),
        sum_or_null("total").cast(DataType::Decimal(18, 2)).alias("revenue"),
    ]);
    // No revenue is negative, so this puts nulls last.
    let rank = RankOptions { method: RankMethod::Min, descending: true };
    let rank = col("revenue").fill_null(lit(-1)).rank(rank, None).over([col("sale_month")])?;
    Ok(months.with_column(rank.cast(DataType::Int64).alias("month_rank")))
}

fn customer_features(sales: LazyFrame) -> LazyFrame {
    let double = |name| col(name).cast(DataType::Float64);
    let last_day = lit("2025-12-31").str().to_date(as_date("%Y-%m-%d"));
    bought(sales)
        .group_by([col("customer_id")])
        .agg([
            col("cart_id").n_unique().cast(DataType::Int64).alias("orders"),
            col("quantity").cast(DataType::Int64).sum().alias("units"),
            sum_or_null("total").cast(DataType::Float64).alias("revenue"),
            col("category").drop_nulls().n_unique().cast(DataType::Int64).alias("categories"),
            (last_day - col("sale_date").max()).dt().total_days(false).cast(DataType::Int32).alias("recency_days"),
        ])
        .with_columns([
            (col("revenue") / double("orders")).alias("mean_basket"),
            (double("units") / double("orders")).alias("units_per_order"),
            (col("revenue") / double("units")).alias("mean_unit_price"),
        ])
}

fn sales_profile(sales: LazyFrame) -> PolarsResult<LazyFrame> {
    let columns = [
        ("sale_date", "date"),
        ("category", "string"),
        ("quantity", "int"),
        ("unit_price", "decimal(12,2)"),
        ("total", "decimal(14,2)"),
        ("status", "string"),
        ("channel", "string"),
        ("country", "string"),
        ("region", "string"),
    ];
    let each = columns.map(|(name, kind)| {
        let is_number = !matches!(kind, "date" | "string");
        let number = || if is_number { col(name).cast(DataType::Float64) } else { lit(NULL).cast(DataType::Float64) };
        let quantile = |q| if is_number { number().quantile(lit(q), QuantileMethod::Linear) } else { number() };
        sales.clone().select([
            lit(name).alias("column"),
            lit(kind).alias("type"),
            count().alias("rows"),
            col(name).null_count().cast(DataType::Int64).alias("nulls"),
            col(name).drop_nulls().n_unique().cast(DataType::Int64).alias("distinct"),
            if is_number { number().mean() } else { number() }.alias("mean"),
            if is_number { number().std(1) } else { number() }.alias("stddev"),
            col(name).min().cast(DataType::String).alias("min"),
            col(name).max().cast(DataType::String).alias("max"),
            quantile(0.25).alias("p25"),
            quantile(0.5).alias("p50"),
            quantile(0.75).alias("p75"),
        ])
    });
    concat(each, UnionArgs::default())
}

/// The cluster of each customer by the centres that were found: the nearest, all features in units of their deviation.
fn nearest_centres(features: LazyFrame, centres: LazyFrame) -> LazyFrame {
    let unit = |name: &str| format!("unit of {name}");
    let features = features
        .with_columns(FEATURES.map(|name| col(name).cast(DataType::Float64).std(1).alias(unit(name))))
        .with_column(lit(1).alias("any"));
    let centres = centres.select(
        FEATURES
            .map(|name| col(name).alias(format!("centre of {name}")))
            .into_iter()
            .chain([col("cluster"), lit(1).alias("any")])
            .collect::<Vec<_>>(),
    );
    let apart = FEATURES.map(|name| {
        let along = (col(name).cast(DataType::Float64) - col(format!("centre of {name}"))) / col(unit(name));
        along.clone() * along
    });
    let square = apart.into_iter().reduce(|sum, square| sum + square).expect("features");
    features
        .join(centres, [col("any")], [col("any")], JoinArgs::new(JoinType::Inner))
        .select([col("customer_id"), col("cluster"), square.sqrt().alias("distance")])
        .sort(["distance"], SortMultipleOptions::new())
        .group_by([col("customer_id")])
        .agg([col("cluster").first(), col("distance").first()])
}

/// The centre of each cluster is the mean of its rows.
fn middles(segments: LazyFrame, features: LazyFrame) -> LazyFrame {
    let means = FEATURES.map(|name| col(name).cast(DataType::Float64).mean().alias(name));
    segments
        .join(features, [col("customer_id")], [col("customer_id")], JoinArgs::new(JoinType::Inner))
        .group_by([col("cluster")])
        .agg([count().alias("size")].into_iter().chain(means).collect::<Vec<_>>())
}

fn bought(sales: LazyFrame) -> LazyFrame {
    sales.filter(col("status").neq(lit("cancelled")))
}

fn left(rows: LazyFrame, others: LazyFrame, key: &str, other_key: &str) -> LazyFrame {
    rows.join(others, [col(key)], [col(other_key)], JoinArgs::new(JoinType::Left))
}

fn count() -> Expr {
    len().cast(DataType::Int64)
}

/// As in SQL, the sum of nothing is null.
fn sum_or_null(name: &str) -> Expr {
    where_true(col(name).count().gt(lit(0)), col(name).sum())
}

fn where_true(condition: Expr, value: Expr) -> Expr {
    when(condition).then(value).otherwise(lit(NULL))
}

fn field(name: &str, within: &str) -> Expr {
    col(name).struct_().field_by_name(within)
}

fn trimmed(name: &str) -> Expr {
    col(name).str().strip_chars(lit(" "))
}

/// The day that a text begins with; null if it begins with none.
fn day(text: Expr) -> Expr {
    text.str().slice(lit(0), lit(10)).str().to_date(as_date("%Y-%m-%d"))
}

fn as_date(format: &str) -> StrptimeOptions {
    StrptimeOptions { format: Some(format.into()), strict: false, ..StrptimeOptions::default() }
}
