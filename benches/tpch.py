#!/usr/bin/env python3
"""TPC-H on Trapiche: here, and on workers. The queries as a project: 8 sources, 8 trusted tables, 22 refined ones.

    benches/tpch.sh equal --scale 0.1       the same rows here, on 1, 2 and 4 workers, and DuckDB's answers
    benches/tpch.sh equal --pyspark         and PySpark's, every digit
    benches/tpch.sh time --scale 1          seconds and CPU, in turn: here on 2 threads, 2 workers of 1; PySpark, Ballista
    benches/tpch.sh spill --scale 1         4 workers of 200 MB make the three largest queries

TRAPICHE is the program; without it, a release build of this checkout. Rows come from tpchgen-cli. The query texts are
those of Spark's own tests: they are fetched from Maven Central, and not part of this repository. README.md beside this
file says what is compared with what.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import duckdb
import pyarrow.dataset

from peers import tpch_on_ballista

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

QUERY_TEXTS = "org.apache.spark:spark-sql_2.13:4.0.0:jar:tests"
QUERIES = [f"q{number:02}" for number in range(1, 23)]
LARGE = ["q09", "q18", "q21"]

# TPC-H 3.0.1, 1.4. Text unless a type is said; what CHAR, VARCHAR and identifiers are is left to the implementer.
MONEY = "decimal(15,2)"
TABLES = {
    "region": "r_regionkey int, r_name, r_comment",
    "nation": "n_nationkey int, n_name, n_regionkey int, n_comment",
    "supplier": f"s_suppkey bigint, s_name, s_address, s_nationkey int, s_phone, s_acctbal {MONEY}, s_comment",
    "customer": f"c_custkey bigint, c_name, c_address, c_nationkey int, c_phone, c_acctbal {MONEY}, c_mktsegment, c_comment",
    "part": f"p_partkey bigint, p_name, p_mfgr, p_brand, p_type, p_size int, p_container, p_retailprice {MONEY}, p_comment",
    "partsupp": f"ps_partkey bigint, ps_suppkey bigint, ps_availqty int, ps_supplycost {MONEY}, ps_comment",
    "orders": f"o_orderkey bigint, o_custkey bigint, o_orderstatus, o_totalprice {MONEY}, o_orderdate date, o_orderpriority, o_clerk, o_shippriority int, o_comment",
    "lineitem": f"l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber int, l_quantity {MONEY}, l_extendedprice {MONEY}, l_discount {MONEY}, l_tax {MONEY}, l_returnflag, l_linestatus, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct, l_shipmode, l_comment",
}

# What our SQL refuses of the texts, and what stands there instead.
REWRITES = {
    # A column of a table needs a name that every reader takes.
    "q18": [(r"sum\(l_quantity\)(?=\s*from\s+customer)", "sum(l_quantity) AS sum_quantity")],
}

# Reads one row of the smallest table: what is left is what a query costs before it does anything.
EMPTY = "SELECT r_regionkey FROM trusted.region WHERE r_regionkey = 0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "equal", "time", "spill"])
    parser.add_argument("--scale", default="1", help="1 is 6 million lines, 1 GB of CSV")
    parser.add_argument("--queries", default=",".join(QUERIES), help="such as q01,q18")
    parser.add_argument("--runs", type=int, default=3, help="time: measured runs of each query")
    parser.add_argument("--workers", help="equal: how many, such as 1,2,4, or 0; time and spill: one number")
    parser.add_argument("--memory", default="4GB", help="of each worker; `spill` has 200MB unless another is given")
    parser.add_argument("--spark", default="", help="time: masters to compare with: local[2];local-cluster[2,1,1024]")
    parser.add_argument("--pyspark", action="store_true", help="equal: compare with PySpark's tables, too")
    parser.add_argument("--ballista", action="store_true", help="time: compare with it, too; building it takes an hour")
    parser.add_argument("--work", type=Path, default=ROOT / "target/tpch", help="where the project and its lake lie")
    args = parser.parse_args()
    queries = args.queries.split(",")
    if unknown := set(queries) - set(QUERIES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    bench = Bench((args.work / f"sf{args.scale}").absolute(), args.scale, program())
    make(bench)
    match args.what:
        case "make":
            return 0
        case "equal":
            counts = [int(count) for count in (args.workers or "1,2,4").split(",") if count != "0"]
            return equal(bench, queries, counts, args.memory, args.pyspark)
        case "time":
            masters = [master for master in args.spark.split(";") if master]
            return time(bench, queries, args.runs, int(args.workers or 2), args.memory, masters, args.ballista)
        case "spill":
            chosen = LARGE if queries == QUERIES else queries
            memory = "200MB" if args.memory == parser.get_default("memory") else args.memory
            return spill(bench, chosen, int(args.workers or 4), memory)


@dataclass
class Bench:
    work: Path
    scale: str
    trapiche: str

    @property
    def csv(self) -> Path:
        return self.work / "csv"

    @property
    def project(self) -> Path:
        return self.work / "project"

    @property
    def lake(self) -> Path:
        return self.project / "lake"


def program() -> str:
    if given := os.environ.get("TRAPICHE"):
        return str(Path(given).absolute())
    subprocess.run(["cargo", "build", "--release", "--manifest-path", ROOT / "Cargo.toml"], check=True)
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute() / "release/trapiche")


# --- the project ---------------------------------------------------------------------------------------------------


def make(bench: Bench) -> None:
    """The rows, the project, and its lake up to the trusted tables. What is there already stays."""
    if not (bench.csv / "lineitem.csv").exists():
        print(f"making the rows of scale {bench.scale}", file=sys.stderr)
        # The last step makes the name, so that what broke off is begun again.
        fresh = bench.work / "csv.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        generator = Path(sys.executable).parent / "tpchgen-cli"
        quietly([generator, "csv", "-s", bench.scale, "-o", fresh, "--quiet", "--no-progress"])
        fresh.rename(bench.csv)
    texts = query_texts(bench.work.parent)
    for zone in ("trusted", "refined"):
        (bench.project / "queries" / zone).mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        (bench.project / f"queries/trusted/{table}.sql").write_text(f"SELECT * FROM raw.{table}\n")
    for query, text in texts.items():
        (bench.project / f"queries/refined/{query}.sql").write_text(of_project(query, text))
    (bench.project / "queries/refined/empty.sql").write_text(EMPTY + "\n")
    configure(bench, [])
    quietly(run_command(bench, "here", "trusted.*", "raw.*"))


def query_texts(cache: Path) -> dict[str, str]:
    """As they stand in Spark's tests."""
    jar = cache / "queries/tpch.jar"
    if not jar.exists():
        print("fetching the query texts", file=sys.stderr)
        fetch = ["mvn", "--batch-mode", "--quiet", "dependency:copy", f"-Dartifact={QUERY_TEXTS}"]
        quietly([*fetch, f"-DoutputDirectory={jar.parent}"])
        next(jar.parent.glob("spark-sql*.jar")).rename(jar)
    with zipfile.ZipFile(jar) as archive:
        return {query: archive.read(f"tpch/{query.replace('q0', 'q')}.sql").decode() for query in QUERIES}


def of_project(query: str, text: str) -> str:
    """The text with our tables' names, and without what our SQL refuses."""
    name = re.compile(rf"\b({'|'.join(TABLES)})\b")
    # Some words are tables here and columns there (`nation`): only what stands between FROM and the next clause counts.
    tables = re.compile(r"\bfrom\b.*?(?=\bwhere\b|\bgroup\b|\border\b|\bselect\b|\)|$)", re.IGNORECASE | re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    for pattern, instead in REWRITES.get(query, []):
        text, count = re.subn(pattern, instead, text)
        assert count == 1, f"{query}: `{pattern}` is not in the text"
    return tables.sub(lambda clause: name.sub(r"trusted.\1", clause[0]), text).strip() + "\n"


def configure(bench: Bench, workers: list[str]) -> None:
    """`trapiche.yml` with the target `here`, and `cluster` where there are workers."""
    storage = "storage: 'file://./lake', keep: 0s"
    lines = ["name: tpch", "targets:", f"  here: {{ default: true, {storage} }}"]
    if workers:
        engine = f"workers: {json.dumps(workers)}, at_least: {len(workers)}, local_below: '0'"
        lines.append(f"  cluster: {{ {storage}, engine: {{ {engine} }} }}")
    lines.append("sources:")
    for table, columns in TABLES.items():
        types = json.dumps({name: kind for name, kind in columns_of(columns) if kind})
        lines.append(f"  {table}: {{ url: 'file://{bench.csv}/{table}.csv', columns: {types} }}")
    (bench.project / "trapiche.yml").write_text("\n".join(lines) + "\n")


def columns_of(columns: str) -> list[tuple[str, str]]:
    """Names and types; a text has an empty one."""
    return [(name, kind) for name, _, kind in (column.partition(" ") for column in columns.split(", "))]


# --- running -------------------------------------------------------------------------------------------------------


@dataclass
class Node:
    process: subprocess.Popen
    address: str

    def status(self) -> dict:
        with urllib.request.urlopen(f"http://{self.address}/v1/node", timeout=10) as answer:
            return json.load(answer)


@contextlib.contextmanager
def workers(bench: Bench, count: int, memory: str):
    """So many nodes of one thread on this machine, and a target that has them."""
    nodes = []
    try:
        for number in range(count):
            spill = bench.work / f"spill/{number}"
            spill.mkdir(parents=True, exist_ok=True)
            command = [bench.trapiche, "--threads", "1", "--memory", memory, "node", "worker"]
            command += ["--port", "0", "--spill", spill, "--lake", bench.lake.resolve().as_uri()]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            nodes.append(Node(process, process.stdout.readline().strip()))
        configure(bench, [node.address for node in nodes])
        yield nodes
    finally:
        for node in nodes:
            node.process.terminate()
        for node in nodes:
            node.process.wait()


@dataclass
class Made:
    """What one run of the program did; seconds are by its own report."""

    seconds: dict[str, float] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    on_workers: dict[str, dict] = field(default_factory=dict)
    # Of the program and of all workers.
    cpu_s: float = 0.0


def run_command(bench: Bench, target: str, *selection: str) -> list:
    general = ["-C", bench.project, "-t", target, "--threads", "2", "--memory", "4GB", "--log", "json"]
    return [bench.trapiche, *general, "run", "-o", "json", *selection]


def run(bench: Bench, target: str, tables: list[str], nodes: list[Node]) -> Made:
    command = run_command(bench, target, "--full-refresh", *(f"refined.{table}" for table in tables))
    made, before = Made(), [node.status() for node in nodes]
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, text=True)
        answer = process.stdout.read()
        # wait4 tells what this child has used.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        words.seek(0)
        told = words.read()
    try:
        report = json.loads(answer)
    except ValueError:
        raise SystemExit(f"{command} ended with {process.returncode}:\n{told}") from None
    for dataset in report["datasets"]:
        name = dataset["dataset"].split(".")[-1]
        made.seconds[name] = dataset["seconds"]
        if dataset["status"] != "made":
            made.why[name] = dataset.get("why", dataset["status"])
        made.on_workers[name] = dataset.get("on_workers", {})
    # What a node says of its worker is a quarter of a second old.
    sleep(0.3 if nodes else 0)
    after = [node.status() for node in nodes]
    same = [(a, b) for a, b in zip(after, before) if a["generation"] == b["generation"]]
    made.cpu_s = usage.ru_utime + usage.ru_stime + sum(a["cpu_seconds"] - b["cpu_seconds"] for a, b in same)
    return made


def quietly(command: list) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"`{' '.join(map(str, command))}` ended with {done.returncode}:\n{done.stdout}")


# --- the same rows -------------------------------------------------------------------------------------------------


def equal(bench: Bench, queries: list[str], counts: list[int], memory: str, with_pyspark: bool) -> int:
    """One difference is exit code 5."""
    wrong = []
    peers = ["DuckDB", *(["PySpark"] if with_pyspark else []), *(f"{count} workers" for count in counts)]
    print("| query | rows | " + " | ".join(peers) + " | hash |\n|---|--:|" + "---|" * len(peers) + "---|")
    refused(run(bench, "here", queries, []))
    here = {query: result(bench.lake, query) for query in queries}
    verdicts = [judge(bench, here)]
    if with_pyspark:
        verdicts.append(judge_by_pyspark(bench, here))
    for count in counts:
        with workers(bench, count, memory) as nodes:
            made = run(bench, "cluster", queries, nodes)
        refused(made)
        verdicts.append({query: compared(made, query, count, here[query], bench) for query in queries})
    for query in queries:
        said = [of[query] for of in verdicts]
        print(f"| {query} | {len(here[query])} | {' | '.join(said)} | `{fingerprint(here[query])}` |")
        wrong += [query for verdict in said if verdict != "same"]
    return 5 if wrong else 0


def compared(made: Made, query: str, count: int, here: list[tuple], bench: Bench) -> str:
    used = made.on_workers[query]
    if query in made.why:
        return "failed"
    # Two plans that are the same prove nothing.
    if used.get("workers") != count or not used.get("shuffled_bytes"):
        return "not made on workers"
    return "same" if fingerprint(result(bench.lake, query)) == fingerprint(here) else "other rows"


def refused(made: Made) -> None:
    for query, why in made.why.items():
        print(f"{query}: {why}", file=sys.stderr)


def result(lake: Path, query: str) -> list[tuple]:
    """The rows of a refined table, as any reader of Parquet finds them."""
    files = pyarrow.dataset.dataset(lake / "refined" / query, format="parquet")
    columns = files.to_table().columns
    return list(zip(*(column.to_pylist() for column in columns)))


def fingerprint(rows: list[tuple]) -> str:
    """Of a multiset: the same for the same rows in any order. Every digit counts."""
    rows = sorted(repr([str(cell) if isinstance(cell, Decimal | date) else cell for cell in row]) for row in rows)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def judge(bench: Bench, here: dict[str, list[tuple]]) -> dict[str, str]:
    """`same` where DuckDB answers so from the CSV files, else the first row that differs."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA trusted; SET threads = 2; SET memory_limit = '4GB'")
    for table, columns in TABLES.items():
        types = json.dumps({name: kind or "varchar" for name, kind in columns_of(columns)}).replace('"', "'")
        file = bench.csv / f"{table}.csv"
        con.execute(f"CREATE TABLE trusted.{table} AS FROM read_csv('{file}', header = true, columns = {types})")
    verdicts = {}
    for query, ours in here.items():
        theirs = con.execute((bench.project / f"queries/refined/{query}.sql").read_text()).fetchall()
        ours, theirs = sorted(ours, key=order), sorted(theirs, key=order)
        differing = [pair for pair in zip(ours, theirs) if not all(map(alike, *pair))]
        if len(ours) != len(theirs):
            verdicts[query] = f"{len(theirs)} rows"
        else:
            verdicts[query] = f"{differing[0][0]} ≠ {differing[0][1]}" if differing else "same"
    return verdicts


def judge_by_pyspark(bench: Bench, here: dict[str, list[tuple]]) -> dict[str, str]:
    """`same` where PySpark, with this project's files and landings, writes the same multiset of rows, every digit counted."""
    out = bench.work / "pyspark"
    quietly([sys.executable, ROOT / "spark-compat/run_on_spark.py", bench.project, bench.lake, out])
    verdicts = {}
    for query, ours in here.items():
        theirs = result(out, query)
        differing = sorted(set(map(repr, ours)) ^ set(map(repr, theirs)))
        same = fingerprint(ours) == fingerprint(theirs)
        verdicts[query] = "same" if same else f"{len(theirs)} rows, such as {differing[:2]}"
    return verdicts


def order(row: tuple) -> tuple:
    """Sorts by what is exact first, so that a last digit moves no row."""
    exact = [repr(cell) for cell in row if not isinstance(cell, float | Decimal)]
    return exact, [float(cell) for cell in row if isinstance(cell, float | Decimal)]


def alike(ours, theirs) -> bool:
    """Exactly, but for what DuckDB computes in floating point, which we may have in decimals: means and quotients."""
    if isinstance(theirs, float) or isinstance(ours, float):
        step = 10.0 ** ours.as_tuple().exponent if isinstance(ours, Decimal) else 0.0
        return abs(float(ours) - float(theirs)) <= max(1e-9 * abs(float(theirs)), step)
    return ours == theirs


# --- times ---------------------------------------------------------------------------------------------------------


def time(
    bench: Bench, queries: list[str], runs: int, count: int, memory: str, masters: list[str], with_ballista: bool
) -> int:
    """Every query alone, in turn here and on the workers; one round before the measured ones warms the page cache."""
    here, there = f"here, {count} threads", f"{count} workers of 1"
    seconds: dict[str, dict[str, list[float]]] = {here: {}, there: {}}
    cpu_s: dict[str, dict[str, list[float]]] = {here: {}, there: {}}
    with workers(bench, count, memory) as nodes:
        for number in range(runs + 1):
            for query in [*queries, "empty"]:
                for place, target, working in [(here, "here", []), (there, "cluster", nodes)]:
                    made = run(bench, target, [query], working)
                    if made.why:
                        raise SystemExit(f"{place}: {query}: {made.why[query]}")
                    if number > 0:
                        seconds[place].setdefault(query, []).append(made.seconds[query])
                        cpu_s[place].setdefault(query, []).append(made.cpu_s)
            print(f"round {number} done", file=sys.stderr)
    for master in masters:
        seconds[f"PySpark {master}"] = on_spark(bench, queries, runs, master)
    if with_ballista:
        texts = {query: (bench.project / f"queries/refined/{query}.sql").read_text() for query in queries}
        built = bench.work.parent / "ballista"
        seconds["Ballista"] = tpch_on_ballista.seconds(built, bench.lake, texts, runs, count)
    table(queries, here, seconds, cpu_s)
    empty = {place: median(seconds[place]["empty"]) * 1000 for place in (here, there)}
    print(f"\nA query over one row: {empty[here]:.0f} ms here, {empty[there]:.0f} ms on the workers.")
    return 0


def on_spark(bench: Bench, queries: list[str], runs: int, master: str) -> dict[str, list[float]]:
    command = [sys.executable, HERE / "peers/tpch_on_spark.py", master, bench.project, bench.work / "spark", str(runs)]
    done = subprocess.run([*command, *queries], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"PySpark on {master} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    shutil.rmtree(bench.work / "spark", ignore_errors=True)
    return json.loads(done.stdout)


def table(queries: list[str], here: str, seconds: dict, cpu_s: dict) -> None:
    head = [f"{place} s" for place in seconds] + [f"CPU s, {place}" for place in cpu_s]
    print("| query | " + " | ".join(head) + " |\n|---" + "|--:" * len(head) + "|")
    typical = {place: {query: median(of[query]) for query in queries} for place, of in seconds.items()}
    busy = {place: {query: median(of[query]) for query in queries} for place, of in cpu_s.items()}
    for query in queries:
        cells = [f"{of[query]:.2f}" for of in [*typical.values(), *busy.values()]]
        print(f"| {query} | " + " | ".join(cells) + " |")
    sums = [sum(of.values()) for of in [*typical.values(), *busy.values()]]
    print("| **all** | " + " | ".join(f"{all_of_them:.2f}" for all_of_them in sums) + " |")
    firsts = [sum(typical[here].values())] * len(typical) + [sum(busy[here].values())] * len(busy)
    print("| × | " + " | ".join(f"{all_of_them / first:.2f}" for all_of_them, first in zip(sums, firsts)) + " |")


# --- little memory -------------------------------------------------------------------------------------------------


def spill(bench: Bench, queries: list[str], count: int, memory: str) -> int:
    """Each query alone on workers that have little memory for it; the rows must be those from here."""
    refused(run(bench, "here", queries, []))
    expected = {query: fingerprint(result(bench.lake, query)) for query in queries}
    print(f"{count} workers of {memory}\n")
    print("| query | s | attempts | shuffled MB | spilled MB | peak MB of a worker | |\n|---" + "|--:" * 5 + "|---|")
    failed = False
    for query in queries:
        # New ones each time: a process keeps its peak.
        with workers(bench, count, memory) as nodes:
            made = run(bench, "cluster", [query], nodes)
        verdict = made.why.get(query) or "same rows"
        if query not in made.why and fingerprint(result(bench.lake, query)) != expected[query]:
            verdict = "other rows"
        failed |= verdict != "same rows"
        used = made.on_workers[query]
        sizes = [used.get(f"{what}_bytes", 0) / 1e6 for what in ("shuffled", "spilled", "peak_memory")]
        figures = [f"{made.seconds[query]:.1f}", str(used.get("attempts", "")), *(f"{size:.0f}" for size in sizes)]
        print(f"| {query} | {' | '.join(figures)} | {verdict} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
