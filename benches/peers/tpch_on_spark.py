"""TPC-H on PySpark: `python tpch_on_spark.py MASTER PROJECT OUT_DIR RUNS QUERY...` (see ../tpch.py).

Prints the seconds of each query by run as JSON. One session for all, and one round before the measured ones: what a JVM
needs to get warm is not counted.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from time import perf_counter

from pyspark.sql import SparkSession


def main() -> None:
    master, project, out, runs, *queries = sys.argv[1:]
    project, out = Path(project), Path(out)
    spark = session(master, out)
    spark.sql("CREATE DATABASE trusted")
    for folder in sorted((project / "lake/trusted").iterdir()):
        spark.catalog.createTable(f"trusted.{folder.name}", path=str(folder), source="parquet")
    seconds: dict[str, list[float]] = {query: [] for query in queries}
    for number in range(int(runs) + 1):
        for query in queries:
            text = (project / f"queries/refined/{query}.sql").read_text()
            started = perf_counter()
            spark.sql(text).write.mode("overwrite").parquet(str(out / query), compression="zstd")
            if number > 0:
                seconds[query].append(perf_counter() - started)
    print(json.dumps(seconds), flush=True)
    spark.stop()
    shutil.rmtree(out, ignore_errors=True)


def session(master: str, out: Path) -> SparkSession:
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(out / "_warehouse"),
        # On so few cores 200, Spark's own default, only costs.
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.memory": "4g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    # Only settings of the launcher reach a JVM that is not there yet.
    launch = [f"--conf {key}={value}" for key, value in settings.items()]
    os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join([f"--master {master}", *launch, "pyspark-shell"])
    spark = SparkSession.builder.appName("tpch").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


if __name__ == "__main__":
    main()
