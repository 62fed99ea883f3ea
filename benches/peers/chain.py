"""Turns a project's queries and its lake's landings into one plan that every peer can follow.

    python chain.py PROJECT_DIR LAKE_DIR OUT_DIR

Writes OUT_DIR/spark.json with the project's own SQL, OUT_DIR/duckdb.json with the same SQL in DuckDB's dialect, and
OUT_DIR/polars.json without SQL, for the chain is written by hand there. None of this is timed. A plan has

    sources: name, paths, folder, format (csv or ndjson), delimiter, columns {name: type}, in the peer's own types
    tables:  name, sql, partition_by, in the order in which they are made
"""

import json
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import sqlglot
import yaml
from sqlglot import exp

sys.path.insert(0, str(Path(__file__).parents[2] / "spark-compat"))
import lake  # noqa: E402
import places  # noqa: E402
from run_on_spark import HEADER, queries, rules  # noqa: E402


def main() -> None:
    project, root, out = map(Path, sys.argv[1:])
    steps = queries(project)
    order = list(TopologicalSorter({name: step.reads for name, step in steps.items()}).static_order())
    tables = [table(project, name) for name in order if name in steps]
    sources = [source(root.absolute(), name) for name in sorted(name for name in order if name not in steps)]
    for dialect in ("spark", "duckdb", "polars"):
        plan = {"sources": [typed(source, dialect) for source in sources]}
        if dialect != "polars":
            plan["tables"] = [table | {"sql": in_dialect(table["sql"], dialect)} for table in tables]
        (out / f"{dialect}.json").write_text(json.dumps(plan, indent=1))


def table(project: Path, name: str) -> dict:
    """A query whose rows are those that its checks let into the table."""
    sql = project.joinpath("queries", *name.split(".")).with_suffix(".sql").read_text()
    header = HEADER.search(sql)
    settings = (yaml.safe_load(header[1]) or {}) if header else {}
    leaves_out = [check for check in settings.get("checks") or [] if check.get("on_fail") in ("drop", "quarantine")]
    sql = HEADER.sub("", sql).strip().rstrip(";")
    if leaves_out:
        keeps = " AND ".join(f"coalesce({rule}, true)" for check in leaves_out for rule in rules(check))
        sql = f"SELECT * FROM (\n{sql}\n) AS unchecked WHERE {keeps}"
    return {"name": name, "sql": sql, "partition_by": settings.get("partition_by") or []}


def source(root: Path, name: str) -> dict:
    landings = lake.live_landings(places.Here(root), name.removeprefix("raw."))
    if not landings:
        sys.exit(f"`{name}` has not landed in {root}: run `trapiche run 'raw.*'` first")
    if len(landings) > 1:
        sys.exit(f"`{name}` has several landings, which the peers are not told to put together")
    [landing] = landings
    paths = [root / part["path"] for part in landing["parts"]]
    match landing["format"]:
        case {"csv": {"delimiter": delimiter, "header": True}}:
            form = {"format": "csv", "delimiter": delimiter}
        case "ndjson":
            form = {"format": "ndjson"}
        case other:
            sys.exit(f"`{name}` landed in a format that the peers are not told to read: {other}")
    columns = {column["name"]: column["type"] for column in landing["schema"]}
    return {"name": name, "paths": [*map(str, paths)], "folder": str(paths[0].parent), **form, "columns": columns}


def typed(source: dict, dialect: str) -> dict:
    name = {"spark": str, "duckdb": duckdb_type, "polars": polars_type}[dialect]
    return source | {"columns": {column: name(kind) for column, kind in source["columns"].items()}}


def in_dialect(sql: str, dialect: str) -> str:
    return sql if dialect == "spark" else sqlglot.transpile(sql, read="spark", write=dialect, pretty=True)[0]


def duckdb_type(kind: str) -> str:
    return exp.DataType.build(kind, dialect="spark").sql("duckdb")


def polars_type(kind: str) -> str | dict:
    """The name of a class of `polars`, or one around others: {"list": type} or {"struct": {name: type}}."""
    return _polars(exp.DataType.build(kind, dialect="spark"))


def _polars(kind: exp.DataType) -> str | dict:
    plain = {"BIGINT": "Int64", "INT": "Int32", "DOUBLE": "Float64", "BOOLEAN": "Boolean", "TEXT": "String"}
    match kind.this.name:
        case "ARRAY":
            return {"list": _polars(kind.expressions[0])}
        case "STRUCT":
            return {"struct": {field.name: _polars(field.args["kind"]) for field in kind.expressions}}
        case name:
            return plain[name]


if __name__ == "__main__":
    main()
