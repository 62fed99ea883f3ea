"""This program and an earlier one in turn: the 22 queries of TPC-H each alone, their cleaning, and the demo project as a whole.

    benches/before.sh OLD_PROGRAM [--scale 1] [--runs 7] [--demo 300]

Each has a lake of its own, as their forms may differ. Whole processes: what a start costs is in it. A query counts by the median of its runs;
what all of them together became is the geometric mean of the ratios.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from statistics import median
from time import perf_counter

import tpch

SETTINGS = 'name: demo\ntargets:\n  here: {{ storage: "file://./lake", demo: {{ scale: {scale} }} }}\n'


class Failed(Exception):
    """A program did not do its work."""


@dataclass
class Spent:
    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> int:
    parser = argparse.ArgumentParser("before.sh", description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("--scale", default="1", help="of TPC-H: 1 is 6 million lines")
    parser.add_argument("--demo", type=int, default=300, help="of the demo: 1 is 5,000 order lines")
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each, after one that is not")
    args = parser.parse_args()
    programs = {"old": str(args.old.absolute()), "new": tpch.program()}
    with tempfile.TemporaryDirectory(prefix="trapiche-before.") as folder:
        work = Path(folder)
        works = {name: work_of(name, program, args, work) for name, program in programs.items()}
        spent: dict[str, dict[str, list[Spent]]] = {name: {} for name in programs}
        for number in range(args.runs + 1):
            for what in list(works["new"]):
                # The other one begins each round.
                for name in sorted(programs, reverse=number % 2 == 0):
                    try:
                        one = timed(works[name][what])
                    except Failed as failed:
                        if name == "new" or number > 0:
                            raise
                        print(f"{what} is left out, which the old program does not do: {failed}", file=sys.stderr)
                        works["new"].pop(what)
                        break
                    if number > 0:
                        spent[name].setdefault(what, []).append(one)
            print(f"round {number} done", file=sys.stderr)
    print(table(spent, args))
    return 0


def work_of(name: str, program: str, args: argparse.Namespace, work: Path) -> dict[str, list]:
    """The command of each work."""
    bench = tpch.Bench(work / name, args.scale, program)
    tpch.make(bench)
    commands = {query: tpch.run_command(bench, "here", "--full-refresh", f"refined.{query}") for query in tpch.QUERIES}
    commands["cleaning"] = tpch.run_command(bench, "here", "--full-refresh", "trusted.lineitem")
    demo = work / f"{name}-demo"
    # The demo of the older of the two: what came since is not in both.
    for part in ("queries", "models"):
        shutil.copytree(tpch.ROOT / part, demo / part)
    text = (tpch.ROOT / "trapiche.yml").read_text()
    head, sources = text.split("\nconnections:", 1)
    (demo / "trapiche.yml").write_text(SETTINGS.format(scale=args.demo) + "connections:" + before_new_keys(sources))
    common = ["-C", demo, "--threads", "2", "--memory", "4GB", "--log", "json", "run", "-o", "json", "--full-refresh"]
    commands["demo"] = [program, *common]
    return commands


def before_new_keys(settings: str) -> str:
    """The connections and sources, without what stands behind them and without what keeps rows from landing."""
    lines = settings.splitlines()
    end = next((n for n, line in enumerate(lines) if line and line[0].isalpha() and not line.startswith("sources:")), len(lines))
    return "\n".join(lines[:end]).replace(" drop: [password],", "") + "\n"


def timed(command: list) -> Spent:
    with tempfile.TemporaryFile("w+") as words, tempfile.TemporaryFile("w+") as answer:
        started = perf_counter()
        process = subprocess.Popen(command, stdout=answer, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = perf_counter() - started
        answer.seek(0)
        report = json.loads(answer.read() or "{}")
        if os.waitstatus_to_exitcode(status) or any(it["status"] not in ("made", "unchanged") for it in report["datasets"]):
            words.seek(0)
            raise Failed(f"{' '.join(map(str, command))} failed: {json.dumps(report)[:2000]}{words.read()[-2000:]}")
    return Spent(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def table(spent: dict[str, dict[str, list[Spent]]], args: argparse.Namespace) -> str:
    def middle(name: str, what: str, of: str) -> float:
        return median(getattr(one, of) for one in spent[name][what])

    rows = [
        f"TPC-H at {args.scale}, the demo at {args.demo}; medians of {args.runs} runs, {os.cpu_count()} cores.\n",
        "| | CPU, old | CPU, new | × | wall, × | peak memory, × |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for what in spent["new"]:
        old, new = middle("old", what, "cpu_s"), middle("new", what, "cpu_s")
        others = [middle("new", what, of) / middle("old", what, of) for of in ("wall_s", "peak_mb")]
        rows.append(f"| {what} | {old:.2f} s | {new:.2f} s | {new / old:.2f} | {others[0]:.2f} | {others[1]:.2f} |")
    for of in ("cpu_s", "wall_s"):
        ratios = [middle("new", query, of) / middle("old", query, of) for query in tpch.QUERIES]
        rows.append(f"\nThe 22 queries, {of}: {exp(sum(map(log, ratios)) / len(ratios)):.3f} (geometric mean of new to old)")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
