#!/usr/bin/env python3
"""The partitioned write of one Parquet file, side by side: Trapiche, DuckDB, Polars, DataFusion's own writer.

    benches/partitioned.py lineitem.parquet l_shipmode,ship_year --runs 5
    benches/partitioned.py many.parquet key --memory 512MB

partitioned.sh installs the peers and makes the rows first.

Each run is a whole process into an empty folder, in turn; wall, CPU and peak memory are the operating system's. The
tables of the first round are compared (rows, and sums of a few columns) before any number is printed. `ship_year` is
made from `l_shipdate` by every engine. `--make FILE` makes 10 million rows with 10,000 values of `key` first.
"""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# A process that takes longer has failed.
PATIENCE_S = 300

DUCKDB = """
import duckdb, sys
source, out, keys, memory = sys.argv[1:5]
con = duckdb.connect()
if memory != "-": con.execute(f"SET memory_limit = '{memory}'"); con.execute(f"SET temp_directory = '{out}.spill'")
con.execute("SET preserve_insertion_order = false")
year = ", year(l_shipdate)::INT AS ship_year" if "ship_year" in keys else ""
con.execute(f"COPY (SELECT *{year} FROM '{source}') TO '{out}' (FORMAT parquet, PARTITION_BY ({keys}), COMPRESSION zstd, COMPRESSION_LEVEL 1)")
"""

POLARS = """
import polars as pl, sys
source, out, keys, memory = sys.argv[1:5]
rows = pl.scan_parquet(source)
if "ship_year" in keys: rows = rows.with_columns(pl.col("l_shipdate").dt.year().cast(pl.Int32).alias("ship_year"))
rows.sink_parquet(pl.PartitionBy(out, key=keys.split(","), include_key=False), compression="zstd", compression_level=1, mkdir=True)
"""

MAKE = """
import duckdb, sys
duckdb.sql(f"COPY (SELECT 'k' || (hash(i) % 10000) AS key, i AS id, (hash(i + 1) % 1000000) / 100.0 AS amount, 'name ' || (hash(i + 2) % 5000) AS name FROM range(10000000) t(i)) TO '{sys.argv[1]}' (FORMAT parquet, COMPRESSION zstd)")
"""

CHECK = """
import duckdb, sys
table, columns = sys.argv[1], sys.argv[2]
print(duckdb.sql(f"SELECT count(*), {columns} FROM read_parquet('{table}/**/*.parquet', hive_partitioning = true)").fetchall())
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("keys")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", help="such as 512MB: for those that can be limited")
    parser.add_argument("--peers", default="trapiche,duckdb,polars,datafusion")
    parser.add_argument("--make", action="store_true", help="make the input first")
    args = parser.parse_args()
    if args.make:
        subprocess.run([sys.executable, "-c", MAKE, str(args.input)], check=True)
    bench = build()
    memory = args.memory or "-"
    ours = [str(parse_size(memory))] if args.memory else []
    commands = {
        "trapiche": lambda out: [bench, args.input, out, args.keys, *ours],
        "datafusion": lambda out: [bench, args.input, f"datafusion:{out}", args.keys, *ours],
        "duckdb": lambda out: [sys.executable, "-c", DUCKDB, args.input, out, args.keys, memory],
        "polars": lambda out: [sys.executable, "-c", POLARS, args.input, out, args.keys, memory],
    }
    peers = args.peers.split(",")
    figures = {peer: [] for peer in peers}
    failed = {}
    for run in range(args.runs + 1):
        for peer in [peer for peer in peers if peer not in failed]:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "out"
                figure = timed(commands[peer](out))
                if isinstance(figure, str):
                    failed[peer] = figure
                elif run == 0:
                    print(f"{peer}: {check(out)} {sum(1 for _ in out.rglob('*.parquet'))} files", file=sys.stderr)
                else:
                    figures[peer].append(figure)
    print("| | wall s | CPU s | peak MB | wall × | CPU × | peak × |\n|---|--:|--:|--:|--:|--:|--:|")
    medians = {peer: [statistics.median(column) for column in zip(*runs)] for peer, runs in figures.items() if runs}
    base = medians.get("trapiche")
    for peer, median in medians.items():
        ratios = [f"{value / of:.2f}" for value, of in zip(median, base or median)]
        print(f"| {peer} | {median[0]:.2f} | {median[1]:.2f} | {median[2]:.0f} | {' | '.join(ratios)} |")
    for peer, why in failed.items():
        print(f"| {peer} | failed: {why} |")
    return 0


def build() -> str:
    """Builds the bench program; cargo says where it lies."""
    cargo = ["cargo", "bench", "--bench", "partitioned", "--no-run"]
    words = subprocess.run(cargo, cwd=HERE, check=True, stderr=subprocess.PIPE, text=True).stderr
    path = re.search(r"Executable .*\((.*)\)", words).group(1)
    return str(path if os.path.isabs(path) else HERE.parent / path)


def timed(command: list) -> tuple | str:
    """Wall seconds, CPU seconds and peak MB of a process, or its last words when it failed."""
    with tempfile.TemporaryFile("w+") as words:
        started = time.perf_counter()
        child = subprocess.Popen([str(part) for part in command], stdout=words, stderr=words)
        end = threading.Timer(PATIENCE_S, child.kill)
        end.start()
        _, status, usage = os.wait4(child.pid, 0)
        end.cancel()
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        words.seek(0)
        if child.returncode != 0:
            lines = [line for line in words.read().splitlines() if line.strip()]
            return f"not done in {PATIENCE_S} s" if wall >= PATIENCE_S else (lines or ["killed"])[-1][:160]
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def check(out: Path) -> str:
    table = next((folder for folder in [out / "trusted" / "written"] if folder.exists()), out)
    columns = "0"
    for names in ["sum(l_orderkey), sum(l_extendedprice), max(l_comment), count(DISTINCT l_shipmode)", "sum(id), max(name), count(DISTINCT key)"]:
        asked = subprocess.run([sys.executable, "-c", CHECK, table, names], capture_output=True, text=True)
        if asked.returncode == 0:
            return asked.stdout.strip()
    return columns


def parse_size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]*)", text).groups()
    return int(number) * {"": 1, "MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}[unit]


if __name__ == "__main__":
    sys.exit(main())
