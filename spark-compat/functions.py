"""What of Spark's built-in functions is here: `docs/functions.md` is made by this.

    $(scripts/python-env spark) spark-compat/functions.py answer            asks PySpark: spark-compat/functions.tsv
    python3 spark-compat/functions.py judge TRAPICHE [--report FILE]        asks here, and writes docs/functions.md

The questions are the examples of Spark's `DESCRIBE FUNCTION EXTENDED`. Of each there are more forms: its arguments as columns of a
table, and each argument null, as it is written and as a column. A function is *same* when all of them have the same types
and rows here, and what Spark refuses is refused.
"""

import argparse
import base64
import collections
import itertools
import json
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ANSWERS = HERE / "functions.tsv"
DOCS = HERE.parent / "docs" / "functions.md"

# Give another value each time: only the type and whether there is a value is compared.
BY_CHANCE = {
    "rand", "random", "randn", "uuid", "shuffle", "randstr", "uniform", "current_timestamp", "now", "localtimestamp", "current_date",
    "curdate", "unix_timestamp", "monotonically_increasing_id", "spark_partition_id", "input_file_name", "current_user", "user",
    "session_user", "current_time", "version", "aes_encrypt", "to_unix_timestamp", "current_timezone", "current_catalog",
    "current_database", "current_schema", "curtime", "java_method", "reflect", "uuid7", "approx_top_k", "time_now",
}


# Of those of which Spark gives no example.
OWN = {
    **{name: [f"SELECT {name}('1')", f"SELECT {name}(1)"] for name in ("bigint", "int", "smallint", "tinyint", "double", "float", "decimal", "string")},
    "binary": ["SELECT binary('a')"],
    "boolean": ["SELECT boolean('true')", "SELECT boolean(0)"],
    "date": ["SELECT date('2024-02-29')"],
    "timestamp": ["SELECT timestamp('2024-02-29 01:02:03')", "SELECT timestamp(1)"],
    "case": ["SELECT CASE 1 WHEN 1 THEN 'a' ELSE 'b' END", "SELECT CASE WHEN NULL THEN 'a' END"],
    "!=": ["SELECT 1 != 2", "SELECT 1 != NULL"],
    "<>": ["SELECT 1 <> 2", "SELECT NULL <> 'a'"],
}
# Whatever is asked last is left as it was: a setting of one function's examples is none of the next one's.
SETTINGS = ["spark.sql.timestampNanosTypes.enabled", "spark.sql.parser.escapedStringLiterals"]
# Without an order of the rows their values come in any.
UNORDERED = {"collect_set", "listagg", "string_agg"}


def split_arguments(text: str) -> list[str]:
    """The parts between commas that stand in no bracket and no quotes."""
    parts, depth, quote, start, at = [], 0, "", 0, 0
    while at < len(text):
        c = text[at]
        if quote:
            if c == "\\":
                at += 1
            elif c == quote:
                quote = ""
        elif c in "'\"`":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    last = text[start:].strip()
    return [*parts, last] if last or parts else []


def call_of(name: str, statement: str) -> list[str] | None:
    """The arguments, if the statement is nothing but a call of the function."""
    found = re.fullmatch(rf"SELECT\s+{re.escape(name)}\s*\((.*)\)\s*", statement, re.S | re.I)
    if not found:
        return None
    arguments = split_arguments(found.group(1))
    inside = found.group(1)
    depth, quote = 0, ""
    for c in inside:
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        else:
            depth += (c in "([") - (c in ")]")
            if depth < 0:
                return None
    return arguments


def is_plain(argument: str) -> bool:
    """Whether it can stand in a row of VALUES."""
    words = re.sub(r"'[^']*'|\"[^\"]*\"", "", argument)
    return not re.search(r"->|=>|\bFROM\b|\bIN\b|\bDISTINCT\b|\bOVER\b|\*$|\bAS\b(?!.*\))|\bORDER BY\b|\bcol\b", words, re.I)


def forms(name: str, statement: str) -> list[tuple[str, str]]:
    """The example, and what is made of it."""
    made = [("example", statement)]
    arguments = call_of(name, statement)
    if not arguments or not all(map(is_plain, arguments)):
        return made
    call = lambda given: f"SELECT {name}({', '.join(given)})"
    columns = [f"c{at}" for at in range(len(arguments))]
    table = lambda row: f"{call(columns)} FROM VALUES ({', '.join(row)}) AS t({', '.join(columns)})"
    made.append(("columns", table(arguments)))
    for at in range(len(arguments)):
        with_null = [*arguments[:at], "NULL", *arguments[at + 1 :]]
        made.append((f"null {at + 1}", call(with_null)))
        rows = f"({', '.join(arguments)}), ({', '.join(with_null)})"
        made.append((f"null {at + 1} in columns", f"{call(columns)} FROM VALUES {rows} AS t({', '.join(columns)})"))
    return made


def answer() -> None:
    sys.path.insert(0, str(HERE))
    import spark_session

    with tempfile.TemporaryDirectory() as folder:
        spark = spark_session.start(Path(folder))
        spark.sparkContext.setLogLevel("OFF")
        # Thousands of small questions: nothing is worth compiling, or dealing out.
        for key, value in [("codegen.wholeStage", "false"), ("codegen.factoryMode", "NO_CODEGEN"), ("shuffle.partitions", "1"), ("adaptive.enabled", "false")]:
            spark.conf.set(f"spark.sql.{key}", value)
        names = sorted({row[0] for row in spark.sql("SHOW SYSTEM FUNCTIONS").collect()})
        hive = spark._jvm.org.apache.spark.sql.execution.HiveResult
        only = set(sys.argv[2:])
        # What broke off is gone on with: the last function of the file may be there in part.
        kept = ANSWERS.read_text().split("\nfunction\t") if not only and ANSWERS.exists() else []
        known = {part.split("\t", 1)[0] for part in kept[1:-1]}
        with open(ANSWERS if not only else "/dev/stdout", "w") as out:
            if known:
                out.write("\nfunction\t".join(kept[:-1]) + "\n")
            else:
                out.write("# Examples of Spark's DESCRIBE FUNCTION EXTENDED (Apache-2.0, The Apache Software Foundation), and PySpark's answers\n")
            for name in names:
                if name in known or (only and name not in only):
                    continue
                described = "\n".join(row[0] for row in spark.sql(f"DESCRIBE FUNCTION EXTENDED `{name}`").collect())
                since = re.search(r"Since: ([\d.]+)", described)
                usage = re.search(r"Usage:\s*(.*?)(?:\n|$)", described)
                out.write("\t".join(["function", name, since.group(1) if since else "", usage.group(1).strip() if usage else ""]) + "\n")
                examples = re.findall(r"^\s*> (.*?);\s*$", described, re.M | re.S) or OWN.get(name, [])
                for example in examples:
                    example = re.sub(r"\s*\n\s*", " ", example).strip()
                    for form, statement in forms(name, example):
                        try:
                            frame = spark.sql(statement)
                            types = [field.dataType().simpleString() for field in frame._jdf.schema().fields()]
                            found = hive.hiveResultString(frame._jdf.queryExecution().executedPlan())
                            rows, count = found.mkString("\x01").split("\x01"), found.size()
                            told = json.dumps([types, rows if count else []], ensure_ascii=False)
                        except Exception as error:  # whatever it refuses
                            found = re.search(r"\[([A-Z_0-9.]+)\]", str(error))
                            told = json.dumps({"refused": found.group(1) if found else type(error).__name__})
                        out.write("\t".join(["case", form, statement.replace("\t", " "), told]) + "\n")
                for setting in SETTINGS:
                    spark.conf.unset(setting)
                out.flush()
        spark.stop()


def judge(program: Path, report: Path | None) -> None:
    import suite

    functions: dict[str, dict] = {}
    cases = []
    for line in ANSWERS.read_text().split("\n"):
        kind, *rest = line.split("\t")
        if kind == "function":
            name = rest[0]
            functions[name] = {"since": rest[1], "usage": rest[2], "cases": 0, "differs": []}
        elif kind == "case":
            form, statement, told = rest
            cases.append((name, form, statement, json.loads(told)))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "trapiche.yml").write_text(suite.PROJECT)
        # A session for each function that sets something, so that it is none of the next one's.
        answers, setting = [], {case[0] for case in cases if case[2].startswith("SET ")}
        for _, group in itertools.groupby(cases, key=lambda case: case[0] if case[0] in setting else ""):
            answers += suite.Session(program.resolve(), Path(folder), [case[2] for case in group]).answers()
    told = []
    for (name, form, statement, there), here in zip(cases, answers, strict=True):
        functions[name]["cases"] += 1
        why = difference(name, there, here)
        if why:
            functions[name]["differs"].append((form, statement, why))
            told.append({"function": name, "form": form, "sql": statement, "why": why, "there": there, "here": here})
    if report:
        report.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in told))
    write_docs(functions)


def difference(name: str, there, here: dict) -> str | None:
    import suite

    if here.get("ended"):
        return here["error"]
    if isinstance(there, dict):
        return None if "error" in here else f"Spark refuses it ({there['refused']})"
    if "error" in here:
        return here["error"]
    if "columns" not in here:
        return "no rows"
    types, rows = there
    own = [column["type"] for column in here["columns"]]
    if [one.lower() for one in types] != [one.lower() for one in own]:
        return f"the type is {', '.join(own)}, in Spark {', '.join(types)}"
    found = ["\t".join(row) for row in here["rows"]]
    if name in BY_CHANCE:
        same = [row == "NULL" for row in rows] == [row == "NULL" for row in found]
        return None if same else "a null where there is none in Spark, or the other way round"
    if name in UNORDERED:
        found, rows = ["".join(sorted(row)) for row in found], ["".join(sorted(row)) for row in rows]
    has_floats = any("double" in one or "float" in one for one in own)
    if suite.lines_of("\n".join(found), has_floats) == suite.lines_of("\n".join(rows), has_floats):
        return None
    return f"{'; '.join(found)[:80] or 'no rows'}, in Spark {'; '.join(rows)[:80] or 'no rows'}"


def write_docs(functions: dict[str, dict]) -> None:
    rows, counts = [], collections.Counter()
    for name, one in functions.items():
        missing = [why for _, _, why in one["differs"] if re.search(r"there is no function|is not there|no function", why)]
        if not one["cases"]:
            state, how = "not here", "Spark gives no example of it"
            if name in OPERATORS:
                state, how = "same", "an operator; the [golden cases](../spark-compat/README.md) have it"
        elif not one["differs"]:
            state, how = "same", ""
        elif missing and len(missing) == len(one["differs"]) or (missing and len(one["differs"]) >= one["cases"] / 2):
            state, how = "not here", plain(missing[0])
        else:
            form, statement, why = one["differs"][0]
            state, how = "differs", f"`{shown(statement)}`: {plain(why)}"
        counts[state] += 1
        rows.append(f"| `{name}` | {state} | {how} |")
    text = HEAD.format(same=counts["same"], differs=counts["differs"], missing=counts["not here"]) + "\n".join(rows) + "\n"
    DOCS.write_text(text)
    print(dict(counts))


OPERATORS: set[str] = set()


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")[:160]


def shown(statement: str) -> str:
    return re.sub(r"\s+", " ", statement).replace("|", "\\|")[:120]


HEAD = """# Spark's functions

Each function that Spark 4.3 has by itself, as `SHOW SYSTEM FUNCTIONS` lists them, and how it is here: {same} are the same, {differs} differ
in something, {missing} are not here.

*Same* means that every example of Spark's `DESCRIBE FUNCTION EXTENDED` has the same types and rows here as in PySpark, as it is
written and with its arguments as columns, and so it is with a null for each of its arguments; and that what Spark refuses of
these is refused. Of functions that give another value each time the type is compared, and whether there is a value. *Differs* names the
first of these that is not the same. This page is made from that comparison by `spark-compat/functions.py`
([how](../spark-compat/README.md#functions)), not by hand; what statements mean as a whole is compared by the [golden cases](../spark-compat/README.md#the-golden-cases)
and [Spark's own suite](../spark-compat/README.md#sparks-own-suite).

| function | here | how, or why not |
| --- | --- | --- |
"""


def main() -> None:
    if sys.argv[1:2] == ["answer"]:
        return answer()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judge", choices=["judge"])
    parser.add_argument("program", type=Path)
    parser.add_argument("--report", type=Path)
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    judge(args.program, args.report)


if __name__ == "__main__":
    main()
