"""The files of golden cases: how `cases/<family>.sql` is read, and how an answer is written into `cases/<family>.tsv`.

README.md tells the format. `everyday.sql` is older, and has a format of its own.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

import numpy

TOKEN = re.compile(r"""'(?:\\.|''|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|\d[\w.]*|[A-Za-z_]\w*|.""")
STATEMENT = re.compile(r"(SELECT|WITH|VALUES|FROM|TABLE)\b")
# What stays one thing wherever it stands: `-7` behind a minus would begin a comment.
PLAIN = re.compile(r"[\w.]+|'[^'\\]*'")


@dataclass
class Table:
    """A table of edge values, and what is asked about it."""

    columns: str = ""
    rows: list[list[str]] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [column.split()[0] for column in split(self.columns)]

    @property
    def types(self) -> list[str]:
        return [column.split(maxsplit=1)[1] for column in split(self.columns)]


def read(text: str) -> tuple[str, list[Table]]:
    """The session's time zone and the tables of a file."""
    zone, tables = "UTC", [Table()]
    for line in text.splitlines():
        if line.startswith("-- time zone: "):
            zone = line.removeprefix("-- time zone: ")
        elif line.startswith("-- columns: "):
            tables.append(Table(line.removeprefix("-- columns: ")))
        elif line.startswith("-- row: "):
            tables[-1].rows.append(split(line.removeprefix("-- row: ")))
        elif line.strip() and not line.startswith("--"):
            tables[-1].cases.append(line.rstrip(";"))
    for table in tables:
        # An expression is asked of nulls, too. Statements have the rows that they name, no more.
        if table.names and not is_statement(table.cases[0]) and not any(set(row) == {"NULL"} for row in table.rows):
            table.rows.append(["NULL"] * len(table.names))
        if any(len(row) != len(table.names) for row in table.rows):
            raise ValueError(f"a row has another number of values than `{table.columns}`")
    return zone, [table for table in tables if table.cases]


def is_statement(case: str) -> bool:
    return STATEMENT.match(case) is not None


def is_ordered(statement: str) -> bool:
    """Whether the statement itself orders its rows, not one in brackets."""
    outer, before = statement, None
    while outer != before:
        outer, before = re.sub(r"\([^()]*\)", "", outer), outer
    return "ORDER BY" in outer


def with_literals(expression: str, literals: dict[str, str]) -> str:
    """The expression with a literal for each name of a column; not for fields (`r.a`) and functions (`hex(…)`)."""
    tokens = TOKEN.findall(expression)
    for at, token in enumerate(tokens):
        before = "".join(tokens[:at]).rstrip()[-1:]
        after = "".join(tokens[at + 1 :]).lstrip()[:1]
        if token in literals and before != "." and after != "(":
            literal = literals[token]
            tokens[at] = literal if PLAIN.fullmatch(literal) else f"({literal})"
    return "".join(tokens)


def split(text: str) -> list[str]:
    """At commas that stand in no brackets and no quotes."""
    parts, depth = [""], 0
    for token in TOKEN.findall(text):
        depth += (token in "([<") - (token in ")]>")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts if part.strip()]


def escaped(value: str | None) -> str:
    """A value of a tab-separated line."""
    if value is None:
        return "\\N"
    plain = value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return plain.replace("\0", "\\0")


def as_text(value: str | None, type_name: str) -> str:
    """What Spark's cast to text gave; of a floating-point number the shortest digits, whatever Java writes them, and of
    a decimal all digits, also where ANSI is off and the cast gives `1E-10`."""
    if value is not None and type_name.startswith("decimal"):
        return f"{Decimal(value):f}"
    if value is None or type_name not in ("double", "float"):
        return escaped(value)
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")) or number == 0:
        return value
    return java_text(number if type_name == "double" else numpy.float32(value))


def java_text(number) -> str:
    """As Java lays digits out: at least two of them, plain from 0.001 to 10,000,000, else with `E`."""
    sign, number = "-" if number < 0 else "", abs(number)
    text, two = numpy.format_float_scientific(number, trim="0"), f"{number:.1e}"
    # The least double is 5e-324, and of two digits 4.9e-324 is nearer.
    text = two if type(number)(two) == number else text
    digits, exponent = text.split("e")
    digits, exponent = digits.replace(".", "").rstrip("0") or "0", int(exponent)
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"
