"""The chain on Polars: `python on_polars.py PLAN OUT_DIR` (see chain.py). Prints its own seconds after the start.

Polars has no SQL that the queries could be translated to, so this is the demo project's chain written by hand, each
table as its query in queries/ has it. Every table is written by the streaming engine and read back by those after it.
"""

import datetime
import json
import sys
from pathlib import Path
from time import perf_counter

import polars as pl
from polars import col

MONEY = pl.Decimal(12, 2)


def main() -> None:
    plan, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]).absolute()
    started = perf_counter()
    raw = {source["name"].removeprefix("raw."): read(source) for source in plan["sources"]}

    def made(name: str, rows: pl.LazyFrame, key: str | None = None) -> pl.LazyFrame:
        folder = out.joinpath(*name.split("."))
        target = pl.PartitionBy(folder, key=key, include_key=False) if key else folder / "data.parquet"
        rows.sink_parquet(target, mkdir=True, maintain_order=False, engine="streaming")
        return pl.scan_parquet(folder, hive_partitioning=bool(key), hive_schema={key: pl.String} if key else None)

    orders = made("trusted.orders", trusted_orders(raw["orders"]))
    products = made("trusted.products", trusted_products(raw["products"]))
    users = made("trusted.users", trusted_users(raw["users"], raw["customers"], raw["regions"]))
    items = made("trusted.cart_items", trusted_cart_items(raw["carts"]))
    sales = made("trusted.sales", trusted_sales(items, orders, products, users), "category")
    made("refined.category_prices", category_prices(products))
    made("refined.customer_features", customer_features(sales))
    made("refined.revenue_by_month", revenue_by_month(sales), "category")
    print(json.dumps({"seconds": perf_counter() - started}))


def read(source: dict) -> pl.LazyFrame:
    schema = {name: data_type(kind) for name, kind in source["columns"].items()}
    if source["format"] == "ndjson":
        return pl.scan_ndjson(source["paths"], schema=schema)
    return pl.scan_csv(source["paths"], schema=schema, separator=source["delimiter"])


def data_type(kind: str | dict) -> pl.DataType:
    match kind:
        case {"list": element}:
            return pl.List(data_type(element))
        case {"struct": fields}:
            return pl.Struct({name: data_type(field) for name, field in fields.items()})
    return getattr(pl, kind)()


def trusted_orders(orders: pl.LazyFrame) -> pl.LazyFrame:
    return orders.select(
        "id", "cart_id", "customer_id", trim("status").str.to_lowercase(), trim("channel").str.to_lowercase(),
        col("freight").cast(MONEY), date(col("ordered_at")).alias("ordered_on"),
    )


def trusted_products(products: pl.LazyFrame) -> pl.LazyFrame:
    price, category = col("price"), trim("category").str.to_lowercase()
    return products.select(
        "id", trim("title"), pl.when(~price.str.starts_with("-")).then(price.cast(MONEY, strict=False)).alias("price"),
        pl.when(category != "").then(category).alias("category"),
        col("rating").struct.field("rate").alias("rating_rate"),
        col("rating").struct.field("count").alias("rating_count"),
    ).unique()


def trusted_users(users: pl.LazyFrame, customers: pl.LazyFrame, regions: pl.LazyFrame) -> pl.LazyFrame:
    latest = users.group_by("id").agg(col("__v").max())
    name, address, email = col("name").struct, col("address").struct, trim("email").str.to_lowercase()
    place = address.field("geolocation").struct
    people = users.join(latest, on=["id", "__v"]).select(
        "id", pl.when(email != "").then(email).alias("email"), "username", "phone",
        name.field("firstname").alias("first_name"), name.field("lastname").alias("last_name"),
        address.field("city"), address.field("zipcode"),
        place.field("lat").cast(pl.Float64, strict=False).alias("latitude"),
        place.field("long").cast(pl.Float64, strict=False).alias("longitude"),
    ).group_by("id").agg(pl.all().max())
    countries = regions.select(
        trim("Country Code").str.to_uppercase().alias("country"), trim("Country Name").alias("country_name"),
        trim("UN Region").alias("region"),
        col("Cost Total $").str.replace_all(",", "").cast(MONEY, strict=False).alias("freight_rate"),
    )
    shop = customers.select(
        "id", col("email").str.to_lowercase().alias("shop_email"), "country", date(col("signed_up")).alias("signed_up")
    )
    return people.join(shop, on="id", how="left").join(countries, on="country", how="left").select(
        "id", pl.coalesce("email", "shop_email").alias("email"), "username", "phone", "first_name", "last_name", "city",
        "zipcode", "latitude", "longitude", "country", "country_name", "region", "freight_rate", "signed_up",
    )


def trusted_cart_items(carts: pl.LazyFrame) -> pl.LazyFrame:
    shown, item = col("shown"), col("products").struct
    items = carts.select(
        col("id").alias("cart_id"), col("userId").alias("customer_id"), trim("date").alias("shown"), "products"
    ).explode("products").drop_nulls("products").select(
        "cart_id", "customer_id", item.field("productId").alias("product_id"),
        item.field("quantity").cast(pl.Int32),
        pl.when(shown.str.contains("^.{4}-..-..")).then(date(shown))
        .when(shown.str.contains("^../../.{4}$")).then(shown.str.to_date("%d/%m/%Y", strict=False)).alias("sale_date"),
    ).unique().drop_nulls(["cart_id", "customer_id", "product_id"])
    return items.filter(col("quantity").is_null() | col("quantity").is_between(1, 100))


def trusted_sales(
    items: pl.LazyFrame, orders: pl.LazyFrame, products: pl.LazyFrame, users: pl.LazyFrame
) -> pl.LazyFrame:
    return (
        items.join(orders.select("cart_id", "status", "channel", "ordered_on"), on="cart_id")
        .join(products.select(product_id="id", category="category", unit_price="price"), on="product_id", how="left")
        .join(users.select(customer_id="id", country="country", region="region"), on="customer_id", how="left")
        .with_columns(pl.coalesce("sale_date", "ordered_on").alias("sale_date"))
        .select(
            "cart_id", "product_id", "customer_id", "sale_date",
            col("sale_date").dt.strftime("%Y-%m").alias("sale_month"), "category", "quantity", "unit_price",
            (col("quantity").cast(pl.Decimal(14, 2)) * col("unit_price")).cast(pl.Decimal(14, 2)).alias("total"),
            "status", "channel", "country", "region",
        )
    )


def category_prices(products: pl.LazyFrame) -> pl.LazyFrame:
    price = col("price")
    mean = pl.when(price.count() > 0).then(price.sum().cast(pl.Float64) / price.count())
    return products.group_by("category").agg(pl.len().cast(pl.Int64).alias("products"), mean.alias("mean_price"))


def customer_features(sales: pl.LazyFrame) -> pl.LazyFrame:
    bought = sales.filter(col("status") != "cancelled")
    baskets = bought.group_by("customer_id", "cart_id").agg(
        col("quantity").cast(pl.Int64).sum().alias("units"), total(), col("sale_date").max()
    )
    habits = baskets.group_by("customer_id").agg(
        pl.len().cast(pl.Int64).alias("orders"), col("units").sum(), total().cast(pl.Float64).alias("revenue"),
        col("sale_date").max().alias("last_sale"),
    )
    tastes = bought.group_by("customer_id").agg(
        col("category").drop_nulls().n_unique().cast(pl.Int64).alias("categories")
    )
    return habits.join(tastes, on="customer_id").select(
        "customer_id", "orders", "units", "revenue", (col("revenue") / col("orders")).alias("mean_basket"),
        (col("units").cast(pl.Float64) / col("orders")).alias("units_per_order"),
        (col("revenue") / col("units")).alias("mean_unit_price"), "categories",
        (pl.lit(datetime.date(2025, 12, 31)) - col("last_sale")).dt.total_days().cast(pl.Int32).alias("recency_days"),
    )


def revenue_by_month(sales: pl.LazyFrame) -> pl.LazyFrame:
    months = sales.filter(col("status") != "cancelled").group_by("category", "sale_month").agg(
        pl.len().cast(pl.Int64).alias("lines"), col("quantity").cast(pl.Int64).sum().alias("units"),
        total().cast(pl.Decimal(18, 2)).alias("revenue"),
    )
    # No revenue is negative, so this puts nulls last.
    rank = col("revenue").fill_null(-1).rank("min", descending=True).over("sale_month")
    return months.with_columns(rank.cast(pl.Int64).alias("month_rank"))


def trim(name: str) -> pl.Expr:
    return col(name).str.strip_chars(" ")


def date(text: pl.Expr) -> pl.Expr:
    """The day that a text begins with; null if it does not."""
    return text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def total() -> pl.Expr:
    """As in SQL, the sum of nothing is null."""
    return pl.when(col("total").count() > 0).then(col("total").sum()).alias("total")


if __name__ == "__main__":
    main()
