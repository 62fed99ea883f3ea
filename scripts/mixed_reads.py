"""Counts how often a plain listing reader sees an overwrite half done.

    "$(scripts/python-env)" scripts/mixed_reads.py TRAPICHE [--overwrites 50] [--partitions 8]

A project of its own, in a temporary folder, overwrites one partitioned table again and again; each time all rows carry
the next number. Meanwhile DuckDB reads the table as anyone would, through a glob over its folder, and asks which numbers
it sees and how many rows of each. Beside it, `trapiche query` asks the same of the table's version.

A read is *right* when it saw all rows of one number; *mixed* when it saw rows of two numbers, or not all of one; *failed*
when a file that was listed was gone when it was opened. Prints the three counts for both readers, as JSON.
"""

import argparse
import json
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

import duckdb

ROWS_PER_PARTITION = 20_000

PROJECT = """
name: mixed
targets: { here: { storage: "file://./lake" } }
sources: { numbers: { url: "file://./numbers.csv", columns: { number: bigint } } }
"""

QUERY = """/* trapiche
partition_by: [part]
*/
SELECT n.number, r.id, concat('p', cast(r.id % %PARTITIONS% AS string)) AS part
FROM raw.numbers AS n CROSS JOIN (SELECT value AS id FROM generate_series(0, %LAST%)) AS r
"""

SEEN = "SELECT number, count(*) AS rows FROM {} GROUP BY number"


def main() -> None:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        rows = arguments.partitions * ROWS_PER_PARTITION
        make_project(project, arguments.partitions, rows)
        overwrite(arguments.trapiche, project, 0)
        over = threading.Event()
        counts = {"listing (DuckDB)": Counter(), "versions (trapiche query)": Counter()}
        readers = [
            threading.Thread(target=watch, args=(over, rows, counts["listing (DuckDB)"], lambda: listed(project))),
            threading.Thread(
                target=watch,
                args=(over, rows, counts["versions (trapiche query)"], lambda: asked(arguments.trapiche, project)),
            ),
        ]
        for reader in readers:
            reader.start()
        for number in range(1, arguments.overwrites + 1):
            overwrite(arguments.trapiche, project, number)
        over.set()
        for reader in readers:
            reader.join()
    outcome = {"overwrites": arguments.overwrites, "partitions": arguments.partitions, "rows": rows}
    print(json.dumps(outcome | {reader: dict(count) for reader, count in counts.items()}, indent=2))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trapiche", type=Path, help="the program")
    parser.add_argument("--overwrites", type=int, default=50)
    parser.add_argument("--partitions", type=int, default=8)
    arguments = parser.parse_args()
    arguments.trapiche = arguments.trapiche.resolve()
    return arguments


def make_project(project: Path, partitions: int, rows: int) -> None:
    (project / "queries/trusted").mkdir(parents=True)
    (project / "trapiche.yml").write_text(PROJECT)
    query = QUERY.replace("%PARTITIONS%", str(partitions)).replace("%LAST%", str(rows - 1))
    (project / "queries/trusted/numbered.sql").write_text(query)


def overwrite(trapiche: Path, project: Path, number: int) -> None:
    (project / "numbers.csv").write_text(f"number\n{number}\n")
    subprocess.run([trapiche, "run"], cwd=project, check=True, capture_output=True)


def watch(over: threading.Event, rows: int, counts: Counter, read) -> None:
    """Reads until it is over. `read` gives {number: rows}, or None when it failed."""
    while not over.is_set():
        seen = read()
        if seen is None:
            counts["failed"] += 1
        else:
            counts["right" if list(seen.values()) == [rows] else "mixed"] += 1


def listed(project: Path) -> dict[int, int] | None:
    glob = f"read_parquet('{project}/lake/trusted/numbered/**/*.parquet', hive_partitioning = true)"
    try:
        return dict(duckdb.connect().execute(SEEN.format(glob)).fetchall())
    except duckdb.Error:
        return None


def asked(trapiche: Path, project: Path) -> dict[int, int] | None:
    command = [trapiche, "query", "-o", "json", SEEN.format("trusted.numbered")]
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True)
    if answer.returncode != 0:
        return None
    return {row["number"]: row["rows"] for row in json.loads(answer.stdout)}


if __name__ == "__main__":
    main()
