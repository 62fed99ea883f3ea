"""Asks PySpark which types operators make of each pair of types, and writes them down as types.tsv.

    python spark-compat/answer_types.py

A line is `mode<TAB>operator<TAB>left<TAB>right<TAB>answer`. The answer is the type of the result, of `=` and `in` the type
that both sides are compared as, and `ERROR` where Spark refuses to plan it.
"""

import tempfile
from pathlib import Path

from spark_session import start

HERE = Path(__file__).parent
TYPES = [
    "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(5,2)", "decimal(10,0)", "decimal(20,5)",
    "decimal(38,10)", "string", "binary", "date", "timestamp", "timestamp_ntz", "void",
]
OPERATORS = {
    "+": "l + r", "-": "l - r", "*": "l * r", "/": "l / r", "%": "l % r", "div": "l div r", "=": "l = r", "in": "l IN (r)",
    "coalesce": "coalesce(l, r)", "union": None,
}


def main() -> None:
    lines = []
    with tempfile.TemporaryDirectory() as out:
        spark = start(Path(out))
        for mode in ["ansi", "legacy"]:
            spark.conf.set("spark.sql.ansi.enabled", str(mode == "ansi").lower())
            for operator, expression in OPERATORS.items():
                for left in TYPES:
                    for right in TYPES:
                        answer = answered(spark, operator, expression, left, right)
                        lines.append("\t".join([mode, operator, left, right, answer]))
            print(f"{mode}: {len(lines)} lines", flush=True)
        spark.stop()
    HERE.joinpath("types.tsv").write_text("\n".join(lines) + "\n")


def answered(spark, operator: str, expression: str | None, left: str, right: str) -> str:
    def null(data_type: str) -> str:
        return "NULL" if data_type == "void" else f"CAST(NULL AS {data_type})"

    if operator == "union":
        query = f"SELECT {null(left)} AS v UNION ALL SELECT {null(right)}"
    else:
        query = f"SELECT {expression} AS v FROM (SELECT {null(left)} AS l, {null(right)} AS r)"
    try:
        frame = spark.sql(query)
        if operator not in ("=", "in"):
            return frame.schema["v"].dataType.simpleString()
        made = frame._jdf.queryExecution().analyzed().expressions().head().child()
        sides = made.children()
        types = {sides.apply(i).dataType().catalogString() for i in range(sides.size())}
        return types.pop() if len(types) == 1 else "ERROR"
    except Exception:  # noqa: BLE001 - whatever it says, it does not plan it
        return "ERROR"


if __name__ == "__main__":
    main()
