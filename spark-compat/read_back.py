"""Whether Spark reads the tables of a lake as pyarrow does, which opens each file by itself.

    python read_back.py LAKE=READ [LAKE=READ…]

Spark reads the folders of READ, with the types that LAKE's newest versions give; pyarrow reads those of LAKE, usually
the same. One line per table, quarantined rows included; exits 1 when one differs.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession

import compare
import lake
import places
import spark_session


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lakes", nargs="+", metavar="LAKE=READ")
    pairs = [tuple(map(Path, pair.split("="))) for pair in parser.parse_args().lakes]
    differing = 0
    with tempfile.TemporaryDirectory() as scratch:
        spark = spark_session.start(Path(scratch))
        try:
            for ours, read in pairs:
                for table, schema in tables(ours).items():
                    in_lake = lake.read_table(places.Here(ours), table)
                    # What partition columns hold is text for pyarrow, which has not been told their types.
                    difference, _ = compare.compare(in_lake, on_spark(spark, read / table, schema))
                    differing += difference is not None
                    print(f"differs {table}: {difference}" if difference else f"ok {table} {in_lake.num_rows} rows")
        finally:
            spark.stop()
    return 1 if differing else 0


def tables(root: Path) -> dict[str, str | None]:
    """Folders of tables, each with the columns that its newest version has; of quarantined rows Spark finds them itself."""
    found = {}
    for folder in sorted(root.glob("_trapiche/tables/*/*")):
        newest = json.loads(max(folder.glob("v*.json")).read_text())
        table = f"{folder.parent.name}/{folder.name}"
        found[table] = ", ".join(f"`{field['name']}` {field['type']}" for field in newest["schema"])
        if "quarantine" in newest:
            found[f"quarantine/{table}"] = None
    return found


def on_spark(spark: SparkSession, folder: Path, schema: str | None) -> pa.Table:
    reader = spark.read.schema(schema) if schema else spark.read
    return reader.parquet(str(folder)).toArrow()


if __name__ == "__main__":
    sys.exit(main())
