#!/usr/bin/env python3
"""Asks a server that `trapiche serve` started at random, and DuckDB the same of the table's own files.

    serve_check.py http://127.0.0.1:8080 LAKE/refined/sales refined/sales [--requests 1000] [--seed 1]

Every request is followed to its last page. The pages of an order must be DuckDB's rows in DuckDB's order, as far as the order
decides it; without one they must be the same rows. Prints the first difference and ends with 1, or how much was asked.
"""

import argparse
import datetime
import decimal
import json
import math
import random
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import duckdb

OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def ask(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer, parse_float=decimal.Decimal)


def shown(value):
    """A value of DuckDB as the server's JSON has it, numbers by their value."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        # DuckDB gives 0.0 for -0.0 where it has sorted by it.
        return decimal.Decimal(repr(value or 0.0))
    if isinstance(value, int):
        return decimal.Decimal(value)
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return tuple(shown(one) for one in value)
    if isinstance(value, dict):
        return tuple((key, shown(one)) for key, one in value.items())
    return value


def answered(value, kind):
    if kind in ("double", "float") and value == 0:
        return decimal.Decimal("0.0")
    if isinstance(value, int) and not isinstance(value, bool):
        return decimal.Decimal(value)
    if isinstance(value, str) and kind in ("timestamp", "timestamp_ntz"):
        return datetime.datetime.fromisoformat(value.removesuffix("Z"))
    if isinstance(value, list):
        return tuple(answered(one, "") for one in value)
    if isinstance(value, dict):
        return tuple((key, answered(one, "")) for key, one in value.items())
    return value


def written(value):
    """A value of DuckDB as a parameter has it; `None` where it cannot be asked for."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return repr(value)
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat()
        return text + "Z" if value.tzinfo else text
    if isinstance(value, (datetime.date,)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


class Table:
    def __init__(self, server, folder, name):
        self.server, self.name = server, name
        self.details = ask(f"{server}/tables/{name}")
        self.kinds = {column["name"]: column["type"] for column in self.details["columns"]}
        self.simple = [column["name"] for column in self.details["columns"] if column["is_simple"]]
        self.names = list(self.kinds)
        files = sorted(str(path) for path in Path(folder).rglob("*.parquet"))
        keys = {name: "VARCHAR" for name in self.details["partition_by"]}
        self.database = duckdb.connect()
        self.database.execute("SET TimeZone = 'UTC'")
        partitions = f", hive_partitioning = true, hive_types = {keys}" if keys else ""
        self.database.execute(f"CREATE TABLE t AS SELECT * FROM read_parquet({files}{partitions})")
        self.samples = {}
        for column in self.simple:
            rows = self.database.execute(f'SELECT DISTINCT "{column}" FROM t LIMIT 500').fetchall()
            self.samples[column] = [row[0] for row in rows if row[0] is not None]

    def quoted(self, name):
        return f'"{name}"'

    def condition(self, random):
        """A parameter and the same for DuckDB: its text and its values."""
        column = random.choice(self.simple)
        kind, samples = self.kinds[column], self.samples[column]
        if random.random() < 0.1 or not samples:
            is_null = random.random() < 0.5
            return f"{column}.is_null", str(is_null).lower(), f'"{column}" IS {"" if is_null else "NOT "}NULL', []
        if kind == "string" and random.random() < 0.4:
            operator = random.choice(["starts_with", "ends_with", "contains"])
            text = random.choice(samples)
            start = random.randint(0, len(text))
            part = {"starts_with": text[:start], "ends_with": text[start:]}.get(operator, text[start : start + 2])
            function = {"starts_with": "starts_with", "ends_with": "suffix", "contains": "contains"}[operator]
            return f"{column}.{operator}", part, f'{function}("{column}", ?)', [part]
        if random.random() < 0.2:
            some = random.sample(samples, min(len(samples), random.randint(1, 4)))
            quoted = ",".join('"' + written(one).replace('"', '""') + '"' for one in some)
            negated = random.random() < 0.3
            marks = ", ".join("?" for _ in some)
            sql = f'"{column}" {"NOT " if negated else ""}IN ({marks})'
            return f"{column}.{'not_in' if negated else 'in'}", quoted, sql, some
        operator = random.choice(list(OPERATORS))
        value = random.choice(samples)
        name = column if operator == "eq" and random.random() < 0.5 and "." not in column else f"{column}.{operator}"
        return name, written(value), f'"{column}" {OPERATORS[operator]} ?', [value]

    def check(self, random):
        conditions = [self.condition(random) for _ in range(random.choice([0, 1, 1, 2, 3]))]
        selected = random.sample(self.names, random.randint(1, len(self.names))) if random.random() < 0.7 else None
        ordered = random.sample(self.simple, random.randint(1, min(3, len(self.simple)))) if random.random() < 0.6 else []
        ordered = [(column, random.random() < 0.5) for column in ordered]
        parameters = [(name, value) for name, value, _, _ in conditions]
        if selected:
            parameters.append(("select", ",".join(selected)))
        if ordered:
            parameters.append(("order", ",".join(column + (".desc" if down else "") for column, down in ordered)))
        where = " AND ".join(sql for _, _, sql, _ in conditions) or "true"
        values = [value for _, _, _, some in conditions for value in some]
        expected_count = self.database.execute(f"SELECT count(*) FROM t WHERE {where}", values).fetchone()[0]
        limit = max(1, expected_count // random.randint(1, 6)) if random.random() < 0.8 else random.randint(1, 50)
        limit = min(max(limit, expected_count // 40 + 1), 10000)
        parameters += [("limit", str(limit)), ("count", "exact")]
        query = urllib.parse.urlencode(parameters)

        names = selected or self.names
        rows, cursor, pages = [], None, 0
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = ask(f"{self.server}/tables/{self.name}/rows?{query}{more}")
            if page["count"] != expected_count:
                return f"{query}: counts {page['count']} for {expected_count}"
            rows += [tuple(answered(row[name], self.kinds[name]) for name in names) for row in page["rows"]]
            pages, cursor = pages + 1, page["next"]
            if len(page["rows"]) > limit:
                return f"{query}: {len(page['rows'])} rows in a page"
            if cursor is None:
                break
        order = ", ".join(
            f'"{column}" {"DESC NULLS LAST" if down else "ASC NULLS FIRST"}' for column, down in ordered
        )
        sql = f"SELECT {', '.join(map(self.quoted, names))} FROM t WHERE {where}" + (f" ORDER BY {order}" if order else "")
        expected = [tuple(map(shown, row)) for row in self.database.execute(sql, values).fetchall()]
        if sorted(map(repr, rows)) != sorted(map(repr, expected)):
            return f"{query}: {len(rows)} rows in {pages} pages are not DuckDB's {len(expected)}: {difference(rows, expected)}"
        at = [names.index(column) for column, _ in ordered if column in names]
        if len(at) == len(ordered) and [[row[i] for i in at] for row in rows] != [[row[i] for i in at] for row in expected]:
            return f"{query}: the order is not DuckDB's"
        return None


def difference(rows, expected):
    ours, theirs = set(map(repr, rows)), set(map(repr, expected))
    return f"only here {sorted(ours - theirs)[:3]}, only there {sorted(theirs - ours)[:3]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("folder")
    parser.add_argument("table", help="zone/name")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    table = Table(arguments.server, arguments.folder, arguments.table)
    for number in range(arguments.requests):
        seed = arguments.seed * 1_000_003 + number
        fault = table.check(random.Random(seed))
        if fault:
            print(f"request {number} of seed {arguments.seed}: {fault}")
            return 1
    print(f"ok {arguments.requests} requests")
    return 0


sys.exit(main())
