"""Writes random cases for the rules of decimals, casts and dates: cases/random_<rule>.sql, to be answered by answer_cases.py.

    python spark-compat/random_cases.py [SEED]

The same seed writes the same files. README.md tells their format.
"""

import random
import sys
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent / "cases"
TABLES, ROWS, CASES = 30, 6, 10
SEED = 13


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    for rule, table in {"decimals": decimals, "casts": casts, "dates": dates}.items():
        chance = random.Random(f"{rule} {seed}")
        lines = [f"-- Written by random_cases.py from seed {seed}."]
        for _ in range(TABLES):
            columns, row, cases = table(chance)
            lines.append(f"-- columns: {columns}")
            lines += [f"-- row: {', '.join(row())}" for _ in range(ROWS)]
            lines += chance.sample(cases, CASES)
        HERE.joinpath(f"random_{rule}.sql").write_text("\n".join(lines) + "\n")


def decimals(chance):
    """Two decimals of any digits, and a whole number."""
    (p1, s1), (p2, s2) = decimal_type(chance), decimal_type(chance)
    to, scale = "decimal({},{})".format(*decimal_type(chance)), chance.randint(-3, 8)
    cases = ["a + b", "a - b", "a * b", "a / b", "a % b", "b - a", "b / a", "b % a", "a + n", "n * b", "a / n", "n % b"]
    cases += ["a = b", "a < b", "a <=> b", "greatest(a, b)", "coalesce(a, b)", "if(n > 0, a, b)", "abs(b)", "pmod(a, b)"]
    cases += [f"round(a, {scale})", f"bround(b, {scale})", "ceil(a)", "floor(b)", f"CAST(a AS {to})", f"CAST(b AS {to})"]
    cases += ["CAST(a AS string)", "CAST(b AS double)", "CAST(a AS int)", "CAST(b AS bigint)", "a IN (b, n)", "a + b * n"]
    cases += ["try_divide(a, b)", "try_add(a, b)", "try_multiply(a, b)", "a BETWEEN b AND n"]
    row = lambda: [decimal_value(chance, p1, s1), decimal_value(chance, p2, s2), str(chance.randint(-9, 9))]
    return f"a decimal({p1},{s1}), b decimal({p2},{s2}), n int", row, cases


def decimal_type(chance) -> tuple[int, int]:
    precision = chance.choice([chance.randint(1, 9), chance.randint(1, 18), chance.randint(1, 38)])
    return precision, chance.randint(0, precision)


def decimal_value(chance, precision: int, scale: int) -> str:
    digits = str(chance.randrange(10 ** chance.randint(1, precision))).rjust(scale + 1, "0")
    whole, fraction = (digits[:-scale], digits[-scale:]) if scale else (digits, "")
    sign = chance.choice(["", "-"]) if int(digits) else ""
    return f"CAST('{sign}{whole}{'.' if scale else ''}{fraction}' AS decimal({precision},{scale}))"


def casts(chance):
    """Texts that are nearly numbers, nearly dates and nearly times, and numbers of all sizes."""
    to = "decimal({},{})".format(*decimal_type(chance))
    kinds = ["tinyint", "smallint", "int", "bigint", "float", "double", "boolean", "string", to]
    cases = [f"CAST({name} AS {kind})" for name in "sxn" for kind in kinds]
    cases += [f"try_cast(s AS {kind})" for kind in [*kinds, "date", "timestamp"]]
    cases += ["CAST(s AS date)", "CAST(s AS timestamp)", "CAST(n AS timestamp)", "CAST(CAST(x AS float) AS string)"]
    cases += ["s + 1", "s > n", "n = s", "x + n", "CAST(CAST(x AS float) AS int)", f"CAST(CAST(n AS {to}) AS string)"]
    row = lambda: [text(chance), double(chance), whole(chance)]
    return "s string, x double, n bigint", row, cases


def text(chance) -> str:
    number = f"{chance.choice(['', '-', '+'])}{chance.randrange(10 ** chance.randint(1, 12))}"
    fraction = f"{number}.{chance.randrange(10 ** chance.randint(1, 8))}"
    day = f"{chance.randint(1, 9999):04}-{chance.randint(1, 13)}-{chance.randint(1, 31)}"
    time = f"{chance.randint(0, 24):02}:{chance.randint(0, 60):02}:{chance.randint(0, 59)}{chance.choice(['', '.5', '.1234567'])}"
    zone = chance.choice(["", "Z", "+02:00", " UTC", "-3"])
    shapes = [number, fraction, f"{fraction}e{chance.randint(-12, 12)}", day, f"{day} {time}", f"{day}T{time}{zone}"]
    shapes += ["true", "no", "t", "", "NaN", "-Infinity", f"{number}L", f".{chance.randrange(100)}", f"{number}."]
    shape = chance.choice(shapes)
    return f"'{chance.choice(['', ' '])}{shape}{chance.choice(['', '', ' ', 'x'])}'"


def double(chance) -> str:
    special = chance.choice(["NaN", "Infinity", "-Infinity", "-0.0", "0.0"])
    usual = repr(chance.uniform(-1, 1) * 10.0 ** chance.randint(-20, 30))
    round_one = repr(round(chance.uniform(-1000, 1000), chance.randint(0, 3)))
    return f"CAST('{chance.choice([special, usual, usual, round_one, round_one])}' AS double)"


def whole(chance) -> str:
    bits = chance.choice([7, 15, 31, 40, 63])
    return f"CAST({chance.choice([-1, 1]) * chance.randrange(2 ** bits)} AS bigint)"


def dates(chance):
    """Days and times of all years, and a number of days or months."""
    unit = chance.choice(["YEAR", "QUARTER", "MONTH", "WEEK"])
    finer = chance.choice(["DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "WEEK", "QUARTER"])
    field = chance.choice(["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOY", "DOW", "HOUR", "MINUTE", "SECOND", "YEAROFWEEK"])
    pattern = chance.choice(["dd.MM.yyyy HH:mm", "EEEE d MMM yy", "yyyy-'Q'q", "D h:mm a", "yyyyMMdd HHmmss.SSS", "E, L"])
    weekday = chance.choice(["MO", "Tuesday", "we", "THU", "SUN"])
    cases = ["date_add(d, n)", "date_sub(d, n)", "add_months(d, n)", "datediff(d, t)", "months_between(t, d)", "last_day(d)"]
    cases += [f"trunc(d, '{unit}')", f"date_trunc('{finer}', t)", f"extract({field} FROM t)", f"date_format(t, '{pattern}')"]
    cases += ["weekofyear(d)", "dayofyear(d)", "dayofweek(t)", "weekday(d)", "quarter(t)", f"next_day(d, '{weekday}')"]
    cases += ["d + n", "d - n", "d - CAST(t AS date)", "CAST(t AS date)", "CAST(d AS timestamp)", "d = t", "t < d"]
    cases += ["unix_timestamp(t)", "CAST(t AS bigint)", "CAST(t AS double)", "CAST(t AS string)", "CAST(d AS string)"]
    cases += ["d + INTERVAL 3 MONTHS", "t - INTERVAL 1 DAY 2 HOURS", "t + n * INTERVAL 1 MINUTE", "d - INTERVAL 1 YEAR"]
    cases += ["hour(t)", "second(t)", "year(d)", "month(t)", "day(t)", "unix_date(d)", "months_between(d, t, false)"]
    cases += [f"timestampdiff({finer}, t, CAST(d AS timestamp))", f"timestampadd({unit}, n, t)", "greatest(d, CAST(t AS date))"]
    row = lambda: [f"DATE'{day(chance)}'", f"TIMESTAMP'{day(chance)} {clock(chance)}'", str(chance.randint(-4000, 4000))]
    return "d date, t timestamp, n int", row, cases


def day(chance) -> date:
    first = date(*chance.choice([(1, 1, 20), (1582, 10, 1), (1900, 1, 1), (1969, 12, 1), (2000, 2, 20), (2024, 2, 20)]))
    return first + timedelta(days=chance.choice([chance.randint(0, 40), chance.randint(0, 20_000)]))


def clock(chance) -> str:
    fraction = chance.choice(["", ".5", f".{chance.randrange(10 ** 6):06}"])
    return f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}{fraction}"


if __name__ == "__main__":
    main()
