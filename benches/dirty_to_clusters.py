"""From dirty CSV to clusters, whole processes in turn: each step alone, and all of them as one chain. Prints medians and ratios.

    dirty_to_clusters.sh [--scale 1] [--runs 5] [--steps clean,join,describe,clusters,chain] [--peers duckdb,polars,spark]
                         [--memory 512MB] [--threads 2] [--once] [--work DIR]

Rows are those of TPC-H made dirty: numbers with blanks around them or none at all, flags in small letters, days that no calendar
has, and a third of the lines twice, of which the later counts. Results are compared before any figure does. What is timed, and
what is not: README.md beside this file.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from peers import dirty
from side_by_side import ROOT, Cost, failure, machine_busy_s, quietly

HERE = Path(__file__).resolve().parent
US = "trapiche"
PEERS = ["duckdb", "polars", "spark"]
STEPS = ["clean", "join", "describe", "clusters", "chain"]

DIRTY = """
import sys, duckdb
from pathlib import Path
clean, out = map(Path, sys.argv[1:])
out.mkdir()
sql = duckdb.connect()
read = "read_csv('{}', header = true, all_varchar = true)".format
# One line in a hundred is beyond mending, one in three is there in an older form, too.
sql.execute(f'''
CREATE VIEW lines AS SELECT *, hash(l_orderkey, l_linenumber) AS h FROM {read(clean / "lineitem.csv")};
COPY (
  SELECT l_orderkey, l_partkey, l_suppkey, l_linenumber,
    CASE WHEN h % 200 = 0 THEN 'n/a' WHEN h % 5 = 0 THEN ' ' || quantity || ' ' ELSE quantity END AS l_quantity,
    l_extendedprice, l_discount, l_tax,
    CASE WHEN h % 7 = 0 THEN lower(l_returnflag) || ' ' ELSE l_returnflag END AS l_returnflag, l_linestatus,
    CASE WHEN h % 200 = 1 THEN left(l_shipdate, 8) || '33' ELSE l_shipdate END AS l_shipdate, l_commitdate, l_receiptdate,
    l_shipinstruct, CASE WHEN h % 11 = 0 THEN lower(l_shipmode) ELSE l_shipmode END AS l_shipmode, l_comment, l_updated
  FROM (
    SELECT *, l_quantity AS quantity, l_receiptdate || ' 12:00:00' AS l_updated FROM lines
    UNION ALL SELECT *, '1.00', l_receiptdate || ' 11:00:00' FROM lines WHERE h % 3 = 0
  )
  -- In no order, as rows of many writers are, yet near their own.
  ORDER BY (CAST(l_orderkey AS bigint) + h % 100000)
) TO '{out / "lineitem.csv"}' (HEADER);
COPY (SELECT o_orderkey, o_custkey, o_totalprice, o_orderdate, ' ' || lower(o_orderpriority) AS o_orderpriority, o_comment
      FROM {read(clean / "orders.csv")}) TO '{out / "orders.csv"}' (HEADER);
''')
"""

LINES = """/* trapiche
partition_by: [ship_month]
checks:
  - { rule: "quantity IS NOT NULL AND quantity > 0", on_fail: quarantine }
  - { rule: "shipdate IS NOT NULL", on_fail: quarantine }
dedupe: { key: [orderkey, linenumber], latest_by: updated }
*/
"""
# Spread over what the features can be, so that none loses its rows on the way.
CENTRES = [
    [5, 8000, 0.02, 0.02, 8, -30], [45, 70000, 0.08, 0.06, 22, 30], [15, 20000, 0.09, 0.01, 25, 0], [35, 55000, 0.01, 0.07, 5, -10],
    [25, 37000, 0.05, 0.04, 15, 60], [10, 15000, 0.03, 0.08, 28, -60], [40, 60000, 0.06, 0.0, 12, 15], [20, 30000, 0.0, 0.05, 18, -45],
]
OURS = {
    "clean": ["raw.*", "trusted.*"], "join": ["refined.revenue"], "describe": ["refined.profile"],
    "clusters": ["refined.groups"], "chain": [],
}

CHECK = """
import json, sys, duckdb
ours, theirs, spark = sys.argv[1], sys.argv[2], sys.argv[3] == "spark"
sql = duckdb.connect()
lines = "read_parquet('{}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)".format
sums = '''SELECT ship_month, count(*), count(DISTINCT (orderkey, linenumber)), sum(quantity), sum(price), sum(discount), sum(tax),
  sum(days_to_receive), sum(days_to_commit), bit_xor(hash(orderkey, partkey, suppkey, linenumber, quantity, returnflag, linestatus, shipdate,
  commitdate, receiptdate, shipinstruct, shipmode, comment, CAST(updated AS timestamp)))
  FROM {} GROUP BY ALL ORDER BY ALL'''.format
a, b = sql.sql(sums(lines(ours + "/trusted/lines"))).fetchall(), sql.sql(sums(lines(theirs + "/lines"))).fetchall()
assert a == b, [pair for pair in zip(a, b) if pair[0] != pair[1]][:2] or (len(a), len(b))
file = theirs + "/revenue.parquet" + ("/*.parquet" if spark else "")
groups = "SELECT orderpriority, ship_month, returnflag, lines, CAST(revenue AS decimal(38, 4)) FROM {} ORDER BY ALL".format
a, b = sql.sql(groups(lines(ours + "/refined/revenue"))).fetchall(), sql.sql(groups(f"read_parquet('{file}')")).fetchall()
assert a == b, [pair for pair in zip(a, b) if pair[0] != pair[1]][:2] or (len(a), len(b))
names = ["quantity", "price", "discount", "tax", "days_to_receive", "days_to_commit"]
found = sql.sql(f"SELECT size, {', '.join(names)} FROM {lines(ours + '/refined/groups_centers')} ORDER BY cluster").fetchall()
told = json.load(open(theirs + "/centres.json"))
# Ours are numbered by their size.
centres, sizes = zip(*sorted(zip(told["centres"], told["sizes"]), key=lambda pair: -pair[1]))
apart = max(abs(x - y) / max(1, abs(y)) for row, centre in zip(found, centres) for x, y in zip(row[1:], centre))
assert apart < (1e-6 if spark else 1e-9), apart
assert spark or [row[0] for row in found] == list(sizes), (found, sizes)
print(f"{sum(row[0] for row in found):,} lines equal, centres within {apart:.0e}")
"""


def main() -> int:
    parser = argparse.ArgumentParser("dirty_to_clusters.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="1", help="of TPC-H: 1 is 8 million dirty lines")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each, after one that is not")
    parser.add_argument("--steps", default=",".join(STEPS), help="a list of " + ", ".join(STEPS))
    parser.add_argument("--peers", default=",".join(PEERS), help="a list of " + ", ".join(PEERS))
    parser.add_argument("--memory", help="what each may use, such as 512MB; Polars takes no limit")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=Path, default=ROOT / "target/dirty-to-clusters", help="where rows and tables lie")
    parser.add_argument("--once", action="store_true", help="one measured round of Spark, of which each takes minutes")
    args = parser.parse_args()
    steps, peers = ([name for name in text.split(",") if name] for text in (args.steps, args.peers))
    if unknown := (set(steps) - set(STEPS)) | (set(peers) - set(PEERS)):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    work = args.work.absolute() / f"scale-{args.scale}"
    make_rows(work, args.scale)
    make_project(work)
    costs: dict[tuple[str, str], list[Cost]] = {}
    for number in range(args.runs + 1):
        names = [US, *peers]
        for name in names[number % len(names):] + names[:number % len(names)]:
            if name == "spark" and args.once and number > 1:
                continue
            for step in steps:
                if step in ("clean", "chain"):
                    clear(work, name)
                cost = timed(command(work, name, step, args))
                print(f"round {number}: {name}, {step}: {cost.wall_s:.2f} s, CPU {cost.cpu_s:.2f} s, {cost.peak_mb:.0f} MB", file=sys.stderr)
                if number > 0:
                    costs.setdefault((step, name), []).append(cost)
        if number == 0 and {"chain", "clusters"} & set(steps):
            for peer in peers:
                same = [sys.executable, "-c", CHECK, work / "project/lake", work / peer, peer]
                print(f"{peer}: {words_of(same)}", file=sys.stderr)
    print(f"Scale {args.scale}, medians of {args.runs} runs, {args.threads} threads" + (f", {args.memory} each" if args.memory else "") + ". × is Trapiche's to the peer's.\n")
    print(table(costs))
    return 0


def make_rows(work: Path, scale: str) -> None:
    """What is there already stays."""
    if (work / "dirty").exists():
        return
    shutil.rmtree(work, ignore_errors=True)
    for part in ("clean", "new"):
        (work / part).parent.mkdir(parents=True, exist_ok=True)
    (work / "clean").mkdir()
    generator = Path(sys.executable).parent / "tpchgen-cli"
    quietly([generator, "csv", "-s", scale, "-T", "lineitem,orders", "-o", work / "clean", "--quiet", "--no-progress"])
    quietly([sys.executable, "-c", DIRTY, work / "clean", work / "new"])
    shutil.rmtree(work / "clean")
    # The last step makes the name, so that what broke off is begun again.
    (work / "new").rename(work / "dirty")


def make_project(work: Path) -> None:
    project = work / "project"
    shutil.rmtree(project, ignore_errors=True)
    for folder in ("queries/trusted", "queries/refined", "models"):
        (project / folder).mkdir(parents=True)
    (work / "centres.json").write_text(json.dumps(CENTRES))
    for name, text in {
        "trapiche.yml": "name: bench\ntargets:\n  here: { storage: \"file://./lake\" }\nsources:\n"
        + "".join(f"  {name}: {{ url: \"file://{work}/dirty/{name}.csv\" }}\n" for name in ("lineitem", "orders")),
        "queries/trusted/lines.sql": LINES + dirty.LINES.format("raw.lineitem"),
        "queries/trusted/orders.sql": dirty.ORDERS.format("raw.orders"),
        "queries/refined/revenue.sql": dirty.REVENUE.format(lines="trusted.lines", orders="trusted.orders"),
        "models/profile.yml": "describe:\n  input: trusted.lines\n  quantiles: [0.25, 0.5, 0.75]\n",
        "models/groups.yml": "kmeans:\n  input: trusted.lines\n  key: [orderkey, linenumber]\n"
        + f"  features: {json.dumps(dirty.FEATURES)}\n  k: 8\n  init: {json.dumps(CENTRES)}\n  max_iterations: 20\n  tolerance: 0\n",
    }.items():
        (project / name).write_text(text)


def clear(work: Path, name: str) -> None:
    shutil.rmtree(work / ("project/lake" if name == US else name), ignore_errors=True)


def command(work: Path, name: str, step: str, args: argparse.Namespace) -> list:
    if name == US:
        ours = [os.environ["TRAPICHE"], "-C", work / "project", "--log", "json", "run", "--full-refresh", "-o", "json", "--threads", args.threads]
        return [*ours, *(["--memory", args.memory] if args.memory else []), *OURS[step]]
    return [sys.executable, HERE / f"peers/dirty_on_{name}.py", work, work / name, step, args.threads, args.memory or "-"]


def timed(command: list) -> Cost:
    with tempfile.TemporaryFile("w+") as words:
        busy_before, started = machine_busy_s(), perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=words, stderr=words)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s, busy_s = perf_counter() - started, machine_busy_s() - busy_before
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            words.seek(0)
            raise SystemExit(failure(command, process.returncode, words.read()))
    cpu_s = usage.ru_utime + usage.ru_stime
    return Cost(wall_s, cpu_s, usage.ru_maxrss * 1024 / 1e6, wall_s, max(0.0, busy_s - cpu_s))


def words_of(command: list) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(failure(command, done.returncode, done.stdout))
    return done.stdout.strip()


def table(costs: dict[tuple[str, str], list[Cost]]) -> str:
    def middle(key: tuple[str, str], of: str) -> float:
        return median(getattr(cost, of) for cost in costs[key])

    lines = ["| step | | wall s | CPU s | peak MB | wall × | CPU × | peak × |", "|---|---" + "|--:" * 6 + "|"]
    for step, name in sorted(costs, key=lambda key: STEPS.index(key[0])):
        of = [middle((step, name), each) for each in ("wall_s", "cpu_s", "peak_mb")]
        us = [middle((step, US), each) for each in ("wall_s", "cpu_s", "peak_mb")]
        ratios = [f"{mine / theirs:.2f}" for mine, theirs in zip(us, of)]
        lines.append(f"| {step} | {name} | {of[0]:.2f} | {of[1]:.2f} | {of[2]:.0f} | " + " | ".join(ratios) + " |")
    others = [run for runs in costs.values() for run in runs]
    share = sum(run.others_s for run in others) / (sum(run.wall_s for run in others) * os.cpu_count())
    return "\n".join([*lines, f"\nOther processes took {share:.0%} of the machine meanwhile."])


if __name__ == "__main__":
    sys.exit(main())
