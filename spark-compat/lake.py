"""A Trapiche lake on a local disk: where its landings and tables lie, and how a table is read."""

import json
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

ZONES = ("trusted", "refined")
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def live_landings(lake: Path, source: str) -> list[dict]:
    """The manifests of a source's live landings, oldest first: those that the source's last state lists."""
    states = sorted(lake.glob(f"_trapiche/sources/{source}/s*.json"))
    live = json.loads(states[-1].read_text())["live"] if states else []
    return [json.loads((lake / landing["folder"] / "_landing.json").read_text()) for landing in live]


def tables(root: Path) -> list[str]:
    """`zone.name` of every table below `root`, sorted."""
    folders = [folder for zone in ZONES for folder in (root / zone).glob("*") if folder.is_dir()]
    return sorted(f"{folder.parent.name}.{folder.name}" for folder in folders if not _hidden(folder.name))


def table_folder(root: Path, name: str) -> Path:
    return root.joinpath(*name.split(".", 1))


def read_table(folder: Path) -> pa.Table:
    """All rows of a Hive-partitioned table; the partition columns come last, as text."""
    parts = []
    for path in sorted(folder.rglob("*.parquet")):
        inside = path.relative_to(folder).parts
        if any(_hidden(name) for name in inside):
            continue
        # Opened as one file, or pyarrow would guess the types of partition values.
        part = pq.ParquetFile(path).read()
        for step in inside[:-1]:
            column, _, value = step.partition("=")
            text = None if value == NULL_PARTITION else unquote(value)
            part = part.append_column(unquote(column), pa.array([text] * part.num_rows, pa.string()))
        parts.append(part)
    if not parts:
        raise FileNotFoundError(f"{folder} holds no Parquet file")
    return pa.concat_tables(parts, promote_options="permissive")


def _hidden(name: str) -> bool:
    return name.startswith(("_", "."))
