"""A Spark for as long as a script takes: one of its own on this machine, or the cluster's that `spark-submit` has chosen."""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

# What the tables depend on.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.catalogImplementation": "in-memory",
}

# A local session is nobody else's business.
HERE = {
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # Without checksum files: Hadoop starts a `chmod` for every file.
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def start(out: object, more: dict | None = None) -> SparkSession:
    """A session whose own files lie below `out`."""
    builder = SparkSession.builder.appName("trapiche-parity")
    settings = {**SETTINGS, "spark.sql.warehouse.dir": f"{out}/_warehouse", **(more or {})}
    # Under `spark-submit` the process of Java is there already, and says where the work is done.
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        # Java spells file names in the locale's encoding.
        os.environ["LC_ALL"] = "C.UTF-8"
        builder, settings = builder.master("local[*]"), {**HERE, **settings}
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
