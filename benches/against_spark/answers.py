"""One warm Spark that makes a project's tables when it is asked to: `python answers.py PROJECT LAKE OUT`.

It reads requests from stdin, a line of JSON each, and answers each with a line on stdout:

    {"make": "trusted.sales"}                        makes the table of the lake's files, below OUT: {"seconds": 0.7}
    {"make": "refined.segments", "centres": [[…]]}   the same for a k-means, from these first centres
    {"rows": "trusted.sales"}                        what was written: {"columns": ["cart_id", …], "rows": [["1", null], …]}

Every table is made of what lies in the lake, whatever else was made here before. In rows doubles are numbers, and
everything else is text.
"""

import json
import os
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "peers"), str(HERE.parents[1] / "spark-compat")]

# Its workers are other processes: of this environment, whichever `python3` comes first.
os.environ["PYSPARK_PYTHON"] = sys.executable

import numpy as np  # noqa: E402
import yaml  # noqa: E402
from pyspark.ml.clustering import KMeansModel as ScoringModel  # noqa: E402
from pyspark.ml.common import _py2java  # noqa: E402
from pyspark.ml.feature import Imputer, StandardScaler, VectorAssembler  # noqa: E402
from pyspark.mllib.clustering import KMeans, KMeansModel  # noqa: E402
from pyspark.mllib.linalg import Vectors  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

import lake  # noqa: E402
import on_spark  # noqa: E402
import places  # noqa: E402
from run_on_spark import HEADER, run_query  # noqa: E402

SETTINGS = {
    # A partition's value is text, as its column was.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # Without checksum files: Hadoop starts a `chmod` for every file.
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
}


def main() -> None:
    # What Java prints goes to stderr: stdout is for answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    project, root, out = (Path(path).absolute() for path in sys.argv[1:])
    spark = on_spark.session(out, SETTINGS)
    register(spark, root)
    for line in sys.stdin:
        match json.loads(line):
            case {"make": name, "centres": centres}:
                answer = {"seconds": cluster(spark, spec(project, name), centres, folder(out, name))}
            case {"make": name}:
                answer = {"seconds": make(spark, *query(project, name), folder(out, name))}
            case {"rows": name}:
                answer = rows(spark, folder(out, name))
        print(json.dumps(answer), file=answers, flush=True)
    on_spark.stop(spark)


def register(spark, root: Path) -> None:
    """The lake's landings and tables, under their own names."""
    place = places.Here(root)
    for zone in ("raw", *lake.ZONES):
        spark.sql(f"CREATE DATABASE {zone}")
    for source in sorted(path.name for path in (root / "raw").iterdir()):
        [landing] = lake.live_landings(place, source)
        [part] = landing["parts"]
        match landing["format"]:
            case "ndjson":
                form = {"format": "ndjson"}
            case {"csv": {"delimiter": delimiter, "header": True}}:
                form = {"format": "csv", "delimiter": delimiter}
        columns = {column["name"]: column["type"] for column in landing["schema"]}
        place_of = {"name": f"raw.{source}", "folder": str((root / part["path"]).parent)}
        on_spark.read(spark, {**place_of, **form, "columns": columns})
    for table in lake.tables(place):
        spark.catalog.createTable(table, path=str(folder(root, table)), source="parquet")
        if any("=" in path.name for path in folder(root, table).iterdir()):
            spark.catalog.recoverPartitions(table)


def query(project: Path, name: str) -> tuple[str, list[str]]:
    """The SQL with its header, and by what its table is partitioned."""
    sql = project.joinpath("queries", *name.split(".")).with_suffix(".sql").read_text()
    header = HEADER.search(sql)
    return sql, (yaml.safe_load(header[1]) or {}).get("partition_by") or [] if header else []


def spec(project: Path, name: str) -> dict:
    return yaml.safe_load((project / "models" / f"{name.split('.')[1]}.yml").read_text())["kmeans"]


def make(spark, sql: str, partition_by: list[str], out: Path) -> float:
    started = perf_counter()
    write(run_query(spark, sql), partition_by, out)
    return perf_counter() - started


def cluster(spark, spec: dict, centres: list, out: Path) -> float:
    """Lloyd's steps from given centres by Spark's k-means, from the table to each row's written cluster."""
    started = perf_counter()
    features = spec["features"]
    doubles = [F.col(f"`{name}`").cast("double").alias(name) for name in features]
    rows = spark.table(spec["input"]).select(*spec["key"], *doubles)
    rows = Imputer(strategy="mean", inputCols=features, outputCols=features).fit(rows).transform(rows)
    rows = VectorAssembler(inputCols=features, outputCol="raw").transform(rows)
    scaler = StandardScaler(withMean=True, withStd=True, inputCol="raw", outputCol="scaled").fit(rows)
    rows = scaler.transform(rows).select(*spec["key"], "scaled").cache()
    start = [Vectors.dense((np.array(row) - scaler.mean.toArray()) / scaler.std.toArray()) for row in centres]
    points = rows.select("scaled").rdd.map(lambda row: Vectors.dense(row[0].toArray()))
    # YAML 1.1, which is what PyYAML reads, takes `1e-4` for text.
    limits = {"maxIterations": spec["max_iterations"], "epsilon": float(spec["tolerance"])}
    model = KMeans.train(points, len(start), initialModel=KMeansModel(start), **limits)
    # Scored by the JVM: a Python function per row would be the bench of that.
    jvm = spark._jvm.org.apache.spark
    fitted = _py2java(spark.sparkContext, [Vectors.dense(centre) for centre in model.clusterCenters])
    scoring = ScoringModel(jvm.ml.clustering.KMeansModel("clusters", jvm.mllib.clustering.KMeansModel(fitted)))
    scored = scoring.setFeaturesCol("scaled").setPredictionCol("cluster").transform(rows)
    write(scored.select(*spec["key"], "cluster"), [], out)
    # Else the next one would find the rows cached.
    rows.unpersist()
    return perf_counter() - started


def write(rows, partition_by: list[str], out: Path) -> None:
    rows.write.mode("overwrite").partitionBy(*partition_by).parquet(str(out), compression="zstd")


def rows(spark, table: Path) -> dict:
    made = spark.read.parquet(str(table))
    return {"columns": made.columns, "rows": [[plain(value) for value in row] for row in made.collect()]}


def plain(value):
    match value:
        case None | float() | str():
            return value
        case bool():
            return str(value).lower()
        case int() | date():
            return str(value)
        case Decimal():
            return f"{value:f}"
    sys.exit(f"a value that is not known here: {value!r}")


def folder(root: Path, table: str) -> Path:
    return root.joinpath(*table.split("."))


if __name__ == "__main__":
    main()
