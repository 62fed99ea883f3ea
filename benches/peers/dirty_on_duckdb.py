"""From dirty CSV to clusters on DuckDB, with scikit-learn for the clusters: see dirty.py."""

import duckdb

import dirty

CLEAN = """
SELECT
  CAST(l_orderkey AS bigint) AS orderkey, CAST(l_partkey AS bigint) AS partkey, CAST(l_suppkey AS bigint) AS suppkey,
  CAST(l_linenumber AS int) AS linenumber,
  TRY_CAST(trim(l_quantity) AS decimal(15, 2)) AS quantity, CAST(l_extendedprice AS decimal(15, 2)) AS price,
  CAST(l_discount AS decimal(15, 2)) AS discount, CAST(l_tax AS decimal(15, 2)) AS tax,
  upper(trim(l_returnflag)) AS returnflag, upper(trim(l_linestatus)) AS linestatus,
  TRY_CAST(l_shipdate AS date) AS shipdate, CAST(l_commitdate AS date) AS commitdate, CAST(l_receiptdate AS date) AS receiptdate,
  trim(l_shipinstruct) AS shipinstruct, upper(trim(l_shipmode)) AS shipmode, trim(l_comment) AS comment,
  CAST(l_receiptdate AS date) - TRY_CAST(l_shipdate AS date) AS days_to_receive,
  CAST(l_commitdate AS date) - TRY_CAST(l_shipdate AS date) AS days_to_commit,
  CAST(l_updated AS timestamp) AS updated,
  strftime(TRY_CAST(l_shipdate AS date), '%Y-%m') AS ship_month
FROM read_csv({file}, header = true, all_varchar = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {columns})
"""


class OnDuckDb:
    def __init__(self, bench: dirty.Bench) -> None:
        self.bench = bench
        self.sql = duckdb.connect()
        self.sql.execute(f"SET threads = {bench.threads}")
        self.sql.execute("SET preserve_insertion_order = false")
        if bench.memory != "-":
            self.sql.execute(f"SET memory_limit = '{bench.memory}'")
            self.sql.execute(f"SET temp_directory = '{bench.out / 'spill'}'")

    def lines(self) -> str:
        return f"read_parquet('{self.bench.out}/lines/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)"

    def clean(self) -> None:
        names = self.sql.execute(f"SELECT columns FROM sniff_csv('{self.bench.dirty('lineitem')}', all_varchar = true)").fetchone()[0]
        columns = "{" + ", ".join(f"'{column['name']}': 'VARCHAR'" for column in names) + "}"
        clean = CLEAN.format(file=f"'{self.bench.dirty('lineitem')}'", columns=columns)
        self.sql.execute(
            f"COPY (SELECT * FROM ({clean}) WHERE quantity > 0 AND shipdate IS NOT NULL "
            f"QUALIFY row_number() OVER (PARTITION BY orderkey, linenumber ORDER BY updated DESC) = 1) "
            f"TO '{self.bench.out}/lines' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (ship_month))"
        )
        self.sql.execute(
            f"COPY (SELECT CAST(o_orderkey AS bigint) AS orderkey, CAST(o_orderdate AS date) AS orderdate, "
            f"upper(trim(o_orderpriority)) AS orderpriority, CAST(o_totalprice AS decimal(15, 2)) AS totalprice "
            f"FROM read_csv('{self.bench.dirty('orders')}', header = true, all_varchar = true)) "
            f"TO '{self.bench.out}/orders.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )

    def join(self) -> None:
        self.sql.execute(
            f"COPY ({dirty.REVENUE.format(lines=self.lines(), orders=repr(str(self.bench.out / 'orders.parquet')))}) "
            f"TO '{self.bench.out}/revenue.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )

    def describe(self) -> None:
        self.sql.execute(f"COPY (SELECT * FROM (SUMMARIZE SELECT * FROM {self.lines()})) TO '{self.bench.out}/profile.parquet' (FORMAT parquet)")

    def clusters(self) -> None:
        dirty.clusters(self.bench, [str(path) for path in sorted((self.bench.out / "lines").rglob("*.parquet"))])


if __name__ == "__main__":
    bench = dirty.Bench()
    bench.run(OnDuckDb(bench))
