"""Makes the questions of cases/random_*.sql anew: the rules of dates and times, over values drawn by chance.

    python spark-compat/random_cases.py [SEED]          then: answer_cases.py random_dates

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


if __name__ == "__main__":
    main()
