"""Counts how often a reader who goes by Glue sees an overwrite half done, with and without `reads: atomic`.

    "$(scripts/python-env)" scripts/glue_reads.py TRAPICHE GLUE [--overwrites 50] [--partitions 4]

GLUE is the address of a catalogue: moto's. A project of its own, in a temporary folder, overwrites four tables again and again: with and without
partitions, each of them read from the table's folder and with `reads: atomic`. Each time all rows carry the next number. Meanwhile one reader for each
table does what Athena does: it asks Glue for the table, for what is behind it if that is a view, and for its partitions; a moment later it lists the folders that it was
told and reads all files in them.

A read is *right* when it saw all rows of one number; *mixed* when it saw rows of two numbers, or not all of one; *failed* when a folder or a file that
was to be read was gone. Prints the counts for each table, as JSON.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pyarrow.parquet

ROWS_PER_PARTITION = 500

# Between the answer of the catalogue and the listing of folders.
PAUSE = 0.02

LOCATION = "s3://acme/lake"

PROJECT = f"""
name: mixed
targets: {{ here: {{ storage: "file://./lake", glue: {{ location: "{LOCATION}" }} }} }}
sources: {{ numbers: {{ url: "file://./numbers.csv", columns: {{ number: bigint }} }} }}
"""

QUERY = """SELECT n.number, r.id%PART%
FROM raw.numbers AS n CROSS JOIN (SELECT value AS id FROM generate_series(0, %LAST%)) AS r
"""

TABLES = {
    "partitioned": ["partition_by: [part]"],
    "partitioned_atomic": ["partition_by: [part]", "reads: atomic"],
    "whole": ["description: without partitions"],
    "whole_atomic": ["reads: atomic"],
}


class Glue:
    """A catalogue, asked as its API says; nobody checks who asks."""

    def __init__(self, address: str):
        self.address = address

    def ask(self, operation: str, **body) -> dict:
        headers = {
            "X-Amz-Target": f"AWSGlue.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/glue/aws4_request, SignedHeaders=host, Signature=x",
        }
        request = urllib.request.Request(self.address, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def folders(self, name: str) -> list[str]:
        table = self.ask("GetTable", DatabaseName="trusted", Name=name)["Table"]
        if table["TableType"] == "VIRTUAL_VIEW":
            encoded = re.fullmatch(r"/\* Presto View: (.*) \*/", table["ViewOriginalText"])[1]
            sql = json.loads(base64.b64decode(encoded))["originalSql"]
            name = re.search(r'FROM "trusted"\."([^"]+)"$', sql)[1]
            table = self.ask("GetTable", DatabaseName="trusted", Name=name)["Table"]
        if not table["PartitionKeys"]:
            return [table["StorageDescriptor"]["Location"]]
        found, more = [], {}
        while True:
            page = self.ask("GetPartitions", DatabaseName="trusted", TableName=name, **more)
            found += [partition["StorageDescriptor"]["Location"] for partition in page["Partitions"]]
            if not page.get("NextToken"):
                return found
            more = {"NextToken": page["NextToken"]}


def main() -> None:
    arguments = parse_arguments()
    glue = Glue(arguments.glue)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        rows = arguments.partitions * ROWS_PER_PARTITION
        make_project(project, arguments.partitions, rows)
        overwrite(arguments, project, 0)
        over = threading.Event()
        counts = {table: Counter() for table in TABLES}
        readers = [
            threading.Thread(target=watch, args=(over, rows, counts[table], glue, project, table)) for table in TABLES
        ]
        for reader in readers:
            reader.start()
        try:
            for number in range(1, arguments.overwrites + 1):
                overwrite(arguments, project, number)
        finally:
            over.set()
            for reader in readers:
                reader.join()
    outcome = {"overwrites": arguments.overwrites, "partitions": arguments.partitions, "rows": rows}
    print(json.dumps(outcome | {table: dict(count) for table, count in counts.items()}, indent=2))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trapiche", type=Path, help="the program")
    parser.add_argument("glue", help="the catalogue's address")
    parser.add_argument("--overwrites", type=int, default=50)
    parser.add_argument("--partitions", type=int, default=4)
    arguments = parser.parse_args()
    arguments.trapiche = arguments.trapiche.resolve()
    return arguments


def make_project(project: Path, partitions: int, rows: int) -> None:
    (project / "queries/trusted").mkdir(parents=True)
    (project / "trapiche.yml").write_text(PROJECT)
    for table, header in TABLES.items():
        part = f", concat('p', cast(r.id % {partitions} AS string)) AS part" if "partition_by: [part]" in header else ""
        query = QUERY.replace("%PART%", part).replace("%LAST%", str(rows - 1))
        text = "/* trapiche\n" + "\n".join(header) + "\n*/\n" + query
        (project / f"queries/trusted/{table}.sql").write_text(text)


def overwrite(arguments: argparse.Namespace, project: Path, number: int) -> None:
    (project / "numbers.csv").write_text(f"number\n{number}\n")
    environment = os.environ | {
        "AWS_ENDPOINT_URL_GLUE": arguments.glue,
        "AWS_ACCESS_KEY_ID": "trapiche",
        "AWS_SECRET_ACCESS_KEY": "trapiche-secret",
        "AWS_REGION": "eu-west-1",
    }
    done = subprocess.run([arguments.trapiche, "run"], cwd=project, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)


def watch(over: threading.Event, rows: int, counts: Counter, glue: Glue, project: Path, table: str) -> None:
    """Reads until it is over."""
    while not over.is_set():
        try:
            seen = read(glue, project, table)
        except (OSError, urllib.error.URLError, pyarrow.ArrowException):
            counts["failed"] += 1
            continue
        counts["right" if list(seen.values()) == [rows] else "mixed"] += 1


def read(glue: Glue, project: Path, table: str) -> Counter:
    """How many rows there are of each number."""
    folders = glue.folders(table)
    time.sleep(PAUSE)
    files = []
    for location in folders:
        folder = project / "lake" / location.removeprefix(LOCATION).strip("/")
        # Athena sees no file whose name begins so, and takes those of folders within the folder, too.
        files += [file for file in folder.rglob("*.parquet") if not file.name.startswith(("_", "."))]
        if not folder.is_dir():
            raise FileNotFoundError(folder)
    seen = Counter()
    for file in files:
        # The columns of the folders' names are not asked for.
        numbers = pyarrow.parquet.ParquetFile(file).read(columns=["number"])["number"].to_pylist()
        seen.update(numbers)
    return seen


if __name__ == "__main__":
    main()
