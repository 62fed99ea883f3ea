"""Times k-means from Parquet to written clusters, whole processes in turn, and prints medians and ratios.

    kmeans.sh [--rows 6e6] [--features 6] [--k 8] [--iterations 20] [--runs 5] [--memory 512MB] [--threads 2]

All begin at the same centres (the first k rows), scale by the deviation of the sample, take the same number of steps, and
write each row's key, cluster and distance as zstd Parquet. Centres and sizes are compared before any figure counts. Per
step: what the same takes with one step is taken away. What is timed, and what is not: README.md beside this file.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

HERE = Path(__file__).resolve().parent
US = "trapiche"

MAKE = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
out, rows, features, k = sys.argv[1], *map(int, sys.argv[2:5])
random = np.random.default_rng(1)
centres = random.normal(size=(2 * k, features)) * 2
schema = pa.schema([("id", pa.int64())] + [(f"f{i}", pa.float64()) for i in range(features)])
with pq.ParquetWriter(out, schema, compression="zstd") as file:
    for start in range(0, rows, 1 << 18):
        count = min(1 << 18, rows - start)
        x = centres[random.integers(0, 2 * k, count)] + random.normal(size=(count, features))
        file.write_table(pa.table([np.arange(start, start + count), *x.T.copy()], schema=schema))
"""

CHECK = """
import sys, numpy as np, pyarrow.dataset as ds
ours, theirs = (ds.dataset(folder).to_table().sort_by("cluster") for folder in sys.argv[1:3])
features = [name for name in theirs.column_names if name not in ("cluster", "size")]
of = lambda table: np.stack([table[name].to_numpy() for name in features], 1)
a, b = of(ours), of(theirs)
nearest = ((a[:, None] - b[None]) ** 2).sum(-1).argmin(1)
assert len(set(nearest)) == len(a), nearest
sizes = theirs["size"].to_numpy()[nearest]
apart = np.abs(a - b[nearest]).max()
assert apart < 1e-9, apart
assert (sizes == ours["size"].to_numpy()).all(), (sizes, ours["size"])
print(f"centres within {apart:.1e}, sizes equal")
"""


def main() -> int:
    parser = argparse.ArgumentParser("kmeans.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=6e6)
    parser.add_argument("--features", type=int, default=6)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each, after one that is not")
    parser.add_argument("--peers", default="scikit-learn,intelex", help="a list of scikit-learn, intelex")
    parser.add_argument("--memory", help="for Trapiche, such as 512MB")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    peers = [peer for peer in args.peers.split(",") if peer]
    with tempfile.TemporaryDirectory(prefix="trapiche-kmeans.") as folder:
        compare(Path(folder), peers, args)
    return 0


def compare(folder: Path, peers: list[str], args: argparse.Namespace) -> None:
    rows = folder / "rows.parquet"
    quietly([sys.executable, "-c", MAKE, rows, int(args.rows), args.features, args.k])
    project(folder, args)
    ours = [os.environ["TRAPICHE"], "-C", folder, "--log", "json", "run", "-o", "json", "--threads", args.threads]
    ours += ["--memory", args.memory] if args.memory else []
    quietly([*ours, "raw.*", "trusted.*"])
    # One file for everybody: the table's own.
    files = sorted((folder / "lake/trusted/rows").rglob("*.parquet"))

    def command(name: str, steps: int) -> list:
        if name == US:
            return [*ours, "--full-refresh", f"refined.groups_{steps}"]
        out = folder / f"{name}-{steps}"
        return [sys.executable, HERE / "peers/kmeans_on_sklearn.py", name, out, args.k, steps, args.threads, *files]

    costs: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for number in range(args.runs + 1):
        names = [US, *peers]
        for name in names[number % len(names):] + names[:number % len(names)]:
            for steps in (1, args.iterations):
                cost = timed(command(name, steps))
                print(f"round {number}: {name}, {steps} steps: {cost[0]:.2f} s, CPU {cost[1]:.2f} s", file=sys.stderr)
                if number > 0:
                    costs.setdefault((name, steps), []).append(cost)
        if number == 0:
            found = folder / f"lake/refined/groups_{args.iterations}_centers"
            for peer in peers:
                same = [sys.executable, "-c", CHECK, found, folder / f"{peer}-{args.iterations}/centers"]
                print(f"{peer}: {quietly(same).strip()}", file=sys.stderr)
    print(f"{int(args.rows):,} × {args.features}, k = {args.k}, {args.iterations} steps, medians of {args.runs}, {args.threads} threads. × is to scikit-learn.\n")
    print(table(costs, args))
    # In a process of its own, which reads how many threads it may have.
    print("\n" + quietly([sys.executable, HERE / "machine.py", args.threads]).strip())


def project(folder: Path, args: argparse.Namespace) -> None:
    """A project whose models take one step, and all."""
    features = [f"f{i}" for i in range(args.features)]
    (folder / "queries/trusted").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "trapiche.yml").write_text(
        "name: bench\ntargets:\n  here: { storage: \"file://./lake\" }\n"
        "sources:\n  rows: { url: \"file://./rows.parquet\" }\n"
    )
    (folder / "queries/trusted/rows.sql").write_text("SELECT * FROM raw.rows\n")
    first = (
        "import sys, json, pyarrow.parquet as pq; "
        "t = pq.ParquetFile(sys.argv[1]).read_row_group(0).slice(0, int(sys.argv[2])); "
        "print(json.dumps([list(row.values())[1:] for row in t.to_pylist()]))"
    )
    centres = quietly([sys.executable, "-c", first, folder / "rows.parquet", args.k])
    (folder / "init.json").write_text(centres)
    for steps in {1, args.iterations}:
        (folder / f"models/groups_{steps}.yml").write_text(
            f"kmeans:\n  input: trusted.rows\n  key: [id]\n  features: {json.dumps(features)}\n"
            f"  k: {args.k}\n  init: {centres.strip()}\n  max_iterations: {steps}\n  tolerance: 0\n"
        )


def timed(command: list) -> tuple[float, float, float]:
    """Wall and CPU seconds and peak megabytes of a process."""
    with tempfile.TemporaryFile("w+") as words:
        started = perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=words, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            words.seek(0)
            raise SystemExit(failure(command, process.returncode, words.read()))
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def quietly(command: list) -> str:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(failure(command, done.returncode, done.stdout))
    return done.stdout


def failure(command: list, code: int, words: str) -> str:
    return f"`{shlex.join(map(str, command))}` ended with {code}:\n{words}"


def table(costs: dict, args: argparse.Namespace) -> str:
    iterations = args.iterations
    names = list(dict.fromkeys(name for name, _ in costs))
    typical = {key: [median(run[i] for run in runs) for i in range(3)] for key, runs in costs.items()}
    each = {name: [(typical[name, iterations][i] - typical[name, 1][i]) / (iterations - 1) * 1e3 for i in (0, 1)] for name in names}
    values = args.rows * args.features
    base = "scikit-learn" if "scikit-learn" in names else US
    lines = [
        "| | wall s | CPU s | peak MB | wall × | CPU × | a step, ms | its CPU, ms | its CPU × | GB/s | GFLOP/s |",
        "|---" + "|--:" * 10 + "|",
    ]
    for name in names:
        (wall, cpu, peak), (wall_0, cpu_0, _) = typical[name, iterations], typical[base, iterations]
        cells = [f"{wall:.2f}", f"{cpu:.2f}", f"{peak:.0f}", f"{wall / wall_0:.2f}", f"{cpu / cpu_0:.2f}"]
        cells += [f"{each[name][0]:.0f}", f"{each[name][1]:.0f}", f"{each[name][1] / each[base][1]:.2f}"]
        # Each step reads the features once, and multiplies and adds each with each centre.
        cells += [f"{features / 1e6 / each[name][0]:.1f}" for features in (8 * values, 2 * values * args.k)]
        lines.append(" | ".join([f"| {name}", *cells]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
