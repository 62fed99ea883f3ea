"""Makes the questions of cases/random_*.sql anew: the rules of dates and times, decimals and casts, over values drawn by
chance.

    python spark-compat/random_cases.py [SEED]          then: answer_cases.py random_dates random_decimals random_casts

The same seed makes the same questions.
"""

import random
import sys
from pathlib import Path

HERE = Path(__file__).parent / "cases"
SEED = 20260729


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    for family, about, tables in [
        ("random_dates", "Dates and times from the year 1 to 9999", dates),
        ("random_decimals", "Decimals of all precisions and scales", decimals),
        ("random_casts", "Casts between all types, and texts that are almost values", casts),
    ]:
        lines = [f"-- {about}, drawn by chance: made by random_cases.py {seed}."]
        for columns, rows, cases in tables(random.Random(f"{family} {seed}")):
            lines += [f"-- columns: {columns}", *[f"-- row: {', '.join(row)}" for row in rows], *cases]
        HERE.joinpath(f"{family}.sql").write_text("\n".join(lines) + "\n")


def day(chance: random.Random) -> tuple[int, int, int]:
    year = chance.choice([chance.randint(1, 9999), chance.randint(1900, 2100), 1, 4, 100, 1582, 1600, 1970, 2000, 9999])
    month = chance.randint(1, 12)
    last = [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return year, month, chance.choice([1, last[month - 1], chance.randint(1, last[month - 1])])


def clock(chance: random.Random) -> str:
    of_day = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
    return chance.choice(["00:00:00", "23:59:59", of_day]) + chance.choice(["", "", ".5", ".000001", ".999999", ".123"])


def dates(chance: random.Random):
    for _ in range(6):
        rows = []
        for _ in range(12):
            (y, m, n), (v, w, x) = day(chance), day(chance)
            rows.append([f"DATE'{y:04}-{m:02}-{n:02}'", f"DATE'{v:04}-{w:02}-{x:02}'", str(chance.randint(-40, 40))])
        of_one = "year quarter month day dayofweek weekday dayofyear weekofyear last_day dayname monthname unix_date".split()
        cases = [f"{name}(d)" for name in of_one]
        cases += [f"trunc(d, '{unit}')" for unit in ["YEAR", "quarter", "MM", "week"]]
        cases += [f"date_part('{unit}', d)" for unit in ["YEAROFWEEK", "DOW", "DOW_ISO", "WEEK"]]
        cases += [f"next_day(d, '{name}')" for name in ["MO", "Thursday", "sun"]]
        cases += ["d + n", "date_add(d, n)", "date_sub(d, n)", "add_months(d, n)", "datediff(d, e)", "months_between(d, e)"]
        cases += ["months_between(e, d, false)", "d - e", "d < e", "d + make_ym_interval(n, n)", "d - INTERVAL 3 MONTHS"]
        cases += [f"date_diff({unit}, e, d)" for unit in ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY"]]
        cases += [f"date_add({unit}, n, d)" for unit in ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY"]]
        cases += ["make_date(year(d), month(e), day(d))", "to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')"]
        cases += [f"date_format(d, '{pattern}')" for pattern in ["yyyy-MM-dd", "yyyy DDD", "E d MMM yy", "QQQ yyyy", "MMMM, EEEE"]]
        yield "d date, e date, n int", rows, cases
    for _ in range(6):
        rows = []
        for _ in range(12):
            (y, m, n), (v, w, x) = day(chance), day(chance)
            rows.append([f"TIMESTAMP'{y:04}-{m:02}-{n:02} {clock(chance)}'", f"TIMESTAMP'{v:04}-{w:02}-{x:02} {clock(chance)}'",
                         str(chance.randint(-2000, 2000))])
        units = "YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND".split()
        cases = [f"date_trunc('{unit}', t)" for unit in units]
        cases += [f"timestampdiff({unit}, u, t)" for unit in units]
        cases += [f"timestampadd({unit}, n, t)" for unit in units]
        cases += ["hour(t)", "minute(t)", "second(t)", "date_part('SECONDS', t)", "unix_timestamp(t)", "unix_micros(t)", "to_date(t)"]
        cases += ["months_between(t, u)", "add_months(t, n)", "datediff(t, u)", "t - u", "t < u", "t + INTERVAL '1 02:03:04.5' DAY TO SECOND"]
        cases += ["t + make_dt_interval(n, n, n, 1.5)", "t - INTERVAL 13 MONTHS", "date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"]
        cases += ["date_format(t, 'hh:mm a')", "date_format(t, 'yyyyMMddHHmmss')", "from_utc_timestamp(t, 'Asia/Tokyo')"]
        cases += ["to_utc_timestamp(t, 'America/New_York')", "from_unixtime(unix_timestamp(t))", "timestamp_seconds(n)"]
        cases += ["to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')"]
        yield "t timestamp, u timestamp, n int", rows, cases


def digits(chance: random.Random, most: int) -> str:
    """So many digits or fewer: any, all nines, a one with zeros behind it."""
    count = chance.randint(1, most)
    return chance.choice([str(chance.randint(0, 10**count - 1)), "9" * count, "1" + "0" * (count - 1), "5" * count])


def decimal(chance: random.Random, precision: int, scale: int) -> str:
    whole = digits(chance, precision - scale) if precision > scale else "0"
    part = digits(chance, scale).rjust(chance.choice([0, scale]), "0")[:scale] if scale else ""
    sign = chance.choice(["", "", "-"])
    return f"CAST('{sign}{whole}.{part or '0'}' AS decimal({precision},{scale}))"


def decimals(chance: random.Random):
    widths = [(1, 0), (3, 3), (5, 2), (9, 4), (10, 0), (12, 2), (18, 6), (18, 18), (20, 5), (28, 10), (38, 0), (38, 6), (38, 18), (38, 37)]
    for _ in range(12):
        (p, s), (q, r) = chance.choice(widths), chance.choice(widths)
        rows = [
            [decimal(chance, p, s), decimal(chance, q, r), str(chance.randint(-3, 12)), digits(chance, 15) + "L"]
            for _ in range(10)
        ]
        cases = ["a + b", "a - b", "a * b", "a / b", "b / a", "a % b", "pmod(a, b)", "a div 7", "sign(a)"]
        # Beyond 34 digits Spark rounds: DIFFERENCES.md.
        cases += ["-a", "abs(a)"] if p < 35 else ["-b", "abs(b)"] if q < 35 else []
        cases += ["a + n", "a * n", "a / 3", "a * l", "l / b", "a + 1.5", "a * 0.1", "(a + b) / 2", "a * 1.5D"]
        cases += ["a = b", "a < b", "a <=> b", "a > n", "greatest(a, b)", "least(a, b, 0)", "coalesce(a, b)", "a IN (b, 1)"]
        cases += ["if(a > b, a, b)", "nullif(a, b)", "a BETWEEN 0 AND b", "array(a, b)[1]", "hash(a, b)"]
        cases += [f"{name}(a)" for name in ["round", "bround", "floor", "ceil", "sqrt"]]
        cases += [f"round(a, {places})" for places in [-2, 1, 3]] + ["bround(b, 1)", "floor(a, 1)", "ceil(b, -1)"]
        # By way of a double, if there are more digits than a bigint has: DIFFERENCES.md.
        cases += [f"CAST(a AS {to})" for to in (["int", "tinyint"] if p < 19 else [])]
        cases += [f"CAST(a AS {to})" for to in ["bigint", "double", "float", "string", "boolean", "timestamp"]]
        cases += [f"CAST(b AS decimal({x},{y}))" for x, y in chance.sample(widths, 4)]
        cases += [f"try_cast(a AS decimal({x},{y}))" for x, y in chance.sample(widths, 3)]
        cases += ["try_add(a, b)", "try_multiply(a, b)", "try_divide(a, b)", "CAST(CAST(a AS string) AS double) + b"]
        yield f"a decimal({p},{s}), b decimal({q},{r}), n int, l bigint", rows, cases


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t") + "'"


def number_text(chance: random.Random) -> str:
    whole, part = digits(chance, chance.choice([3, 12, 25])), chance.choice(["", "." + digits(chance, 8), ".", ".5", ".499999"])
    text = chance.choice(["", "", "-", "+"]) + whole + part + chance.choice(["", "", "", "e3", "E-5", "e+12", "e400", "f", "D", "L", "%"])
    return chance.choice(["", "", " ", "\t"]) + text + chance.choice(["", "", " ", "\n"])


def time_text(chance: random.Random) -> str:
    y, m, n = day(chance)
    text = chance.choice([f"{y:04}-{m:02}-{n:02}", f"{y:04}-{m}-{n}", f"{y}-{m:02}", f"{y:04}", f"{y:04}-{m:02}-{n + 1:02}"])
    if chance.random() < 0.6:
        text += chance.choice(["T", " "]) + clock(chance) + chance.choice(["", "", "Z", "+01:00", "-0330", " UTC", " Europe/Madrid", "+9", "z"])
    return chance.choice(["", "", " "]) + text + chance.choice(["", "", " ", "x"])


def casts(chance: random.Random):
    whole = ["tinyint", "smallint", "int", "bigint"]
    numbers = [*whole, "float", "double", "decimal(10,2)", "decimal(38,10)", "decimal(4,4)"]
    for _ in range(6):
        rows = [[quoted(number_text(chance))] for _ in range(14)]
        cases = [f"CAST(s AS {to})" for to in [*numbers, "boolean"]] + [f"try_cast(s AS {to})" for to in numbers]
        cases += ["s + 1", "s * 1.5D", "s > 2", "s = 10L", "s IN (1, 2)", "abs(s)", "round(s, 1)", "s || 1", "coalesce(s, 0)"]
        yield "s string", rows, cases
    for _ in range(6):
        rows = [[quoted(time_text(chance))] for _ in range(14)]
        cases = [f"{how}(s AS {to})" for how in ["CAST", "try_cast"] for to in ["date", "timestamp", "timestamp_ntz"]]
        cases += ["to_date(s)", "to_timestamp(s)", "try_to_timestamp(s)", "year(s)", "hour(s)", "unix_timestamp(s)"]
        cases += ["s > DATE'2000-01-01'", "date_add(s, 1)", "date_trunc('MONTH', s)", "s = TIMESTAMP'1970-01-01 00:00:00'"]
        yield "s string", rows, cases
    for _ in range(4):
        rows = []
        for _ in range(12):
            scale = 10.0 ** chance.randint(-12, 25)
            double = chance.choice([repr(chance.uniform(-1, 1) * scale), "NaN", "-0.0", repr(float(chance.randint(-(10**9), 10**9))), "Infinity"])
            rows.append([f"CAST({quoted(double)} AS double)", f"CAST({quoted(repr(chance.uniform(-1, 1) * scale)[:9])} AS float)",
                         str(chance.randint(-(2**31), 2**31 - 1)), str(chance.choice([1, -1]) * chance.randint(2**31, 2**62)) + "L",
                         chance.choice(["true", "false"])])
        cases = [f"{how}({name} AS {to})" for name in "xfilb" for to in numbers for how in ["CAST", "try_cast"]]
        # Of floats Java 17 writes a digit more than there need be: DIFFERENCES.md.
        cases += [f"CAST({name} AS string)" for name in "xilb"] + [f"CAST({name} AS boolean)" for name in "xfil"]
        cases += [f"CAST({name} AS timestamp)" for name in "xil"] + ["CAST(CAST(x AS string) AS double) = x", "CAST(i AS binary)", "hex(l)"]
        yield "x double, f float, i int, l bigint, b boolean", rows, cases
    for _ in range(3):
        rows = []
        for _ in range(12):
            (y, m, n), (v, w, x) = day(chance), day(chance)
            rows.append([f"DATE'{y:04}-{m:02}-{n:02}'", f"TIMESTAMP'{v:04}-{w:02}-{x:02} {clock(chance)}'"])
        cases = [f"CAST(t AS {to})" for to in [*whole, "double", "decimal(20,6)", "string", "date", "boolean", "timestamp_ntz"]]
        cases += [f"try_cast(t AS {to})" for to in whole] + ["CAST(d AS string)", "CAST(d AS timestamp)", "d = t", "d < t", "coalesce(d, t)"]
        cases += ["CAST(CAST(t AS string) AS timestamp) = t", "CAST(CAST(d AS string) AS date) = d", "array(d, t)", "t - d", "greatest(d, t)"]
        yield "d date, t timestamp", rows, cases


if __name__ == "__main__":
    main()
