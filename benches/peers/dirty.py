"""What the peers of dirty_to_clusters.sh share: where rows lie, what is asked of them, and k-means by scikit-learn."""

import json
import os
import sys
from pathlib import Path
from time import perf_counter

FEATURES = ["quantity", "price", "discount", "tax", "days_to_receive", "days_to_commit"]
STEPS = ["clean", "join", "describe", "clusters"]

# What Spark and Trapiche are asked, which is the same; others say it in their own words.
LINES = """SELECT
  CAST(l_orderkey AS bigint) AS orderkey, CAST(l_partkey AS bigint) AS partkey, CAST(l_suppkey AS bigint) AS suppkey,
  CAST(l_linenumber AS int) AS linenumber,
  try_cast(trim(l_quantity) AS decimal(15, 2)) AS quantity, CAST(l_extendedprice AS decimal(15, 2)) AS price,
  CAST(l_discount AS decimal(15, 2)) AS discount, CAST(l_tax AS decimal(15, 2)) AS tax,
  upper(trim(l_returnflag)) AS returnflag, upper(trim(l_linestatus)) AS linestatus,
  try_cast(l_shipdate AS date) AS shipdate, CAST(l_commitdate AS date) AS commitdate, CAST(l_receiptdate AS date) AS receiptdate,
  trim(l_shipinstruct) AS shipinstruct, upper(trim(l_shipmode)) AS shipmode, trim(l_comment) AS comment,
  datediff(CAST(l_receiptdate AS date), try_cast(l_shipdate AS date)) AS days_to_receive,
  datediff(CAST(l_commitdate AS date), try_cast(l_shipdate AS date)) AS days_to_commit,
  CAST(l_updated AS timestamp) AS updated,
  date_format(try_cast(l_shipdate AS date), 'yyyy-MM') AS ship_month
FROM {}
"""
ORDERS = """SELECT
  CAST(o_orderkey AS bigint) AS orderkey, CAST(o_orderdate AS date) AS orderdate,
  upper(trim(o_orderpriority)) AS orderpriority, CAST(o_totalprice AS decimal(15, 2)) AS totalprice
FROM {}
"""
REVENUE = """SELECT orderpriority, ship_month, returnflag, count(*) AS lines, sum(price * (1 - discount)) AS revenue
FROM {lines} JOIN {orders} USING (orderkey) GROUP BY ALL
"""


class Bench:
    """`dirty_on_X.py WORK OUT STEP THREADS MEMORY`: the dirty files are in WORK, the tables go to OUT; all steps are a `chain`."""

    def __init__(self) -> None:
        work, out, step, threads, memory = sys.argv[1:]
        self.work, self.out, self.threads, self.memory = Path(work), Path(out), int(threads), memory
        self.steps = STEPS if step == "chain" else [step]
        # What NumPy and scikit-learn multiply and go over rows with.
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
            os.environ[name] = threads
        self.out.mkdir(parents=True, exist_ok=True)

    def dirty(self, name: str) -> str:
        return str(self.work / f"dirty/{name}.csv")

    def centres(self) -> list[list[float]]:
        return json.loads((self.work / "centres.json").read_text())

    def run(self, peer: object) -> None:
        for step in self.steps:
            started = perf_counter()
            getattr(peer, step)()
            print(f"{step} {perf_counter() - started:.2f} s", file=sys.stderr)


def clusters(bench: Bench, files: list[str]) -> None:
    """scikit-learn's k-means over Parquet files, to written clusters: what a team does beside DuckDB or Polars."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
    from sklearn.cluster import KMeans

    keys = ["orderkey", "linenumber"]
    rows = ds.dataset(files).to_table(columns=[*keys, *FEATURES])
    x = np.empty((rows.num_rows, len(FEATURES)))
    for i, name in enumerate(FEATURES):
        x[:, i] = rows[name].cast(pa.float64()).to_numpy()
    rows = rows.select(keys)
    mean, deviation = x.mean(0), x.std(0, ddof=1)
    x -= mean
    x /= deviation
    start = (np.array(bench.centres()) - mean) / deviation
    fitted = KMeans(len(start), init=start, n_init=1, max_iter=20, tol=0, algorithm="lloyd", copy_x=False).fit(x)
    labels, centres = fitted.labels_.astype(np.int32), fitted.cluster_centers_
    distance = np.empty(len(x))
    for first in range(0, len(x), 1 << 16):
        apart = x[first : first + (1 << 16)] - centres[labels[first : first + (1 << 16)]]
        distance[first : first + (1 << 16)] = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    pq.write_table(
        rows.append_column("cluster", pa.array(labels)).append_column("distance", pa.array(distance)),
        bench.out / "groups.parquet", compression="zstd", compression_level=1,
    )
    sizes = np.bincount(labels, minlength=len(centres))
    (bench.out / "centres.json").write_text(json.dumps({"centres": (centres * deviation + mean).tolist(), "sizes": sizes.tolist()}))
