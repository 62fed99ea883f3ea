"""From dirty CSV to clusters on PySpark, with SparkML for the clusters: see dirty.py."""

import dirty

bench = dirty.Bench()

import json
import os
import sys

# Its workers are other processes: of this environment, whichever `python3` comes first.
os.environ["PYSPARK_PYTHON"] = sys.executable

import numpy as np
from pyspark.ml.clustering import KMeansModel as ScoringModel
from pyspark.ml.common import _py2java
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.mllib.clustering import KMeans, KMeansModel
from pyspark.mllib.linalg import Vectors
from pyspark.sql import SparkSession

from on_spark import stop

# A window over the typed rows: the latest good one of each key.
CLEAN = f"""
SELECT * EXCEPT (place) FROM (
  SELECT *, row_number() OVER (PARTITION BY orderkey, linenumber ORDER BY updated DESC) AS place
  FROM ({dirty.LINES.format("dirty_lines")}) WHERE quantity > 0 AND shipdate IS NOT NULL
) WHERE place = 1
"""


class OnSpark:
    def __init__(self) -> None:
        builder = SparkSession.builder.master(f"local[{bench.threads}]").appName("dirty-to-clusters")
        for key, value in {
            "spark.driver.memory": "8g" if bench.memory == "-" else bench.memory, "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "8", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.local.dir": str(bench.out / "spill"),
            "spark.sql.warehouse.dir": str(bench.out / "warehouse"),
        }.items():
            builder = builder.config(key, value)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel("OFF")

    def view(self, name: str, folder: str) -> None:
        # Partition values are text, as they are for the others.
        self.spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        self.spark.read.parquet(str(bench.out / folder)).createOrReplaceTempView(name)

    def clean(self) -> None:
        for name, file in (("dirty_lines", "lineitem"), ("dirty_orders", "orders")):
            self.spark.read.csv(bench.dirty(file), header=True, quote='"', escape='"').createOrReplaceTempView(name)
        self.spark.sql(CLEAN).write.partitionBy("ship_month").parquet(str(bench.out / "lines"), compression="zstd")
        self.spark.sql(dirty.ORDERS.format("dirty_orders")).write.parquet(str(bench.out / "orders.parquet"), compression="zstd")

    def join(self) -> None:
        self.view("lines", "lines")
        self.view("orders", "orders.parquet")
        self.spark.sql(dirty.REVENUE.format(lines="lines", orders="orders")).write.parquet(str(bench.out / "revenue.parquet"), compression="zstd")

    def describe(self) -> None:
        self.view("lines", "lines")
        lines = self.spark.table("lines")
        each = []
        for name, kind in lines.dtypes:
            each += [f"count({name})", f"count_if({name} IS NULL)", f"min({name})", f"max({name})", f"approx_count_distinct({name})"]
            if not kind.startswith(("string", "date", "timestamp")):
                each += [f"avg({name})", f"stddev({name})", f"approx_percentile({name}, array(0.25, 0.5, 0.75))"]
        named = [f"{text} AS c{place}" for place, text in enumerate(each)]
        lines.selectExpr(*named).write.parquet(str(bench.out / "profile.parquet"), compression="zstd")

    def clusters(self) -> None:
        self.view("lines", "lines")
        rows = self.spark.sql(f"SELECT orderkey, linenumber, {', '.join(f'CAST({name} AS double) AS {name}' for name in dirty.FEATURES)} FROM lines")
        rows = VectorAssembler(inputCols=dirty.FEATURES, outputCol="raw").transform(rows)
        scaler = StandardScaler(withMean=True, withStd=True, inputCol="raw", outputCol="features").fit(rows)
        rows = scaler.transform(rows).select("orderkey", "linenumber", "features").cache()
        mean, deviation = scaler.mean.toArray(), scaler.std.toArray()
        start = [Vectors.dense((np.array(row) - mean) / deviation) for row in bench.centres()]
        points = rows.select("features").rdd.map(lambda row: Vectors.dense(row[0].toArray()))
        model = KMeans.train(points, len(start), maxIterations=20, epsilon=0.0, initialModel=KMeansModel(start))
        centres = [list(map(float, centre * deviation + mean)) for centre in model.clusterCenters]
        # Scored by the JVM: a Python function per row would be the bench of that.
        jvm = self.spark._jvm.org.apache.spark
        fitted = _py2java(self.spark.sparkContext, [Vectors.dense(centre) for centre in model.clusterCenters])
        scoring = ScoringModel(jvm.ml.clustering.KMeansModel("clusters", jvm.mllib.clustering.KMeansModel(fitted)))
        scored = scoring.setFeaturesCol("features").setPredictionCol("cluster").transform(rows)
        scored.select("orderkey", "linenumber", "cluster").write.parquet(str(bench.out / "groups.parquet"), compression="zstd")
        sizes = {row["cluster"]: row["count"] for row in self.spark.read.parquet(str(bench.out / "groups.parquet")).groupBy("cluster").count().collect()}
        (bench.out / "centres.json").write_text(json.dumps({"centres": centres, "sizes": [sizes.get(i, 0) for i in range(len(centres))]}))


if __name__ == "__main__":
    peer = OnSpark()
    bench.run(peer)
    stop(peer.spark)
