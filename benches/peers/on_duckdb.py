"""The chain on DuckDB: `python on_duckdb.py PLAN OUT_DIR` (see chain.py). Prints its own seconds after the start."""

import json
import sys
from pathlib import Path
from time import perf_counter

import duckdb


def main() -> None:
    plan, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]).absolute()
    started = perf_counter()
    connection = duckdb.connect()
    for zone in ("raw", "trusted", "refined"):
        connection.execute(f"CREATE SCHEMA {zone}")
    for source in plan["sources"]:
        connection.execute(f"CREATE VIEW {source['name']} AS SELECT * FROM {read(source)}")
    for table in plan["tables"]:
        folder = out.joinpath(*table["name"].split("."))
        folder.parent.mkdir(parents=True, exist_ok=True)
        keys = ", ".join(table["partition_by"])
        connection.execute(
            f"COPY ({table['sql']}) TO {text(folder)} (FORMAT parquet, COMPRESSION zstd, "
            + (f"PARTITION_BY ({keys}))" if keys else "PER_THREAD_OUTPUT)")
        )
        # Partition values are text unless types are guessed.
        connection.execute(
            f"CREATE VIEW {table['name']} AS SELECT * FROM read_parquet({text(folder / '**/*.parquet')}, "
            f"hive_partitioning = {bool(keys)}, hive_types_autocast = false)"
        )
    print(json.dumps({"seconds": perf_counter() - started}))


def read(source: dict) -> str:
    columns = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in source["columns"].items())
    paths = ", ".join(map(text, source["paths"]))
    if source["format"] == "ndjson":
        return f"read_json([{paths}], format = 'newline_delimited', columns = {{{columns}}})"
    return (
        f"read_csv([{paths}], header = true, delim = {text(source['delimiter'])}, quote = '\"', escape = '\"', "
        f"auto_detect = false, columns = {{{columns}}})"
    )


def text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    main()
