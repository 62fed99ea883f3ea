"""The chain on PySpark: `python on_spark.py PLAN OUT_DIR` (see chain.py). Prints its own seconds after the start."""

import json
import sys
from pathlib import Path
from time import perf_counter

from pyspark.sql import SparkSession
from pyspark.sql.types import StructField, StructType


def main() -> None:
    plan, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]).absolute()
    spark = session(out)
    started = perf_counter()
    for zone in ("raw", "trusted", "refined"):
        spark.sql(f"CREATE DATABASE {zone}")
    for source in plan["sources"]:
        read(spark, source)
    for table in plan["tables"]:
        folder = str(out.joinpath(*table["name"].split(".")))
        rows = spark.sql(table["sql"])
        rows.write.partitionBy(*table["partition_by"]).parquet(folder, compression="zstd")
        spark.catalog.createTable(table["name"], path=folder, source="parquet")
        if table["partition_by"]:
            spark.catalog.recoverPartitions(table["name"])
    print(json.dumps({"seconds": perf_counter() - started}), flush=True)
    stop(spark)


def session(out: Path, more: dict | None = None) -> SparkSession:
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(out / "_warehouse"),
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **(more or {}),
    }
    builder = SparkSession.builder.master("local[*]").appName("side-by-side")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def read(spark: SparkSession, source: dict) -> None:
    types = [(name, StructType.fromDDL(f"x {kind}")["x"].dataType) for name, kind in source["columns"].items()]
    options = {}
    if source["format"] == "csv":
        options = {"sep": source["delimiter"], "header": "true", "quote": '"', "escape": '"', "multiLine": "true"}
    # A landing's folder holds its parts and a manifest, which Spark passes over for its `_`.
    spark.catalog.createTable(
        source["name"], path=source["folder"], source={"csv": "csv", "ndjson": "json"}[source["format"]],
        schema=StructType([StructField(name, kind) for name, kind in types]), **options,
    )


def stop(spark: SparkSession) -> None:
    """Waits for the JVM, so that its time and memory are counted with this process."""
    gateway = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


if __name__ == "__main__":
    main()
