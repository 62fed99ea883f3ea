"""A Trapiche lake: where its landings and tables lie, and how a table is read. `places.py` has the places it may lie in."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

ZONES = ("trusted", "refined")
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def live_landings(place, source: str) -> list[dict]:
    """The manifests of a source's live landings, oldest first: those that the source's last state lists."""
    folder = f"_trapiche/sources/{source}"
    states = [name for name in place.names(folder) if re.fullmatch(r"s[^/]*\.json", name[len(folder) + 1 :])]
    live = json.loads(place.text(states[-1]))["live"] if states else []
    return [json.loads(place.text(f"{landing['folder']}/_landing.json")) for landing in live]


def tables(place) -> list[str]:
    """`zone.name` of every table of a place, sorted."""
    folders = {tuple(name.split("/")[:2]) for zone in ZONES for name in place.names(zone) if name.count("/") > 1}
    return sorted(f"{zone}.{table}" for zone, table in folders if not _hidden(table))


def table_folder(name: str) -> str:
    return name.replace(".", "/", 1)


def read_table(place, folder: str):
    """All rows of a Hive-partitioned table as pyarrow's; the partition columns come last, as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = []
    for name in place.names(folder):
        inside = name[len(folder) + 1 :].split("/")
        if not name.endswith(".parquet") or any(_hidden(step) for step in inside):
            continue
        # Opened as one file, or pyarrow would guess the types of partition values.
        with place.open(name) as file:
            part = pq.ParquetFile(file).read()
        for step in inside[:-1]:
            column, _, value = step.partition("=")
            text = None if value == NULL_PARTITION else unquote(value)
            part = part.append_column(unquote(column), pa.array([text] * part.num_rows, pa.string()))
        parts.append(part)
    if not parts:
        raise FileNotFoundError(f"{place.url(folder)} holds no Parquet file")
    return pa.concat_tables(parts, promote_options="permissive")


def _hidden(name: str) -> bool:
    return name.startswith(("_", "."))
