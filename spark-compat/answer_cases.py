"""Asks PySpark (ANSI mode, UTC) for the answers to cases/*.sql and writes them down as cases/*.tsv.

    python spark-compat/answer_cases.py

Each line of an answer's file is the value of `v` as text (`null`, or ERROR where Spark refuses) and the statement.
"""

import tempfile
from pathlib import Path

from spark_session import start

HERE = Path(__file__).parent / "cases"


def statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("--")]
    return [line.rstrip(";") for line in lines]


def answer(spark, statement: str) -> str:
    try:
        value = spark.sql(statement).collect()[0]["v"]
    except Exception:
        return "ERROR"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def main() -> None:
    with tempfile.TemporaryDirectory() as out:
        spark = start(Path(out))
        ask(spark)
        spark.stop()


def ask(spark) -> None:
    for file in sorted(HERE.glob("*.sql")):
        lines = [f"{answer(spark, statement)}\t{statement}" for statement in statements(file.read_text())]
        file.with_suffix(".tsv").write_text("\n".join(lines) + "\n")
        print(f"{file.name}: {len(lines)} answers")


if __name__ == "__main__":
    main()
