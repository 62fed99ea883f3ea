"""Runs a Trapiche project's own files on Spark, from the landings in its lake.

    python run_on_spark.py PROJECT_DIR LAKE OUT [--ansi false]

Each query and k-means becomes a Parquet table below OUT/<zone>/, for compare.py. LAKE and OUT are folders or `s3://…`. Started by
`spark-submit` it runs where that says, on a cluster's Python 3.9 and Spark 3.5, too.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Callable

import yaml
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, MapType, StringType, StructField, StructType

import lake
import places
import spark_session
from kmeans_on_spark import kmeans

HEADER = re.compile(r"/\*\s*trapiche\b(.*?)\*/", re.DOTALL)
COMMENTS_AND_TEXT = re.compile(r"/\*.*?\*/|--[^\n]*|'(?:[^'\\]|\\.|'')*'", re.DOTALL)
TABLE = re.compile(r"`?\b(raw|trusted|refined)`?\s*\.\s*`?(\w+)", re.IGNORECASE)


@dataclass
class Step:
    """One file of the project: the tables it reads, and what makes its own."""

    reads: set[str]
    outputs: list[str]
    make: Callable[[SparkSession], list[DataFrame]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project_dir", type=Path)
    parser.add_argument("lake", type=places.address)
    parser.add_argument("out", type=places.address)
    parser.add_argument("--ansi", choices=["true", "false"], default="true", help="as `sql: { ansi: … }` of the project")
    args = parser.parse_args()
    refuse_lake(args.lake, args.out)
    spark = spark_session.start(args.out, {"spark.sql.ansi.enabled": args.ansi})
    try:
        run(spark, args.project_dir, places.OnSpark(spark, args.lake), places.OnSpark(spark, args.out))
    finally:
        spark.stop()
    return 0


def refuse_lake(root: str, out: str) -> None:
    """What lies at `out` is replaced, so it must be no table of the lake."""
    inside = f"{out}/".startswith(tuple(f"{root}/{zone}/" for zone in ("raw", "quarantine", *lake.ZONES)))
    if inside or f"{root}/".startswith(f"{out}/"):
        sys.exit(f"`{out}` is of the lake itself: choose another place for Spark's tables")


def run(spark: SparkSession, project: Path, root: places.OnSpark, out: places.OnSpark) -> None:
    steps = {**queries(project), **models(project, root)}
    maker = {output: name for name, step in steps.items() for output in step.outputs}
    needs = {name: {maker[read] for read in step.reads if read in maker} for name, step in steps.items()}
    for zone in ("raw", *lake.ZONES):
        out.remove(zone)
        spark.sql(f"CREATE DATABASE IF NOT EXISTS {zone}")
    for source in sorted({read for step in steps.values() for read in step.reads if read.startswith("raw.")}):
        keep(spark, out, source, landed(spark, root, source[len("raw.") :]))
    for name in TopologicalSorter(needs).static_order():
        for output, rows in zip(steps[name].outputs, steps[name].make(spark)):
            keep(spark, out, output, rows)


def keep(spark: SparkSession, out: places.OnSpark, name: str, rows: DataFrame) -> None:
    """Writes a table and lets later queries see it by its name."""
    folder = out.url(lake.table_folder(name))
    rows.toDF(*[column.lower() for column in rows.columns]).write.mode("overwrite").parquet(folder)
    spark.catalog.createTable(name, path=folder, source="parquet")
    print(f"{name}: {spark.table(name).count()} rows", file=sys.stderr, flush=True)


def landed(spark: SparkSession, root: places.OnSpark, source: str) -> DataFrame:
    """A source's live landings, with the schemas that were recorded when they landed: of each key the newest row."""
    landings = lake.live_landings(root, source)
    if not landings:
        sys.exit(f"`{source}` has not landed in {root.address}: run `trapiche run` first")
    if any(landing.get("window", {}).get("repeats") for landing in landings):
        sys.exit(f"`{source}` has a key in several rows of one landing, whose order PySpark does not tell")
    # Types that the rows tell are those of all landings in the newest one.
    newest = {field["name"]: field for field in landings[-1]["schema"]} if landings[-1]["format"] == "ndjson" else {}
    for landing in landings:
        landing["schema"] = [newest.get(field["name"], field) for field in landing["schema"]]
    frames = [of_landing(spark, root, source, landing) for landing in landings]
    if len(frames) == 1:
        return frames[0]
    rows = frames[0].withColumn(AGE, F.lit(0)).withColumn(GONE, F.lit(False))
    for age, (landing, frame) in enumerate(zip(landings[1:], frames[1:]), 1):
        gone = of_landing(spark, root, source, {**landing, "parts": landing.get("gone", [])})
        for more, is_gone in ((frame, False), (gone, True)):
            more = more.withColumn(AGE, F.lit(age)).withColumn(GONE, F.lit(is_gone))
            rows = rows.unionByName(more, allowMissingColumns=True)
    key = Window.partitionBy(*[F.col(quoted(name)) for name in landings[-1]["window"]["key"]])
    is_seen = (F.col(AGE) == F.col(NEWEST)) & ~F.col(GONE)
    return rows.withColumn(NEWEST, F.max(AGE).over(key)).where(is_seen).drop(AGE, NEWEST, GONE)


# How new a row's landing is, the newest that has its key, and whether the source has no such row any more.
AGE, NEWEST, GONE = "trapiche_age", "trapiche_newest", "trapiche_gone"


def of_landing(spark: SparkSession, root: places.OnSpark, source: str, landing: dict) -> DataFrame:
    paths = [root.url(part["path"]) for part in landing["parts"]]
    schema = StructType([StructField(f["name"], data_type(spark, f["type"])) for f in landing["schema"]])
    if not paths:
        return spark.createDataFrame([], schema)
    for ending, packing in ((".zst", "zstd"), (".zip", "a zip archive")):
        if any(part["path"].endswith(ending) for part in landing["parts"]):
            sys.exit(f"`{source}` is packed as {packing}, which PySpark does not unpack by itself")
    name, keys = landing["format"], {}
    if isinstance(name, dict):
        [(name, keys)] = name.items()
    others = [key for key in keys if key not in {"csv": ("delimiter", "header"), "json": ("records",)}.get(name, ())]
    if others:
        sys.exit(f"`{source}` is read by settings that have no equal here: {', '.join(others)}")
    if name == "csv":
        return spark.read.schema(schema).csv(
            paths, sep=keys["delimiter"], header=keys["header"], quote='"', escape='"', multiLine=True
        )
    if name == "table_csv":
        # A null is an empty field, an empty text is `""`; bytes are hexadecimal after `\\x`.
        texts = StructType([StructField(field.name, StringType()) for field in schema])
        rows = spark.read.schema(texts).csv(
            paths, quote='"', escape='"', multiLine=True, nullValue=NO_TEXT, emptyValue=""
        )
        return rows.select([of_table_csv(F.col(f"`{f.name}`"), f.dataType).alias(f.name) for f in schema])
    if name == "parquet":
        rows = spark.read.parquet(*paths)
        return rows.select([F.col(f"`{f.name}`").cast(f.dataType) for f in schema])
    if name == "ndjson":
        return spark.read.schema(schema).json(paths)
    if name == "json" and keys["records"] is None:
        return spark.read.schema(schema).json(paths, multiLine=True)
    if name == "json":
        # The document around the rows, as far down as they lie.
        document, steps = ArrayType(schema), keys["records"].split(".")
        for step in reversed(steps):
            document = StructType([StructField(step, document)])
        documents = spark.read.schema(document).json(paths, multiLine=True)
        return documents.select(F.inline(".".join(f"`{step}`" for step in steps)))
    sys.exit(f"`{source}` landed in a format that is not known here: {landing['format']}")


# What an empty field is to Spark's reader until it is null: were it an empty text, that would be null, too.
NO_TEXT = "\ue000"


def of_table_csv(text, kind):
    if isinstance(kind, BinaryType):
        return F.unhex(F.substring(text, 3, 1 << 30))
    return text if isinstance(kind, StringType) else text.cast(kind)


def data_type(spark: SparkSession, name: str):
    # `StructType.fromDDL` came with Spark 4.
    return StringType() if name == "void" else spark.createDataFrame([], f"x {name}").schema["x"].dataType


def queries(project: Path) -> dict[str, Step]:
    found = {}
    for zone in lake.ZONES:
        for path in sorted(project.glob(f"queries/{zone}/*.sql")):
            sql = path.read_text()
            name = f"{zone}.{path.stem}"
            reads = {f"{z}.{t}".lower() for z, t in TABLE.findall(COMMENTS_AND_TEXT.sub(" ", sql))} - {name}
            found[name] = Step(reads, [name], lambda spark, sql=sql: [run_query(spark, sql)])
    return found


def run_query(spark: SparkSession, sql: str) -> DataFrame:
    """The query's rows without those that its checks drop or quarantine, and of each key the latest if the header asks for that."""
    found = HEADER.search(sql)
    header = (yaml.safe_load(found[1]) or {}) if found else {}
    rows = spark.sql(sql.rstrip().rstrip(";"))
    for check in header.get("checks") or []:
        if check.get("on_fail") in ("drop", "quarantine"):
            for rule in rules(check):
                rows = rows.where(F.coalesce(F.expr(rule), F.lit(True)))
    return latest(rows, header) if header.get("dedupe") else rows


def latest(rows: DataFrame, header: dict) -> DataFrame:
    """Of each key the row with the greatest values; those that are equal there are in the order of all columns as they are stored."""
    key, latest_by = (one_or_more(header["dedupe"][name]) for name in ("key", "latest_by"))
    partition_by = [column.lower() for column in header.get("partition_by") or []]
    columns = [column for column in rows.columns if column.lower() not in partition_by]
    by = [F.col(quoted(column)) for column in latest_by]
    by += [comparable(rows, column) for column in columns + partition_by]
    greatest_first = [column.desc_nulls_last() for column in by]
    window = Window.partitionBy(*[F.col(quoted(column)) for column in key]).orderBy(*greatest_first)
    return rows.withColumn(NTH, F.row_number().over(window)).where(F.col(NTH) == 1).drop(NTH)


# Which of the rows of its key one is, the latest being the first.
NTH = "trapiche_nth"


def comparable(rows: DataFrame, column: str):
    """A column as Spark can order it: a map by its entries, in the order in which they are stored."""
    kind = rows.select(F.col(quoted(column))).schema[0].dataType
    return F.map_entries(F.col(quoted(column))) if isinstance(kind, MapType) else F.col(quoted(column))


def one_or_more(value) -> list:
    return value if isinstance(value, list) else [value]


def rules(check: dict) -> list[str]:
    """A check as conditions that a good row keeps; as with SQL's CHECK, null does not break one."""
    if "not_null" in check:
        return [f"{quoted(column)} IS NOT NULL" for column in check["not_null"]]
    if "rule" in check:
        return [check["rule"]]
    if "accepted_values" in check:
        keys = check["accepted_values"]
        return [f"{quoted(keys['column'])} IN ({', '.join(map(literal, keys['values']))})"]
    if "range" in check:
        signs, column = {"min": ">=", "max": "<="}, quoted(check["range"]["column"])
        ends = {key: value for key, value in check["range"].items() if key != "column"}
        return [f"{column} {signs[end]} {literal(value)}" for end, value in ends.items()]
    if "regex" in check:
        return [f"{quoted(check['regex']['column'])} RLIKE {literal(check['regex']['pattern'])}"]
    sys.exit(f"a check that is not known here: {check}")


def quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def literal(value) -> str:
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def models(project: Path, root: places.OnSpark) -> dict[str, Step]:
    found = {}
    for path in sorted(project.glob("models/*.yml")):
        name = f"refined.{path.stem}"
        spec = yaml.safe_load(path.read_text()).get("kmeans")
        if spec is None:
            print(f"{name}: left out, a describe is made of sketches", file=sys.stderr)
            continue
        if "mini_batch" in spec or spec.get("precision") == "single":
            print(f"{name}: left out, Spark has no mini-batches and no single precision", file=sys.stderr)
            continue
        outputs = [name, f"{name}_centers", f"{name}_metrics"]
        folders = [root.url(lake.table_folder(f"{name}_{part}")) for part in ("centers", "metrics")]
        make = lambda spark, spec=spec, folders=folders: kmeans(spark, spec, *map(spark.read.parquet, folders))
        found[name] = Step({spec["input"]}, outputs, make)
    return found


if __name__ == "__main__":
    sys.exit(main())
