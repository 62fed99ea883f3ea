"""Asks PySpark for the answers to cases/*.sql and writes them down as cases/*.tsv. README.md tells the format.

    python spark-compat/answer_cases.py [FAMILY …]
"""

import re
import sys
import tempfile
from pathlib import Path

from case_files import Table, as_text, escaped, is_ordered, is_statement, read, with_literals
from spark_session import start

HERE = Path(__file__).parent / "cases"
# Read as JSON by whom builds the same table elsewhere; microseconds, and not in the session's zone.
JSON = """map('timeZone', 'UTC', 'timestampFormat', "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    'timestampNTZFormat', "yyyy-MM-dd'T'HH:mm:ss.SSSSSS")"""
ANSI = {"true": True, "false": False}


def main() -> None:
    families = sys.argv[1:] or sorted(file.stem for file in HERE.glob("*.sql"))
    with tempfile.TemporaryDirectory() as out:
        spark = start(Path(out))
        # One task: what `first` finds, and how floating-point numbers are summed, follows the order of the rows.
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        spark.conf.set("spark.sql.leafNodeDefaultParallelism", "1")
        for family in families:
            text = HERE.joinpath(f"{family}.sql").read_text()
            lines = everyday(spark, text) if family == "everyday" else answers(spark, text)
            HERE.joinpath(f"{family}.tsv").write_text("\n".join(lines) + "\n")
            print(f"{family}: {len(lines)} lines", flush=True)
        spark.stop()


def answers(spark, text: str) -> list[str]:
    zone, tables = read(text)
    spark.conf.set("spark.sql.session.timeZone", zone)
    lines = [] if zone == "UTC" else [f"zone\t{zone}"]
    for table in tables:
        lines += store(spark, table)
        for case in table.cases:
            lines += statement(spark, case) if is_statement(case) else expression(spark, case, table)
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    return lines


def store(spark, table: Table) -> list[str]:
    """Makes the table `t`; each row as JSON, and as literals of just the columns' types."""
    spark.conf.set("spark.sql.ansi.enabled", True)
    if not table.names:
        return ["table", "row\t{}"]
    for row in table.rows:
        found = spark.sql("SELECT " + ", ".join(row)).schema
        for at, (type_name, here) in enumerate(zip(table.types, found)):
            if here.dataType.simpleString() != type_name:
                row[at] = f"CAST({row[at]} AS {type_name})"
    rows = ", ".join(f"({nr}, {', '.join(row)})" for nr, row in enumerate(table.rows))
    spark.sql(f"SELECT * FROM VALUES {rows} AS t(nr, {', '.join(table.names)})").createOrReplaceTempView("numbered")
    spark.sql("SELECT * EXCEPT (nr) FROM numbered").createOrReplaceTempView("t")
    as_hex = [f"hex({n}) AS {n}" if t == "binary" else n for n, t in zip(table.names, table.types)]
    texts = spark.sql(f"SELECT to_json(struct({', '.join(as_hex)}), {JSON}) FROM numbered ORDER BY nr").collect()
    return [f"table\t{table.columns}"] + ["\t".join(["row", text[0], *row]) for text, row in zip(texts, table.rows)]


def expression(spark, case: str, table: Table) -> list[str]:
    """What `case` is in each row: as an expression over columns, and over literals."""
    found = {}
    for mode, ansi in ANSI.items():
        spark.conf.set("spark.sql.ansi.enabled", ansi)
        if table.names:
            found[mode, "columns"] = of_columns(spark, case, len(table.rows))
        literals = [with_literals(case, dict(zip(table.names, row))) for row in table.rows] or [case]
        found[mode, "literals"] = of_literals(spark, literals)
    forms = ["columns", "literals"] if table.names else ["literals"]
    return ["\t".join(["case", case, mode, form, *answer]) for (mode, form), answer in merged(found, forms).items()]


def merged(found: dict, forms: list[str]) -> dict:
    """One line where both modes, or both forms, have the same answer."""
    by_form = {}
    for form in forms:
        strict, lax = found["true", form], found["false", form]
        by_form[form] = {"both": strict} if strict == lax else {"true": strict, "false": lax}
    if len(forms) == 1 or by_form[forms[0]] == by_form[forms[1]]:
        by_form = {"both": by_form[forms[0]]}
    return {(mode, form): answer for form, modes in by_form.items() for mode, answer in modes.items()}


def of_columns(spark, case: str, rows: int) -> list[str]:
    """The type, and the value of each row."""
    query = f"SELECT nr, ({case}) AS v FROM numbered"
    try:
        frame = spark.sql(query)
        type_name = frame.schema["v"].dataType.simpleString()
        frame = frame.selectExpr("nr", text_of("v", type_name))
    except Exception as error:
        return [refusal(error)]
    try:
        values = {nr: as_text(value, type_name) for nr, value in frame.collect()}
        return [type_name] + [values[nr] for nr in range(rows)]
    except Exception:
        # Which row it is that fails.
        return [type_name] + [one(spark, f"{query} WHERE nr = {nr}", type_name) for nr in range(rows)]


def of_literals(spark, cases: list[str]) -> list[str]:
    """The type, or the types where the rows differ in it, and the value of each row."""
    names = [f"v{nr}" for nr in range(len(cases))]
    try:
        frame = spark.sql("SELECT " + ", ".join(f"({case}) AS {name}" for case, name in zip(cases, names)))
        types = [field.dataType.simpleString() for field in frame.schema]
        row = frame.selectExpr(*[text_of(name, type_name) for name, type_name in zip(names, types)]).collect()[0]
        values = [as_text(value, type_name) for value, type_name in zip(row, types)]
    except Exception:
        types, values = [], []
        for case in cases:
            query = f"SELECT ({case}) AS v"
            try:
                types.append(spark.sql(query).schema["v"].dataType.simpleString())
                values.append(one(spark, query, types[-1]))
            except Exception as error:
                types.append(refusal(error))
                values.append(refusal(error))
    if len(set(types)) == 1:
        return [types[0]] if types[0].startswith("ERROR") else [types[0], *values]
    return ["; ".join(types), *values]


def one(spark, query: str, type_name: str) -> str:
    try:
        return as_text(spark.sql(query).selectExpr(text_of("v", type_name)).collect()[0][0], type_name)
    except Exception as error:
        return refusal(error)


def text_of(name: str, type_name: str) -> str:
    return f"hex(`{name}`)" if type_name == "binary" else f"CAST(`{name}` AS STRING)"


def statement(spark, case: str) -> list[str]:
    """Types and names of the columns of a statement's answer, and its rows: sorted as text where it does not order them."""
    found = {}
    for mode, ansi in ANSI.items():
        spark.conf.set("spark.sql.ansi.enabled", ansi)
        try:
            frame = spark.sql(case)
        except Exception as error:
            found[mode, "both"] = [refusal(error)]
            continue
        types = [field.dataType.simpleString() for field in frame.schema]
        names = [escaped(field.name) for field in frame.schema]
        found[mode, "both"] = [" | ".join(types), " | ".join(names), *rows_of(frame, types, is_ordered(case))]
    return ["\t".join(["statement", case, mode, *answer]) for (mode, _), answer in merged(found, ["both"]).items()]


def rows_of(frame, types: list[str], ordered: bool) -> list[str]:
    names = [f"c{at}" for at in range(len(types))]
    try:
        texts = frame.toDF(*names).selectExpr(*map(text_of, names, types)).collect()
    except Exception as error:
        return [refusal(error)]
    rows = [" | ".join(map(as_text, row, types)) for row in texts]
    return rows if ordered else sorted(rows)


def refusal(error: Exception) -> str:
    named = re.search(r"\[([A-Z][A-Z0-9_.]+)\]", str(error))
    return f"ERROR [{named.group(1)}]" if named else "ERROR"


def everyday(spark, text: str) -> list[str]:
    """The value of `v` as text (`null`, or ERROR where Spark refuses) and the statement."""
    spark.conf.set("spark.sql.ansi.enabled", True)
    lines = [line.rstrip(";") for line in text.splitlines() if line.strip() and not line.startswith("--")]
    return [f"{first_value(spark, line)}\t{line}" for line in lines]


def first_value(spark, case: str) -> str:
    try:
        value = spark.sql(case).collect()[0]["v"]
    except Exception:
        return "ERROR"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


if __name__ == "__main__":
    main()
