"""TPC-H on Ballista: a scheduler, so many executors of one core, and its own command line (see ../tpch.py).

Its three programs are built by cargo from crates.io into the folder given; that takes an hour on two cores the
first time. What is timed is what its command line prints behind each query; like all others it is asked once before the
measured runs. Its rows are not compared.
"""

import contextlib
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

VERSION = "55.0.0"
LIGHT = ["--config", "profile.release.lto=false", "--config", "profile.release.codegen-units=16"]
PATIENCE_S = 60


def seconds(work: Path, lake: Path, queries: dict[str, str], runs: int, executors: int) -> dict[str, list[float]]:
    """By query and run. `queries` are texts over the tables of `lake`'s zone `trusted`."""
    scheduler, executor, client = programs(work)
    setup = [f"SET datafusion.execution.target_partitions = {executors}"]
    for folder in sorted((lake / "trusted").iterdir()):
        setup.append(f"CREATE EXTERNAL TABLE {folder.name} STORED AS PARQUET LOCATION '{folder}/'")
    texts = [text.replace("trusted.", "") for text in queries.values()]
    script = work / "queries.sql"
    script.write_text("".join(f"{text.strip()};\n" for text in [*setup, *texts * (runs + 1)]))
    with cluster(work, scheduler, executor, executors) as port:
        command = [client, "--host", "127.0.0.1", "--port", str(port), "--format", "csv", "--file", script]
        told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    elapsed = [float(found) for found in re.findall(r"^Elapsed ([\d.]+) seconds", told, re.MULTILINE)]
    # Statements that make no rows are timed, too.
    if len(elapsed) != len(setup) + len(texts) * (runs + 1):
        raise SystemExit(f"Ballista did not answer all queries:\n{told[-3000:]}")
    measured = elapsed[len(setup) + len(texts) :]
    return {query: measured[number :: len(queries)] for number, query in enumerate(queries)}


def programs(work: Path) -> list[Path]:
    names = ["ballista-scheduler", "ballista-executor", "ballista-cli"]
    for name in names:
        if not (work / "bin" / name).exists():
            features = ["--no-default-features", "--features", "cli"] if name == "ballista-cli" else []
            install = ["cargo", *LIGHT, "install", "--locked", "--root", work, "--target-dir", work / "target"]
            subprocess.run([*install, f"{name}@{VERSION}", *features], check=True)
    return [work / "bin" / name for name in names]


@contextlib.contextmanager
def cluster(work: Path, scheduler: Path, executor: Path, count: int):
    """Yields the scheduler's port."""
    started, folder = [], work / "running"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def start(name: str, *command: str | Path) -> None:
        with (folder / f"{name}.log").open("w") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder))

    port = free_port()
    policy = ["--bind-host", "127.0.0.1", "-s", "push-staged", "--log-level-setting", "INFO"]
    try:
        start("scheduler", scheduler, *policy, "-p", str(port), "--task-distribution", "round-robin")
        until(lambda: answers(port), "the scheduler")
        for number in range(count):
            rows, plans, health = free_port(), free_port(), free_port()
            ports = ["--bind-port", str(rows), "--bind-grpc-port", str(plans), "--bind-health-port", str(health)]
            to = ["--scheduler-host", "127.0.0.1", "--scheduler-port", str(port), "--external-host", "127.0.0.1"]
            own = ["--vcores", "1", "--work-dir", folder / f"executor{number}"]
            start(f"executor{number}", executor, *policy, *to, *own, *ports)
            until(lambda: answers(rows) and answers(plans), f"executor {number}")
        yield port
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def until(holds: Callable[[], bool], what: str) -> None:
    end = monotonic() + PATIENCE_S
    while not holds():
        if monotonic() > end:
            raise SystemExit(f"{what} did not start in {PATIENCE_S} s")
        sleep(0.1)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
