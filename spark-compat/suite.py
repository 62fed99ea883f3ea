"""Spark's own SQL suite, asked here.

    python3 spark-compat/suite.py TRAPICHE [--report FILE] [--only NAME] [--letters a-l] [--jobs 2] [--renew | --floors | --assess]
    python3 spark-compat/suite.py fetch

TRAPICHE is the program. The suite is in the tests' jar of Spark (Apache-2.0), which Maven fetches once into
`~/.cache/trapiche-spark-suite`; nothing of it is copied here. A file of it is one session of `trapiche query --answers`: its views,
tables and settings last until its end. Rows are compared as a multiset, floating-point numbers to 12 digits; types with
the precision and scale of decimals. What Spark refuses must be refused. Nothing is left out.

With `--assess` each file is given to `trapiche assess`, too, and what is said there is compared with what becomes of each statement
when it runs: one that is refused must have been told in advance.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import selectors
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ARTIFACT = "org.apache.spark:spark-sql_2.13:4.0.0:jar:tests"
FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "trapiche-spark-suite"
TIMEOUT_S = 60
REFUSED = re.compile(r"[\w.$]+(Exception|Error)\b")
COUNTS = Path(__file__).parent / "suite.tsv"
PROJECT = """name: suite
targets:
  here: { default: true, storage: "file://./lake" }
"""


def jar() -> zipfile.ZipFile:
    found = list(FOLDER.glob("*-tests.jar"))
    if not found:
        FOLDER.mkdir(parents=True, exist_ok=True)
        fetch = ["mvn", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={FOLDER}"]
        subprocess.run(fetch, check=True, stdout=sys.stderr)
        found = list(FOLDER.glob("*-tests.jar"))
    return zipfile.ZipFile(found[0])


class Statement:
    """What is asked, and what Spark answered."""

    def __init__(self, part: str):
        text, rest = part.split("-- !query schema\n", 1)
        schema, output = rest.split("-- !query output\n", 1)
        self.text = text.rstrip("\n")
        self.schema = schema.strip()
        self.output = output.rstrip("\n")
        self.refused = bool(REFUSED.match(self.output.strip()))
        self.has_rows = not self.refused and self.schema != "struct<>"

    @property
    def verb(self) -> str:
        text = re.sub(r"^(\s|--[^\n]*(\n|$)|/\*.*?\*/|\()+", "", self.text, flags=re.S)
        return (text.split(None, 1) or [""])[0].upper()


def files(suite: zipfile.ZipFile, letters: str) -> dict[str, list[Statement]]:
    first, last = letters.split("-")
    found = {}
    for name in sorted(suite.namelist()):
        if not (name.startswith("sql-tests/results/") and ".sql.out" in name):
            continue
        if not first <= os.path.basename(name)[0].lower() <= last:
            continue
        text = suite.read(name).decode()
        found[name.removeprefix("sql-tests/results/")] = [Statement(one) for one in text.split("-- !query\n")[1:]]
    return found


def settings(suite: zipfile.ZipFile, name: str) -> list[str]:
    """The statements by which a file's session begins."""
    source = "sql-tests/inputs/" + re.sub(r"\.out(\..*)?$", "", name)
    text = suite.read(source).decode() if source in suite.namelist() else ""
    pairs = [pair for line in re.findall(r"^--SET (.*)$", text, re.M) for pair in line.split(",")]
    if name.startswith("nonansi/"):
        pairs.append("spark.sql.ansi.enabled=false")
    if name.startswith("timestampNTZ/"):
        pairs.append("spark.sql.timestampType=TIMESTAMP_NTZ")
    return [f"SET {pair.strip()}" for pair in pairs]


TENK = (
    "unique1 int, unique2 int, two int, four int, ten int, twenty int, hundred int, thousand int, twothousand int, "
    "fivethous int, tenthous int, odd int, even int, stringu1 string, stringu2 string, string4 string"
)


def tables(suite: zipfile.ZipFile, asked: str) -> list[str]:
    """`createTestTables` of SQLQueryTestSuite, as far as they are named."""
    made = {
        "testdata": ["CREATE TEMPORARY VIEW testdata AS SELECT CAST(id AS int) AS key, CAST(id AS string) AS value FROM range(1, 101)"],
        "arraydata": [
            "CREATE TEMPORARY VIEW arraydata AS SELECT * FROM VALUES (array(1, 2, 3), array(array(1, 2, 3))), "
            "(array(2, 3, 4), array(array(2, 3, 4))) AS t(arraycol, nestedarraycol)"
        ],
        "mapdata": [
            "CREATE TEMPORARY VIEW mapdata AS SELECT * FROM VALUES (map(1, 'a1', 2, 'b1', 3, 'c1', 4, 'd1', 5, 'e1')), "
            "(map(1, 'a2', 2, 'b2', 3, 'c2', 4, 'd2')), (map(1, 'a3', 2, 'b3', 3, 'c3')), (map(1, 'a4', 2, 'b4')), (map(1, 'a5')) AS t(mapcol)"
        ],
    }
    for table, file, columns in [("aggtest", "agg", "a int, b float"), ("onek", "onek", TENK), ("tenk1", "tenk", TENK)]:
        made[table] = None
        if not re.search(rf"\b{table}\b", asked):
            continue
        lines = suite.read(f"test-data/postgresql/{file}.data").decode().splitlines()
        types = [column.split()[1] for column in columns.split(", ")]
        values = [
            "(" + ", ".join(f"'{v}'" if t == "string" else f"CAST('{v}' AS float)" if t == "float" else v for v, t in zip(line.split("\t"), types)) + ")"
            for line in lines
        ]
        inserts = [f"INSERT INTO {table} VALUES {', '.join(values[at : at + 1000])}" for at in range(0, len(values), 1000)]
        made[table] = [f"CREATE TABLE {table} ({columns})", *inserts]
    return [one for table, made in made.items() if made and re.search(rf"\b{table}\b", asked, re.I) for one in made]


class Session:
    """A process that answers statements, begun anew where it ended."""

    def __init__(self, program: Path, project: Path, statements: list[str]):
        self.program, self.project, self.statements = program, project, statements

    def answers(self) -> list[dict]:
        given: list[dict] = []
        while len(given) < len(self.statements):
            # What changes the session and went well is done again, so that the rest finds it.
            again = [at for at, answer in enumerate(given) if not answer.keys() - {"note"} or "key" in str(answer.get("columns"))[:40]]
            asked = [self.statements[at] for at in again] + self.statements[len(given) :]
            answers, ended = self.run(asked)
            fresh = answers[len(again) :]
            given += fresh
            if len(given) < len(self.statements):
                given.append({"error": ended, "ended": True})
        return given

    def run(self, statements: list[str]) -> tuple[list[dict], str]:
        with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as words:
            text.write(b"".join(one.encode() + b"\0" for one in statements))
            text.seek(0)
            command = [self.program, "-C", self.project, "query", "--answers", "-f", "-"]
            process = subprocess.Popen(command, stdin=text, stdout=subprocess.PIPE, stderr=words)
            found, rest, ended = [], b"", ""
            waiting = selectors.DefaultSelector()
            waiting.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not waiting.select(TIMEOUT_S):
                    ended = f"HANGS for {TIMEOUT_S} s"
                    process.kill()
                    break
                read = os.read(process.stdout.fileno(), 1 << 16)
                if not read:
                    break
                *lines, rest = (rest + read).split(b"\n")
                found += [json.loads(line) for line in lines]
            code = process.wait()
            if not ended and len(found) < len(statements):
                words.seek(0)
                ended = f"CRASHES with {code}: {words.read().decode(errors='replace')[-300:]}"
            return found, ended


# No row has been asked for by then: a configuration error. Others are of a row's value, which nobody knows in advance.
BEFORE_ROWS = 2


def assessed(program: Path, folder: Path, name: str, statements: list[str]) -> list[dict]:
    """What `trapiche assess` says of each statement of a session; nothing of one that it does not find."""
    path = folder / (re.sub(r"\W", "_", name) + ".ipynb")
    # A cell each, so that a comment that is not closed ends with its statement.
    cells = [{"cell_type": "code", "source": ["%%sql\n", one]} for one in statements]
    path.write_text(json.dumps({"cells": cells}))
    told = subprocess.run([program, "assess", "-o", "json", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if told.returncode not in (0, 5):
        raise SystemExit(f"assess of {name} ends with {told.returncode}: {told.stderr.decode(errors='replace')[-300:]}")
    verdicts, found = json.loads(told.stdout)["statements"], []
    for one in statements:
        is_it = bool(verdicts) and one.strip().endswith(verdicts[0]["sql"])
        found.append(verdicts.pop(0) if is_it else {"verdict": "none"})
    if verdicts:
        raise SystemExit(f"assess finds other statements in {name}: {verdicts[0]['sql']}")
    return found


def surprise(verdict: dict, answer: dict) -> str | None:
    """How a statement's end differs from what was told of it; None where it does not."""
    is_refused = answer.get("code") == BEFORE_ROWS
    told = verdict["verdict"]
    if answer.get("ended"):
        return "ends the session"
    if is_refused and told in ("runs", "none"):
        return "refused, and not told: " + grouped(answer["error"])
    if is_refused and told == "without_columns" and not re.search("there is no table|NOT_FOUND|no table", answer["error"]):
        return "refused, and told to depend on its tables: " + grouped(answer["error"])
    if not is_refused and told == "refused":
        return "runs, and told to be refused: " + grouped(verdict["why"])
    return None


FLOAT = re.compile(r"-?\d+\.\d+(?:E-?\d+)?|-?\d+E-?\d+")


def lines_of(text: str, has_floats: bool) -> list[str]:
    def shortened(match: re.Match) -> str:
        return f"{float(match.group()):.11e}"

    lines = [line.rstrip() for line in text.split("\n")]
    if has_floats:
        lines = [FLOAT.sub(shortened, line) for line in lines]
    return sorted(lines)


def cells(line: str) -> str:
    # A comment that is not there is printed as nothing.
    return "\t".join(cell.strip().replace("NULL", "") for cell in line.split("\t")).rstrip()


def judged(asked: Statement, answer: dict) -> str | None:
    """Why it is not equal; None where it is."""
    if answer.get("ended"):
        return answer["error"]
    if asked.refused:
        return None if "error" in answer else "answers what Spark refuses: " + reason_of(asked)
    if "error" in answer:
        return "error: " + grouped(answer["error"])
    if not asked.has_rows:
        return None
    if "columns" not in answer:
        return "no rows"
    types = [column["type"] for column in answer["columns"]]
    named = ",".join(rf".*:{re.escape(name)}" for name in types)
    if not re.fullmatch(f"struct<{named}>", asked.schema, re.S | re.I):
        return "types: " + difference_of_types(asked.schema, types)
    rows = ["\t".join(row) for row in answer["rows"]]
    has_floats = any("double" in name or "float" in name for name in types)
    here, there = lines_of("\n".join(rows), has_floats), lines_of(asked.output, has_floats)
    if asked.verb in ("DESC", "DESCRIBE", "SHOW"):
        here, there = sorted(map(cells, here)), sorted(map(cells, there))
    return None if here == there else "rows"


def reason_of(asked: Statement) -> str:
    found = re.search(r'"errorClass" : "([^"]*)"', asked.output)
    return found.group(1) if found else asked.output.split("\n")[0]


def difference_of_types(schema: str, types: list[str]) -> str:
    there = re.findall(r":([a-z_]+(?:\([\d,]+\))?(?: to [a-z]+| (?:year|month|day|hour|minute|second)(?: to [a-z]+)?)?)[,>]", schema)
    others = [(a, b) for a, b in zip(there, types) if a != b.split("<")[0]]
    plain = lambda name: re.sub(r"\(.*\)", "(…)", name)
    return f"{plain(others[0][0])} there, {plain(others[0][1])} here" if others else "nested, or the number of columns"


def grouped(message: str) -> str:
    """Without the names that a statement has."""
    message = message.split("\n")[0]
    if "function" in message:
        return re.sub(r"'[^']*'|\d+", "…", message)[:140]
    return re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+", "…", message)[:140]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--report", type=Path, help="where each statement that is not equal is told, as a JSON object a line")
    parser.add_argument("--only", default="", help="only files with this in their name")
    parser.add_argument("--letters", default="a-l", help="only files whose names begin so")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--renew", action="store_true", help="write suite.tsv: how many statements of each file are equal, and refused")
    parser.add_argument("--floors", action="store_true", help="exit with 1 where fewer are than suite.tsv says")
    parser.add_argument("--assess", action="store_true", help="compare what `trapiche assess` says with what becomes of each statement")
    args = parser.parse_args()
    suite = jar()
    if str(args.program) == "fetch":
        return
    all_files = {name: asked for name, asked in files(suite, args.letters).items() if args.only in name}
    counts, causes, by_file = collections.Counter(), collections.Counter(), {}
    ends, surprises = collections.Counter(), collections.Counter()
    report = open(args.report or os.devnull, "w")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "trapiche.yml").write_text(PROJECT)
        program = args.program.resolve()

        def of_file(name: str) -> tuple[list[dict], list[dict]]:
            asked = all_files[name]
            text = "\n".join(one.text for one in asked)
            first = settings(suite, name) + tables(suite, text)
            statements = first + [one.text for one in asked]
            answers = Session(program, project, statements).answers()
            verdicts = assessed(program, project, name, statements) if args.assess else []
            return answers[len(first) :], verdicts[len(first) :]

        # A zip file is not read by several threads at once.
        names = list(all_files)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for name, (answers, verdicts) in zip(names, pool.map(of_file, names)):
                equal = collections.Counter()
                for asked, answer, verdict in zip(all_files[name], answers, verdicts):
                    why = surprise(verdict, answer)
                    ends[answer.get("code") == BEFORE_ROWS, why is None] += 1
                    if why is not None:
                        surprises[why] += 1
                        report.write(json.dumps({"file": name, "sql": asked.text, "why": why, "assess": verdict, "here": answer}) + "\n")
                for nth, (asked, answer) in enumerate(zip(all_files[name], answers, strict=True)):
                    why = judged(asked, answer)
                    kind = "refused" if asked.refused else "rows" if asked.has_rows else "other"
                    counts[kind, why is None] += 1
                    equal[kind, why is None] += 1
                    if why is not None and not args.assess:
                        causes[kind, why] += 1
                        there = [asked.schema, asked.output]
                        told = {"file": name, "nth": nth, "why": why, "sql": asked.text, "there": there, "here": answer}
                        report.write(json.dumps(told, ensure_ascii=False) + "\n")
                by_file[name] = equal
                report.flush()
                print(f"{len(by_file)} of {len(names)} files: {name}", file=sys.stderr)
    if args.assess:
        for why, count in surprises.most_common():
            print(f"{count:5}  {why}")
        refused, others = (ends[is_refused, True] + ends[is_refused, False] for is_refused in (True, False))
        print(f"\n{ends[True, True]} of {refused} statements that are refused were told in advance ({100 * ends[True, True] / max(refused, 1):.1f} %)")
        print(f"{ends[False, True]} of {others} that are not were told to run ({100 * ends[False, True] / max(others, 1):.1f} %)")
        return
    for (kind, why), count in causes.most_common():
        print(f"{count:5}  {kind:8} {why}")
    print()
    for name, equal in by_file.items():
        rows, refused = (equal[kind, True] + equal[kind, False] for kind in ("rows", "refused"))
        print(f"{equal['rows', True]:4} of {rows:4} equal, {equal['refused', True]:4} of {refused:4} refused  {name}")
    print()
    for kind, what in [("rows", "with rows are equal"), ("refused", "that Spark refuses are refused"), ("other", "without rows are done")]:
        right, all_of = counts[kind, True], counts[kind, True] + counts[kind, False]
        print(f"{right} of {all_of} statements {what} ({100 * right / max(all_of, 1):.1f} %)")
    ended = sum(count for (_, why), count in causes.items() if why.startswith(("HANGS", "CRASHES")))
    print(f"{ended} crashes and hangs")
    if args.renew:
        lines = [f"{name}\t{equal['rows', True]}\t{equal['refused', True]}\n" for name, equal in by_file.items()]
        COUNTS.write_text("# Of each file of Spark's suite: statements whose rows are equal, and such as are to be refused and are\n" + "".join(lines))
    if args.floors:
        known = dict((name, (int(rows), int(refused))) for name, rows, refused in (line.split("\t") for line in COUNTS.read_text().splitlines()[1:]))
        fewer = []
        for name, equal in by_file.items():
            now = (equal["rows", True], equal["refused", True])
            fewer += [name] if any(one < then for one, then in zip(now, known[name])) else []
        for name in fewer:
            print(f"fewer than before in {name}: {known[name]}")
        sys.exit(1 if fewer else 0)


if __name__ == "__main__":
    main()
