"""A Spark of one's own on this machine, for as long as a script takes."""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession


def start(out: Path) -> SparkSession:
    """A session whose own files lie below `out`."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Java spells file names in the locale's encoding.
    os.environ["LC_ALL"] = "C.UTF-8"
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(out / "_warehouse"),
        "spark.sql.shuffle.partitions": "4",
        # A local session is nobody else's business.
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # Without checksum files: Hadoop starts a `chmod` for every file.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[*]").appName("trapiche-parity")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
