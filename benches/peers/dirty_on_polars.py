"""From dirty CSV to clusters on Polars' streaming engine, with scikit-learn for the clusters: see dirty.py."""

import dirty

bench = dirty.Bench()

import polars as pl
from polars import col

STREAMING = {"compression": "zstd", "compression_level": 1, "engine": "streaming"}


class OnPolars:
    def lines(self) -> pl.LazyFrame:
        return pl.scan_parquet(bench.out / "lines/**/*.parquet", hive_partitioning=True)

    def clean(self) -> None:
        date = {name: col(f"l_{name}").str.to_date("%Y-%m-%d", strict=name != "shipdate") for name in ("shipdate", "commitdate", "receiptdate")}
        money = pl.Decimal(15, 2)
        upper = {name: col(f"l_{name}").str.strip_chars().str.to_uppercase() for name in ("returnflag", "linestatus", "shipmode")}
        lines = (
            pl.scan_csv(bench.dirty("lineitem"), infer_schema=False)
            .select(
                *(col(f"l_{name}").cast(pl.Int64).alias(name) for name in ("orderkey", "partkey", "suppkey")),
                linenumber=col("l_linenumber").cast(pl.Int32),
                quantity=col("l_quantity").str.strip_chars().cast(money, strict=False),
                price=col("l_extendedprice").cast(money), discount=col("l_discount").cast(money), tax=col("l_tax").cast(money),
                returnflag=upper["returnflag"], linestatus=upper["linestatus"],
                shipdate=date["shipdate"], commitdate=date["commitdate"], receiptdate=date["receiptdate"],
                shipinstruct=col("l_shipinstruct").str.strip_chars(), shipmode=upper["shipmode"],
                comment=col("l_comment").str.strip_chars(),
                days_to_receive=(date["receiptdate"] - date["shipdate"]).dt.total_days(),
                days_to_commit=(date["commitdate"] - date["shipdate"]).dt.total_days(),
                updated=col("l_updated").str.to_datetime("%Y-%m-%d %H:%M:%S"),
                ship_month=date["shipdate"].dt.strftime("%Y-%m"),
            )
            .filter((col("quantity") > 0) & col("shipdate").is_not_null())
            # Of all that were tried here the fastest: a sort, or `group_by`, of whole rows takes longer.
            .filter(col("updated") == col("updated").max().over("orderkey", "linenumber"))
        )
        lines.sink_parquet(pl.PartitionBy(bench.out / "lines", key="ship_month", include_key=False), mkdir=True, **STREAMING)
        (
            pl.scan_csv(bench.dirty("orders"), infer_schema=False)
            .select(
                orderkey=col("o_orderkey").cast(pl.Int64), orderdate=col("o_orderdate").str.to_date("%Y-%m-%d"),
                orderpriority=col("o_orderpriority").str.strip_chars().str.to_uppercase(), totalprice=col("o_totalprice").cast(money),
            )
            .sink_parquet(bench.out / "orders.parquet", **STREAMING)
        )

    def join(self) -> None:
        exact = pl.Decimal(38, 4)
        (
            self.lines().join(pl.scan_parquet(bench.out / "orders.parquet"), on="orderkey")
            .group_by("orderpriority", "ship_month", "returnflag")
            # A product has the scale of its factors, which would cut each line's to cents.
            .agg(lines=pl.len(), revenue=(col("price").cast(exact) * (1 - col("discount")).cast(exact)).sum())
            .sink_parquet(bench.out / "revenue.parquet", **STREAMING)
        )

    def describe(self) -> None:
        lines = self.lines()
        schema = lines.collect_schema()
        each = []
        for name, kind in schema.items():
            each += [col(name).count().alias(f"count({name})"), col(name).null_count().alias(f"nulls({name})"),
                     col(name).min().alias(f"min({name})"), col(name).max().alias(f"max({name})"),
                     col(name).approx_n_unique().alias(f"distinct({name})")]
            if kind.is_numeric():
                numbers = col(name).cast(pl.Float64)
                each += [numbers.mean().alias(f"mean({name})"), numbers.std().alias(f"deviation({name})")]
                each += [numbers.quantile(q).alias(f"q{q}({name})") for q in (0.25, 0.5, 0.75)]
        lines.select(each).sink_parquet(bench.out / "profile.parquet", **STREAMING)

    def clusters(self) -> None:
        dirty.clusters(bench, [str(path) for path in sorted((bench.out / "lines").rglob("*.parquet"))])


if __name__ == "__main__":
    bench.run(OnPolars())
