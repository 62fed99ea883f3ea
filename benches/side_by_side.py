"""Times the demo's SQL chain on Trapiche and its peers, whole processes in turn, and prints medians and ratios.

    side_by_side.sh [--scale N] [--runs N] [--peers spark,duckdb,polars] [--work DIR]

What is timed, and what is not: README.md beside this file. This process stays small and imports nothing large: a
child's peak memory is counted from its parent's size on.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from time import perf_counter

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
US = "trapiche"
PEERS = ("spark", "duckdb", "polars")


@dataclass
class Cost:
    """Of one process with all its children."""

    wall_s: float
    cpu_s: float
    # Of the largest of its processes.
    peak_mb: float
    # By the engine's own clock, which starts when it is ready to work.
    own_s: float
    # CPU that the rest of the machine took meanwhile.
    others_s: float


def main() -> int:
    parser = argparse.ArgumentParser("side_by_side.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="1", help="DEMO_SCALE: 1 is about 5,000 order lines")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each, after one that is not")
    parser.add_argument("--peers", default=",".join(PEERS), help="a list of " + ", ".join(PEERS))
    parser.add_argument("--work", type=Path, default=ROOT / "target/side-by-side", help="where lake and results lie")
    args = parser.parse_args()
    peers = [peer for peer in args.peers.split(",") if peer]
    if unknown := set(peers) - set(PEERS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    work = args.work / f"scale-{args.scale}"
    project = fresh_project(work / "project")
    os.environ["DEMO_SCALE"] = args.scale
    quietly(ours(project, "raw.*"))
    quietly([sys.executable, HERE / "peers/chain.py", project, project / "lake", work])

    commands = {US: ours(project, *query_tables(project))}
    for peer in peers:
        commands[peer] = [sys.executable, HERE / f"peers/on_{peer}.py", work / f"{peer}.json", work / peer]
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(args.runs + 1):
        # Another one begins each round, so that none is always the first after the same other.
        names = list(commands)
        for name in names[number % len(names):] + names[:number % len(names)]:
            clear(project / "lake" if name == US else work / name)
            cost = timed(commands[name])
            print(f"round {number}: {name} {cost.wall_s:.2f} s", file=sys.stderr)
            if number > 0:
                costs[name].append(cost)
        if number == 0:
            for peer in peers:
                quietly([sys.executable, ROOT / "spark-compat/compare.py", project / "lake", work / peer])
    print(f"Scale {args.scale}, medians of {args.runs} runs, {os.cpu_count()} cores. × is to Trapiche.")
    print(f"Other processes took {others_share(costs):.0%} of the machine meanwhile.\n")
    print(table(costs))
    return 0


def fresh_project(folder: Path) -> Path:
    """A copy of the demo project whose lake is its own."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("queries", "models"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "trapiche.yml", folder)
    return folder


def ours(project: Path, *selection: str) -> list:
    return [os.environ["TRAPICHE"], "-C", project, "-t", "demo", "--log", "json", "run", "-o", "json", *selection]


def query_tables(project: Path) -> list[str]:
    return sorted(f"{path.parent.name}.{path.stem}" for path in project.glob("queries/*/*.sql"))


def clear(folder: Path) -> None:
    """Every run starts from the landings alone."""
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.name != "raw":
            shutil.rmtree(entry)


def timed(command: list) -> Cost:
    with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as words:
        busy_before, started = machine_busy_s(), perf_counter()
        process = subprocess.Popen(command, stdout=answer, stderr=words)
        # wait4 tells what this child and the children that it has waited for have used.
        _, status, usage = os.wait4(process.pid, 0)
        wall_s, busy_s = perf_counter() - started, machine_busy_s() - busy_before
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (answer, words):
            file.seek(0)
        if process.returncode:
            raise SystemExit(failure(command, process.returncode, answer.read() + words.read()))
        own_s = json.load(answer)["seconds"]
    cpu_s = usage.ru_utime + usage.ru_stime
    return Cost(wall_s, cpu_s, usage.ru_maxrss * 1024 / 1e6, own_s, max(0.0, busy_s - cpu_s))


def machine_busy_s() -> float:
    """CPU seconds that all processes have used since the machine started: user, nice and system of /proc/stat."""
    with open("/proc/stat") as stat:
        return sum(map(int, stat.readline().split()[1:4])) / os.sysconf("SC_CLK_TCK")


def quietly(command: list) -> None:
    """Runs what is not measured; its words are only worth reading if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(failure(command, done.returncode, done.stdout))


def failure(command: list, code: int, words: str) -> str:
    return f"`{shlex.join(map(str, command))}` ended with {code}:\n{words}"


def others_share(costs: dict[str, list[Cost]]) -> float:
    """How far from idle the machine was, as a share of all its cores: above a few percent, measure again."""
    runs = [run for runs in costs.values() for run in runs]
    return sum(run.others_s for run in runs) / (sum(run.wall_s for run in runs) * os.cpu_count())


def table(costs: dict[str, list[Cost]]) -> str:
    lines = [
        "| | wall s | lowest–highest | CPU s | peak MB | without start s | wall × | CPU × | peak × |",
        "|---" + "|--:" * 8 + "|",
    ]
    us = typical(costs[US])
    for name, runs in costs.items():
        cost, walls = typical(runs), [run.wall_s for run in runs]
        ratios = (cost.wall_s / us.wall_s, cost.cpu_s / us.cpu_s, cost.peak_mb / us.peak_mb)
        cells = [f"{cost.wall_s:.2f}", f"{min(walls):.2f}–{max(walls):.2f}", f"{cost.cpu_s:.2f}"]
        cells += [f"{cost.peak_mb:.0f}", f"{cost.own_s:.2f}", *(f"{ratio:.1f}" for ratio in ratios)]
        lines.append(" | ".join([f"| {name}", *cells]) + " |")
    return "\n".join(lines)


def typical(runs: list[Cost]) -> Cost:
    return Cost(*(median(getattr(run, field.name) for run in runs) for field in fields(Cost)))


if __name__ == "__main__":
    sys.exit(main())
