"""Whether Trino, which reads what Athena reads, sees what the lake has: by its own statements, and by Glue.

    "$(scripts/python-env)" scripts/trino_check.py TRAPICHE [--overwrites 50]

It starts MinIO, moto (which plays Glue) and Trino on 127.0.0.1, as scripts/s3-server and scripts/trino-server install them; where one of them is missing it
says so and ends with exit code 3. Then:

1. The demo's project and one with every type and odd partition values are run into MinIO; what `trapiche publish --ddl trino` prints is run in Trino, and the
   rows of each table are compared with what pyarrow reads of the same files.
2. A project with `glue:` is run, with tables that are read from their folders, with `reads: atomic` and by a `projection`; Trino finds them in Glue, and
   their rows are compared with those of `trapiche query`.
3. Two tables, one with `reads: atomic`, are overwritten again and again while Trino reads them by Glue. Reads are *right*, *mixed* or *failed* as in
   scripts/glue_reads.py.

Ends with exit code 1 where rows differ, or where a read of the table with `reads: atomic` was not right.
"""

import argparse
import base64
import json
import math
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

import pyarrow
import pyarrow.fs
import pyarrow.parquet
import pyarrow.types

REPOSITORY = Path(__file__).resolve().parent.parent
KEYS = {"AWS_ACCESS_KEY_ID": "trapiche", "AWS_SECRET_ACCESS_KEY": "trapiche-secret", "AWS_REGION": "us-east-1"}
NULL = "__HIVE_DEFAULT_PARTITION__"

ALL_TYPES = """/* trapiche
description: "All of it: the owner's"
partition_by: [town, day, n, yes, price]
*/
SELECT cast(id AS boolean) AS flag, cast(id AS tinyint) AS tiny, cast(id AS smallint) AS small, cast(id AS int) AS whole, cast(id AS bigint) AS big,
    cast(id AS float) / 3F AS thin, CASE WHEN id = 2 THEN double('NaN') WHEN id = 3 THEN double('-Infinity') ELSE id / 7D END AS ratio,
    cast(id AS decimal(38, 7)) AS large, cast(id AS decimal(5, 2)) AS small_price, CASE WHEN id > 0 THEN concat('ñ', id) END AS note,
    CASE WHEN id = 1 THEN X'00FF1F' END AS bytes, date_add(DATE'1969-12-30', id) AS on_day,
    CASE WHEN id < 4 THEN TIMESTAMP'1969-12-31 23:59:59.123' ELSE TIMESTAMP'2024-02-29 10:20:30' END AS at,
    CASE WHEN id = 1 THEN array() WHEN id = 2 THEN array(1, NULL) ELSE array(id) END AS list,
    named_struct('a', id, 'b', array(named_struct('c', concat('x', id)))) AS nested, map('k', id / 2D, 'l', NULL) AS pairs,
    town, day, n, yes, price
FROM VALUES (0, 'men\\'s clothing', DATE'2024-01-01', 1, true, 1.50BD), (1, 'a/b', DATE'2024-01-01', 2, false, 2.25BD), (2, '50%', DATE'2024-12-31', -3, NULL, 0.00BD),
    (3, 'x=y:z', NULL, 4, true, -1.00BD), (4, 'ñandú', DATE'1900-01-01', NULL, true, 10.00BD), (5, NULL, NULL, NULL, NULL, NULL),
    (6, 'a b', DATE'2024-01-01', 7, true, 1.50BD), (7, '"q"#*?[]{}^\\\\', DATE'2024-01-01', 8, true, 1.50BD)
    AS t(id, town, day, n, yes, price)
"""

IN_GLUE = {
    "folder_parts": ("partition_by: [part]", "id, concat('p', id % 5) AS part"),
    "atomic_parts": ("partition_by: [part, day]\nreads: atomic", "id, concat('p ', id % 5, '/x') AS part, date_add(DATE'2024-01-01', id % 2) AS day"),
    "atomic_null": ("partition_by: [part]\nreads: atomic", "id, CASE WHEN id % 3 > 0 THEN id % 3 END AS part"),
    "atomic_whole": ("reads: atomic", "id, array(id) AS list, named_struct('a', id) AS nested, timestamp_seconds(id) AS at"),
    "projected": (
        "partition_by: [day, n, town]\nprojection: { day: { from: 2024-01-01, to: now }, n: { from: -1, to: 4 }, town: { values: [AR, CL] } }",
        "id, date_add(DATE'2024-01-01', id % 3) AS day, id % 4 AS n, CASE WHEN id % 2 = 0 THEN 'AR' ELSE 'CL' END AS town",
    ),
}

MIXED = {"folder_mixed": "partition_by: [part]", "atomic_mixed": "partition_by: [part]\nreads: atomic"}


class Trino:
    def __init__(self, address: str):
        self.address = address

    def query(self, sql: str, catalog: str = "lake") -> tuple[list[dict], list[list]]:
        """Columns and rows, as Trino's protocol has them."""
        headers = {"X-Trino-User": "check", "X-Trino-Catalog": catalog, "X-Trino-Time-Zone": "UTC"}
        request = urllib.request.Request(f"{self.address}/v1/statement", sql.encode(), headers)
        columns, rows = [], []
        while True:
            with urllib.request.urlopen(request, timeout=120) as answer:
                page = json.load(answer)
            if "error" in page:
                raise RuntimeError(f"{sql}: {page['error']['message']}")
            columns = page.get("columns", columns)
            rows += page.get("data", [])
            if "nextUri" not in page:
                return columns, rows
            request = urllib.request.Request(page["nextUri"])


class Servers:
    """MinIO, moto and Trino, gone at the end."""

    def __enter__(self):
        self.ends = []
        self.s3 = self.started("s3-server", "start", "minio")
        python = subprocess.run([REPOSITORY / "scripts/python-env", "aws"], capture_output=True, text=True, check=True).stdout.strip()
        port = free_port()
        moto = subprocess.Popen(
            [python, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.ends.append(moto.terminate)
        self.glue = f"http://127.0.0.1:{port}"
        wait_for(f"{self.glue}/moto-api/")
        self.trino = Trino(self.started("trino-server", "start", self.s3, self.glue))
        return self

    def started(self, script: str, *arguments: str) -> str:
        command = [REPOSITORY / "scripts" / script, *arguments]
        # Not by a pipe: the server would hold its end.
        with tempfile.TemporaryFile() as output:
            code = subprocess.run(command, stdout=output).returncode
            output.seek(0)
            words = output.read().decode().split()
        if code != 0:
            self.__exit__()
            sys.exit(code)
        address, pid, folder = words
        self.ends.append(lambda: subprocess.run([REPOSITORY / "scripts" / script, "stop", pid, folder], check=False))
        return address

    def __exit__(self, *_):
        for end in reversed(self.ends):
            end()


class Project:
    def __init__(self, folder: Path, trapiche: Path, servers: Servers):
        self.folder, self.trapiche, self.servers = folder, trapiche, servers

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def command(self, *arguments: str) -> str:
        environment = os.environ | KEYS | {"AWS_ENDPOINT_URL_GLUE": self.servers.glue}
        done = subprocess.run([self.trapiche, *arguments], cwd=self.folder, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"trapiche {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


def main() -> None:
    arguments = parse_arguments()
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Servers() as servers, tempfile.TemporaryDirectory() as folder:
        faults = []
        for name, make in {"demo": demo, "types": types}.items():
            project = Project(Path(folder) / name, arguments.trapiche, servers)
            make(project)
            project.command("run")
            faults += by_statements(project, f"lake/{name}")
        project = Project(Path(folder) / "glue", arguments.trapiche, servers)
        faults += by_glue(project)
        counts = while_overwritten(project, arguments.overwrites)
    print(json.dumps({"overwrites": arguments.overwrites} | {table: dict(count) for table, count in counts.items()}))
    if counts["atomic_mixed"].keys() - {"right"} or not counts["atomic_mixed"]["right"]:
        faults.append("a read of the table with `reads: atomic` was not right")
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trapiche", type=Path, help="the program")
    parser.add_argument("--overwrites", type=int, default=50)
    arguments = parser.parse_args()
    arguments.trapiche = arguments.trapiche.resolve()
    return arguments


def storage(project: Project, name: str) -> str:
    return f'storage: "s3://lake/{name}", s3: {{ endpoint: "{project.servers.s3}", region: us-east-1 }}'


def demo(project: Project) -> None:
    for part in ["trapiche.yml", "queries", "models"]:
        there = REPOSITORY / part
        (shutil.copytree if there.is_dir() else shutil.copy)(there, ensured(project.folder / part))
    settings = (project.folder / "trapiche.yml").read_text()
    block = f'storage: "s3://lake/demo"\n    s3: {{ endpoint: "{project.servers.s3}", region: us-east-1 }}'
    project.write("trapiche.yml", settings.replace('storage: "file://./lake"', block, 1))


def types(project: Project) -> None:
    # Milliseconds are what Trino shows of timestamps unless it is told otherwise.
    project.write("trapiche.yml", f"name: types\ntargets: {{ here: {{ {storage(project, 'types')}, timestamps: millis }} }}\n")
    project.write("queries/trusted/all_types.sql", ALL_TYPES)
    project.write("queries/refined/of_it.sql", "SELECT town, day, count(*) AS n, sum(large) AS large FROM trusted.all_types GROUP BY town, day")
    project.write("queries/refined/none.sql", "SELECT * FROM trusted.all_types WHERE big < 0")


def by_statements(project: Project, place: str) -> list[str]:
    trino, faults = project.servers.trino, []
    name = place.rsplit("/", 1)[1]
    statements = project.command("publish", "--ddl", "trino", "--catalog", "lake", "--prefix", f"{name}_").split(";\n")
    for statement in filter(None, map(str.strip, statements)):
        trino.query(statement.rstrip(";"))
    files = pyarrow.fs.S3FileSystem(
        access_key=KEYS["AWS_ACCESS_KEY_ID"], secret_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=project.servers.s3, region="us-east-1",
    )
    for zone in ["trusted", "refined"]:
        for [table] in trino.query(f"SHOW TABLES FROM {name}_{zone}")[1]:
            columns, rows = trino.query(f'SELECT * FROM {name}_{zone}."{table}"')
            seen = sorted(json.dumps([plain(value, column["type"]) for value, column in zip(row, columns)]) for row in rows)
            there = sorted(json.dumps(row) for row in read(files, f"{place}/{zone}/{table}", [column["name"] for column in columns]))
            print(f"{name}_{zone}.{table}: {len(seen)} rows {'are equal' if seen == there else 'DIFFER'}")
            if seen != there:
                odd = [(a, b) for a, b in zip(seen, there) if a != b][:2]
                faults.append(f"{name}_{zone}.{table}: Trino has {len(seen)} rows, the files {len(there)}; {odd}")
    return faults


def plain(value, kind: str):
    """A value of Trino's protocol, in which maps have no order and a `real` is as long as its text."""
    if isinstance(value, dict):
        return sorted([key, plain(inner, kind.rsplit(",", 1)[1].strip(" )"))] for key, inner in value.items())
    if isinstance(value, list):
        return [plain(inner, "") for inner in value]
    if kind == "real" and isinstance(value, float):
        return struct.pack("<f", value).hex()
    return value


def read(files: pyarrow.fs.FileSystem, folder: str, names: list[str]) -> list[list]:
    rows = []
    for info in files.get_file_info(pyarrow.fs.FileSelector(folder, recursive=True)):
        if info.type != pyarrow.fs.FileType.File:
            continue
        table = pyarrow.parquet.ParquetFile(files.open_input_file(info.path)).read()
        parts = [part.split("=", 1) for part in info.path.removeprefix(folder).split("/")[1:-1]]
        parts = {key: None if value == NULL else urllib.parse.unquote(value) for key, value in parts}
        columns = []
        for name in names:
            if name in parts:
                columns.append([of_path(name, parts[name])] * table.num_rows)
            else:
                column = table[name]
                columns.append([of_arrow(value, column.type) for value in column.to_pylist()])
        rows += [list(row) for row in zip(*columns)]
    return rows


def of_path(name: str, value: str | None):
    """By the names of the partition columns above; all others are texts."""
    if value is None:
        return None
    return {"n": int, "yes": lambda text: text == "true"}.get(name, str)(value)


def of_arrow(value, kind: pyarrow.DataType):
    if value is None:
        return None
    if pyarrow.types.is_map(kind):
        return sorted([str(key), of_arrow(inner, kind.item_type)] for key, inner in value)
    if pyarrow.types.is_list(kind):
        return [of_arrow(inner, kind.value_type) for inner in value]
    if pyarrow.types.is_struct(kind):
        return [of_arrow(value[field.name], field.type) for field in kind]
    if pyarrow.types.is_decimal(kind):
        return format(value, "f")
    if pyarrow.types.is_float32(kind):
        return struct.pack("<f", value).hex()
    if pyarrow.types.is_floating(kind) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if pyarrow.types.is_timestamp(kind):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    if pyarrow.types.is_date(kind):
        return value.isoformat()
    if pyarrow.types.is_binary(kind):
        return base64.b64encode(value).decode()
    return value


def by_glue(project: Project) -> list[str]:
    settings = f"name: glue\ntargets: {{ here: {{ {storage(project, 'glue')}, glue: {{ prefix: g_ }} }} }}\n"
    settings += 'sources: { numbers: { url: "file://./numbers.csv", columns: { number: bigint } } }\n'
    project.write("trapiche.yml", settings)
    project.write("numbers.csv", "number\n0\n")
    for table, (header, columns) in IN_GLUE.items():
        query = f"/* trapiche\n{header}\n*/\nSELECT {columns} FROM range(60) WHERE id < 40 OR (SELECT max(number) FROM raw.numbers) > 0\n"
        project.write(f"queries/trusted/{table}.sql", query)
    for table, header in MIXED.items():
        query = f"/* trapiche\n{header}\n*/\nSELECT n.number, r.id, concat('p', r.id % 6) AS part FROM raw.numbers AS n CROSS JOIN (SELECT id FROM range(12000)) AS r\n"
        project.write(f"queries/trusted/{table}.sql", query)
    faults = []
    # The second time other rows, and other partitions.
    for number in [0, 1]:
        project.write("numbers.csv", f"number\n{number}\n")
        project.command("run")
        for table in IN_GLUE:
            columns, rows = project.servers.trino.query(f"SELECT * FROM g_trusted.{table}", "awsdatacatalog")
            names = [column["name"] for column in columns]
            answer = json.loads(project.command("query", "-o", "json", f"SELECT {', '.join(names)} FROM trusted.{table} ORDER BY id"))
            there = [[simple(row[name]) for name in names] for row in answer]
            seen = sorted(([simple(value) for value in row] for row in rows), key=lambda row: row[names.index("id")])
            print(f"by Glue {table}: {len(seen)} rows {'are equal' if seen == there else 'DIFFER'}")
            if seen != there:
                odd = [(a, b) for a, b in zip(seen, there) if a != b][:2]
                faults.append(f"by Glue {table}: Trino has {len(seen)} rows, the lake {len(there)}; {odd}")
    return faults


def simple(value):
    """Structs as lists, timestamps without their fraction of zeros."""
    if isinstance(value, dict):
        return [simple(inner) for inner in value.values()]
    if isinstance(value, list):
        return [simple(inner) for inner in value]
    return value.replace("T", " ").removesuffix(".000") if isinstance(value, str) else value


def while_overwritten(project: Project, overwrites: int) -> dict[str, Counter]:
    over, counts = threading.Event(), {table: Counter() for table in MIXED}
    threads = [threading.Thread(target=watch, args=(project, table, over, counts[table])) for table in MIXED]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, overwrites + 2):
            project.write("numbers.csv", f"number\n{number}\n")
            project.command("run", *[f"+{table}" for table in MIXED])
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return counts


def watch(project: Project, table: str, over: threading.Event, counts: Counter) -> None:
    sql = f"SELECT number, count(*) FROM g_trusted.{table} GROUP BY number"
    while not over.is_set():
        try:
            rows = project.servers.trino.query(sql, "awsdatacatalog")[1]
        except RuntimeError as error:
            counts["failed"] += 1
            print(error, file=sys.stderr)
            continue
        counts["right" if [row[1] for row in rows] == [12000] else "mixed"] += 1


def ensured(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def free_port() -> int:
    return int(subprocess.run([REPOSITORY / "scripts/free-port"], capture_output=True, check=True).stdout)


def wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"nobody answers at {address}")


if __name__ == "__main__":
    main()
