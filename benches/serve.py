"""Times answers over HTTP from one table: `trapiche serve`, ROAPI, and FastAPI over DuckDB, in turn.

    serve.sh [--rows N] [--seconds N] [--runs N]

All read the same Parquet files. Each is asked the same random questions by wrk, 2 threads and 64 connections, and first
once, to see that the answers are the same.
"""

import argparse
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

BIN = Path(sys.executable).parent
TOWNS = ["Bern", "Chur", "Thun", "Basel", "Genf", "Sion", "Zug", "Aarau"]
QUERY = """SELECT id, CAST(id % 1000 AS int) AS quantity, CAST(pmod(hash(id), 100000) AS double) / 100 AS price,
    element_at(array({towns}), CAST(pmod(hash(id, 1), 8) + 1 AS int)) AS town, md5(CAST(id AS string)) AS code,
    date_add(DATE'2024-01-01', CAST(id % 700 AS int)) AS day
FROM range({rows})"""
PARTITIONS = 1000
PARTITIONED = f"/* trapiche\npartition_by: [part]\n*/ SELECT id, md5(CAST(id AS string)) AS code, CAST(id % {PARTITIONS} AS int) AS part FROM range(200000)"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def quoted(text):
    return urllib.parse.quote(text)


class Trapiche:
    name = "trapiche"

    def command(self, port, folder, files):
        return [os.environ["TRAPICHE"], "-C", str(folder), "serve", "--port", str(port)], {}

    ready = "/health"
    paths = {
        "lookup": lambda r: f"/tables/refined/lines/rows?id={r['id']}",
        "page": lambda r: f"/tables/refined/lines/rows?town={r['town']}&price.gt={r['price']}&order=price&limit=100",
        "aggregate": lambda r: f"/tables/refined/lines/aggregate?by=town&count=rows&sum=quantity&quantity.gt={r['quantity']}",
        "partition": lambda r: f"/tables/refined/parts/rows?part={r['quantity']}&id.gt={r['id'] % 100000}&limit=20",
    }

    def rows(self, answer):
        return answer["rows"]


class Roapi:
    name = "roapi"

    def command(self, port, folder, files):
        tables = f"lines={Path(files).parent}/,format=parquet"
        return [str(BIN / "roapi"), "--table", tables, "--addr-http", f"127.0.0.1:{port}"], {}

    ready = "/health"
    # It groups by SQL alone, which comes by POST.
    paths = {
        "lookup": lambda r: f"/api/tables/lines?filter[id]={r['id']}&limit=100",
        "page": lambda r: f"/api/tables/lines?filter[town]=%27{r['town']}%27&filter[price]gt={r['price']}&sort=price&limit=100",
    }

    def rows(self, answer):
        return answer


class FastApi:
    name = "fastapi+duckdb"

    def command(self, port, folder, files):
        app = ["fastapi_duckdb:app", "--app-dir", str(Path(__file__).parent / "peers")]
        return [str(BIN / "uvicorn"), *app, "--port", str(port), "--log-level", "warning"], {"FILES": files}

    ready = "/openapi.json"
    paths = {
        "lookup": lambda r: f"/lookup?id={r['id']}",
        "page": lambda r: f"/page?town={r['town']}&price={r['price']}",
        "aggregate": lambda r: f"/aggregate?quantity={r['quantity']}",
    }

    def rows(self, answer):
        return answer["rows"]


class Running:
    """A peer's process, from its start until it answers."""

    def __init__(self, peer, folder, files):
        self.peer, self.port = peer, free_port()
        command, environment = peer.command(self.port, folder, files)
        began = perf_counter()
        self.process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                self.read(peer.ready)
                break
            except OSError:
                if self.process.poll() is not None or perf_counter() - began > 60:
                    raise SystemExit(f"{peer.name} does not start: {' '.join(command)}")
                sleep(0.005)
        self.ready_s = perf_counter() - began

    def read(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read()

    def rows(self, path):
        return self.peer.rows(json.loads(self.read(path)))

    def memory_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def end(self):
        self.process.terminate()
        self.process.wait(20)


def requests(seed, rows, count):
    chance = random.Random(seed)
    for _ in range(count):
        yield {
            "id": chance.randrange(rows),
            "town": chance.choice(TOWNS),
            "price": round(chance.random() * 990, 2),
            "quantity": chance.randrange(990),
        }


def wrk(running, paths, seconds, folder, connections=64):
    """Requests a second, and the median and 99th percentile of the latency in ms."""
    script = folder / "ask.lua"
    listed = ",".join(json.dumps(path) for path in paths)
    script.write_text(
        f"local paths = {{{listed}}}\nlocal at = 0\n"
        "request = function() at = at % #paths + 1; return wrk.format('GET', paths[at]) end\n"
    )
    url = f"http://127.0.0.1:{running.port}/"
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{running.peer.name} refuses: {said}")

    def latency(part):
        number, unit = re.search(rf"{part}%\s+([\d.]+)(us|ms|s|m)\b", said).groups()
        return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]

    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), latency(50), latency(99)


def same(mine, theirs, kind):
    if kind == "page":
        # Which of those with the last price come before the page's end is open.
        mine, theirs = ([row for row in rows if row["price"] != rows[-1]["price"]] for rows in (mine, theirs))

    def plain(row):
        return {key: float(value) if isinstance(value, (int, float)) else str(value)[:10] for key, value in row.items()}

    def in_order(rows):
        return sorted((plain(row) for row in rows), key=lambda row: json.dumps(row, sort_keys=True))

    return in_order(mine) == in_order(theirs)


def main():
    parser = argparse.ArgumentParser("serve.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10, help="how long each is asked each time")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trapiche-serve-"))
    try:
        measure(args, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(args, folder):
    (folder / "queries/refined").mkdir(parents=True)
    (folder / "trapiche.yml").write_text('name: bench\ntargets: { here: { storage: "file://./lake" } }\n')
    towns = ", ".join(f"'{town}'" for town in TOWNS)
    (folder / "queries/refined/lines.sql").write_text(QUERY.format(towns=towns, rows=args.rows))
    (folder / "queries/refined/parts.sql").write_text(PARTITIONED)
    run = [os.environ["TRAPICHE"], "-C", str(folder), "run"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    files = str(folder / "lake/refined/lines/*.parquet")

    peers = [Trapiche(), Roapi(), FastApi()]
    found = {}
    for number in range(args.runs):
        with ExitStack() as ends:
            running = [Running(peer, folder, files) for peer in peers]
            for one in running:
                ends.callback(one.end)
            round_of(args, number, running, found, folder)
    show(peers, found)


def round_of(args, number, running, found, folder):
    if number == 0:
        check(running, args.rows)
    for one in running:
        found.setdefault((one.peer.name, "ready"), []).append((one.ready_s * 1000, 0, 0))
        for kind, path in one.peer.paths.items():
            # More questions than are answered, so that none is a copy of an answer before.
            paths = list(dict.fromkeys(path(r) for r in requests(number, args.rows, 200_000)))
            if kind == "partition":
                # As one caller after the other sees it; first once, so that what is kept is.
                wrk(one, paths[:PARTITIONS], 3, folder)
                found.setdefault((one.peer.name, "partition, 2 callers"), []).append(wrk(one, paths, args.seconds, folder, 2))
            found.setdefault((one.peer.name, kind), []).append(wrk(one, paths, args.seconds, folder))
        found.setdefault((one.peer.name, "memory"), []).append((one.memory_mb(), 0, 0))


def check(running, rows):
    ours, *others = running
    for request in requests(99, rows, 5):
        for kind, path in ours.peer.paths.items():
            expected = ours.rows(path(request))
            for other in others:
                if kind in other.peer.paths and not same(expected, other.rows(other.peer.paths[kind](request)), kind):
                    raise SystemExit(f"{other.peer.name} answers {kind} {request} otherwise")


def show(peers, found):
    def of(name, kind):
        return [median(values) for values in zip(*found[name, kind])]

    print(f"{'':16}{'what':22}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'ratio':>8}")
    for kind in ["lookup", "page", "aggregate", "partition", "partition, 2 callers"]:
        for peer in peers:
            if (peer.name, kind) in found:
                rate, half, most = of(peer.name, kind)
                ratio = of(peers[0].name, kind)[0] / rate
                print(f"{peer.name:16}{kind:22}{rate:12.0f}{half:10.2f}{most:10.2f}{ratio:8.2f}")
    for peer in peers:
        print(f"{peer.name:16}ready in {of(peer.name, 'ready')[0]:.0f} ms, peak memory {of(peer.name, 'memory')[0]:.0f} MB")


main()
