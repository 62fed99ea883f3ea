"""Times captures from PostgreSQL and MariaDB beside the servers' own clients, whole processes in turn.

    databases.sh [--rows N] [--runs N]
    databases.sh --tpch SCALE          all tables of TPC-H, and whether what landed is what was generated

The servers are started for it (scripts/database-server) and have the table in memory. What the client takes is measured;
what the server takes is the same question's, and is in the wall time alone. This process stays small: a child's peak
memory is counted from its parent's size on.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

import databases_tpch

ROOT = Path(__file__).resolve().parent.parent

# Twelve columns: keys, money, instants, texts with quotes and line ends, and nulls.
COLUMNS = (
    "id bigint, customer int, amount decimal(12,2), rate double precision, sold_on date, sold_at timestamp(6) NULL, "
    "is_paid boolean, country char(2), code varchar(40), note text, discount decimal(5,4), quantity smallint"
)
POSTGRES_ROWS = """INSERT INTO wide SELECT n, n % 100003, (n % 1000000) / 100.0, n / 7.0, date '2020-01-01' + (n % 2000)::int,
    timestamp '2020-01-01' + n * interval '1.000001 second', n % 3 = 0, chr(65 + (n % 26)::int) || 'X', md5(n::text),
    CASE WHEN n % 10 = 0 THEN NULL WHEN n % 97 = 0 THEN E'two\\nlines, "quoted"' ELSE 'item ' || n END,
    CASE WHEN n % 2 = 0 THEN 0.1250 END, n % 1000 FROM generate_series(1, {rows}) n"""
MARIADB_ROWS = """INSERT INTO wide SELECT seq, seq % 100003, (seq % 1000000) / 100.0, seq / 7.0, '2020-01-01' + INTERVAL (seq % 2000) DAY,
    '2020-01-01' + INTERVAL (seq * 1.000001) SECOND, seq % 3 = 0, concat(char(65 + seq % 26), 'X'), md5(seq),
    CASE WHEN seq % 10 = 0 THEN NULL WHEN seq % 97 = 0 THEN 'two\\nlines, "quoted"' ELSE concat('item ', seq) END,
    CASE WHEN seq % 2 = 0 THEN 0.1250 END, seq % 1000 FROM seq_1_to_{rows}"""


# The extension comes as a package, so nothing is fetched by DuckDB itself.
DUCKDB = """import duckdb, duckdb_extension_postgres_scanner as package, pathlib
extension = next(pathlib.Path(package.__file__).parent.glob("extensions/*/*.duckdb_extension"))
connection = duckdb.connect()
connection.execute(f"LOAD '{extension}'")
"""


@dataclass
class Cost:
    """Of one process."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> int:
    parser = argparse.ArgumentParser("databases.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each, after one that is not")
    parser.add_argument("--tpch", type=float, metavar="SCALE", help="all tables of TPC-H at this scale, instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trapiche-databases.") as folder:
        if args.tpch:
            databases_tpch.generate(args.tpch, Path(folder) / "files")
        for kind in ("postgres", "mariadb"):
            answer = subprocess.run(
                [ROOT / "scripts/database-server", "start", kind], stdout=subprocess.PIPE, text=True, check=True
            )
            url, pid, data = answer.stdout.split()
            try:
                if args.tpch:
                    tpch(kind, url, Path(folder))
                else:
                    measure(kind, url, args, Path(folder) / kind)
            finally:
                subprocess.run([ROOT / "scripts/database-server", "stop", pid, data], check=True)
    return 0


def measure(kind: str, url: str, args: argparse.Namespace, work: Path) -> None:
    work.mkdir()
    create = f"CREATE TABLE wide ({COLUMNS})"
    if kind == "postgres":
        for sql in (create, POSTGRES_ROWS.format(rows=args.rows), "VACUUM ANALYZE wide"):
            quietly(["psql", url, "-q", "-c", sql])
        commands = {
            "psql \\copy": ["psql", url, "-q", "-c", f"\\copy wide TO '{work}/copied.csv' (FORMAT csv)"],
            "trapiche, 1 reader": ours(url, work / "one", 1),
            "trapiche, 2 readers": ours(url, work / "two", 2),
        }
        commands |= peers(url, work)
        if can_duckdb():
            commands["duckdb to CSV"] = [sys.executable, "-c", duckdb(url, work / "duckdb.csv")]
    else:
        where = urlsplit(url)
        client = ["mariadb", f"-h{where.hostname}", f"-P{where.port}", f"-u{where.username}", f"-p{where.password}", "shop"]
        for sql in (create, MARIADB_ROWS.format(rows=args.rows), "ANALYZE TABLE wide"):
            quietly([*client, "-e", sql])
        dump = " ".join([*client, "--quick", "-B", "-e", "'SELECT * FROM wide'", ">", f"{work}/dumped.tsv"])
        commands = {
            "mariadb --quick -B": ["sh", "-c", f"exec {dump}"],
            "trapiche, 1 reader": ours(url, work / "one", 1),
            "trapiche, 2 readers": ours(url, work / "two", 2),
        }
        commands |= peers(url, work)
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(args.runs + 1):
        # Another one begins each round.
        names = list(commands)
        for name in names[number % len(names):] + names[:number % len(names)]:
            for project in ("one/lake", "two/lake", *(f"dlt-{backend}" for backend in DLT_BACKENDS)):
                shutil.rmtree(work / project, ignore_errors=True)
            cost = timed(commands[name])
            print(f"round {number}: {name} {cost.wall_s:.2f} s", file=sys.stderr)
            if number > 0:
                costs[name].append(cost)
    print(f"\n{kind}, {args.rows:,} rows × 12 columns, medians of {args.runs} runs, {os.cpu_count()} cores.\n")
    print(table(costs))


def tpch(kind: str, url: str, folder: Path) -> None:
    files, project = folder / "files", folder / kind
    databases_tpch.load(kind, url, files)
    cost = timed(databases_tpch.project(url, project))
    differences = databases_tpch.differences(project, files)
    print(f"{kind}, TPC-H: {cost.wall_s:.1f} s, {cost.cpu_s:.1f} s of CPU, {cost.peak_mb:.0f} MB at most")
    if differences:
        raise SystemExit("\n".join(["what landed is not what was generated:", *differences]))
    print("what landed is what was generated")


def ours(url: str, project: Path, readers: int) -> list:
    project.mkdir()
    (project / "trapiche.yml").write_text(
        'name: bench\ntargets: { here: { storage: "file://./lake" } }\n'
        f'connections: {{ shop: {{ database: "{url}" }} }}\n'
        f"sources: {{ wide: {{ from: shop, table: wide, readers: {readers} }} }}\n"
    )
    return [os.environ["TRAPICHE"], "-C", project, "--log", "json", "run", "-o", "json"]


# Its fastest two: the third goes over each row in Python.
DLT_BACKENDS = ("connectorx", "pyarrow")


def peers(url: str, work: Path) -> dict[str, list]:
    """What other tools take for the same table, as far as they are installed."""
    folder = ROOT / "benches/peers"
    commands = {}
    if installed("connectorx", "pyarrow"):
        for readers in (1, 2):
            script = [sys.executable, folder / "capture_by_connectorx.py", url, work / "connectorx.csv", str(readers)]
            commands[f"connectorx to CSV, {readers} reader{'s' if readers > 1 else ''}"] = script
    if installed("dlt", "connectorx", "sqlalchemy"):
        for backend in DLT_BACKENDS:
            commands[f"dlt, {backend}"] = [sys.executable, folder / "capture_by_dlt.py", url, work / f"dlt-{backend}", backend]
    return commands


def installed(*packages: str) -> bool:
    return all(importlib.util.find_spec(package) for package in packages)


def can_duckdb() -> bool:
    return subprocess.run([sys.executable, "-c", DUCKDB], capture_output=True).returncode == 0


def duckdb(url: str, file: Path) -> str:
    return DUCKDB + (
        f"connection.execute(\"ATTACH '{url}' AS shop (TYPE postgres, READ_ONLY)\")\n"
        f"connection.execute(\"COPY (SELECT * FROM shop.public.wide) TO '{file}' (FORMAT csv)\")\n"
    )


def quietly(command: list) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stdout}{done.stderr}")


def timed(command: list) -> Cost:
    with tempfile.TemporaryFile("w+") as words:
        started = perf_counter()
        process = subprocess.Popen(command, stdout=words, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            words.seek(0)
            raise SystemExit(f"{command[0]} failed: {words.read()}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def table(costs: dict[str, list[Cost]]) -> str:
    def middle(name: str, what: str) -> float:
        return median(getattr(cost, what) for cost in costs[name])

    first = next(iter(costs))
    rows = ["| | wall | × | CPU of the client | × | peak memory | × |", "|---|---|---|---|---|---|---|"]
    for name in costs:
        cells = [name]
        for what, unit in (("wall_s", "s"), ("cpu_s", "s"), ("peak_mb", "MB")):
            value = middle(name, what)
            cells += [f"{value:.2f} {unit}", f"{value / middle(first, what):.2f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
