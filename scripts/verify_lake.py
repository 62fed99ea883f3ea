"""Computes every table of the demo project again, without Trapiche, and compares it with what lies in a lake.

    scripts/verify_lake.py LAKE DATABASE

DuckDB starts from the shop's own database (the SQLite file in `.trapiche/demo`), as Python's sqlite3 reads it, and for what
came from elsewhere from the raw files of each source's newest landing. The landings of the database's tables are compared
with it, too, before any table. The tables are read from `trusted/` and `refined/`
as anyone would read them: by pyarrow and by DuckDB, as Hive-partitioned datasets. Rows are compared as multisets,
doubles to 1e-9 of their size. Prints a line per table; exits 1 when one differs.
"""

import argparse
import json
import math
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

# How the raw files are read. What comes in several JSON types is looked at as JSON.
RAW = {
    "products": {
        "id": "BIGINT", "title": "VARCHAR", "price": "JSON", "category": "VARCHAR",
        "rating": "STRUCT(rate DOUBLE, count BIGINT)",
    },
    "users": {
        "id": "BIGINT", "email": "VARCHAR", "username": "VARCHAR", "phone": "VARCHAR", "__v": "BIGINT",
        "name": "STRUCT(firstname VARCHAR, lastname VARCHAR)",
        "address": "STRUCT(city VARCHAR, zipcode VARCHAR, geolocation STRUCT(lat VARCHAR, long VARCHAR))",
    },
    "carts": {
        "id": "BIGINT", "userId": "BIGINT", "date": "VARCHAR",
        "products": "STRUCT(productId BIGINT, quantity BIGINT)[]",
    },
}

# The tables of the database, and how their landings are read.
DATABASE = {
    "customers": {
        "id": "BIGINT", "email": "VARCHAR", "full_name": "VARCHAR", "country": "VARCHAR", "newsletter": "BOOLEAN",
        "signed_up": "VARCHAR",
    },
    "orders": {
        "id": "BIGINT", "cart_id": "BIGINT", "customer_id": "BIGINT", "status": "VARCHAR", "channel": "VARCHAR",
        "freight": "DOUBLE", "ordered_at": "VARCHAR",
    },
}

# In an order in which each can be made from those before it.
TABLES = {
    "trusted.products": """
        FROM (FROM raw_products SELECT *, price ->> '$' AS shown)
        SELECT DISTINCT id, trim(title) AS title,
            CASE WHEN NOT starts_with(shown, '-') THEN TRY_CAST(shown AS DECIMAL(12, 2)) END AS price,
            nullif(lower(trim(category)), '') AS category,
            rating.rate AS rating_rate, rating.count AS rating_count""",
    "trusted.users": """
        WITH newest AS (
            FROM raw_users SELECT * QUALIFY rank() OVER (PARTITION BY id ORDER BY __v DESC) = 1
        ), people AS (
            FROM newest
            SELECT id, max(nullif(lower(trim(email)), '')) AS email, max(username) AS username, max(phone) AS phone,
                max(name.firstname) AS first_name, max(name.lastname) AS last_name, max(address.city) AS city,
                max(address.zipcode) AS zipcode, max(TRY_CAST(address.geolocation.lat AS DOUBLE)) AS latitude,
                max(TRY_CAST(address.geolocation.long AS DOUBLE)) AS longitude
            GROUP BY id
        )
        FROM people
        LEFT JOIN raw_customers AS c USING (id)
        LEFT JOIN raw_regions AS r ON upper(trim(r."Country Code")) = c.country
        SELECT people.id, coalesce(people.email, lower(c.email)) AS email, username, phone, first_name, last_name, city,
            zipcode, latitude, longitude, c.country, trim(r."Country Name") AS country_name,
            trim(r."UN Region") AS region,
            TRY_CAST(replace(r."Cost Total $", ',', '') AS DECIMAL(12, 2)) AS freight_rate,
            TRY_CAST(left(c.signed_up, 10) AS DATE) AS signed_up""",
    "trusted.orders": """
        FROM raw_orders
        SELECT id, cart_id, customer_id, lower(trim(status)) AS status, lower(trim(channel)) AS channel,
            CAST(freight AS DECIMAL(12, 2)) AS freight, TRY_CAST(left(ordered_at, 10) AS DATE) AS ordered_on""",
    "cart_lines": """
        FROM (FROM raw_carts SELECT id, userId, "date", unnest(products) AS item)
        SELECT DISTINCT id AS cart_id, userId AS customer_id, item.productId AS product_id, item.quantity AS quantity,
            CAST(try_strptime(left(trim("date"), 10), ['%Y-%m-%d', '%d/%m/%Y']) AS DATE) AS sale_date""",
    "trusted.cart_items": "FROM cart_lines SELECT * WHERE quantity BETWEEN 1 AND 100",
    "quarantine.trusted_cart_items": """
        FROM cart_lines SELECT *, ['range(quantity)'] AS _errors WHERE quantity NOT BETWEEN 1 AND 100""",
    "trusted.sales": """
        FROM "trusted.cart_items" AS i
        JOIN "trusted.orders" AS o USING (cart_id)
        LEFT JOIN "trusted.products" AS p ON p.id = i.product_id
        LEFT JOIN "trusted.users" AS u ON u.id = i.customer_id
        SELECT i.cart_id, i.product_id, i.customer_id, coalesce(i.sale_date, o.ordered_on) AS sale_date,
            strftime(coalesce(i.sale_date, o.ordered_on), '%Y-%m') AS sale_month, i.quantity, p.price AS unit_price,
            CAST(i.quantity * p.price AS DECIMAL(14, 2)) AS total, o.status, o.channel, u.country, u.region,
            p.category""",
    "refined.category_prices": """
        FROM "trusted.products"
        SELECT category, count(*) AS products, CAST(sum(price) AS DOUBLE) / count(price) AS mean_price
        GROUP BY category""",
    "refined.revenue_by_month": """
        FROM (
            FROM "trusted.sales"
            SELECT category, sale_month, count(*) AS lines, sum(quantity) AS units, sum(total) AS revenue
            WHERE status <> 'cancelled' GROUP BY ALL
        )
        SELECT sale_month, lines, units, revenue,
            rank() OVER (PARTITION BY sale_month ORDER BY revenue DESC NULLS LAST) AS month_rank, category""",
    "refined.customer_features": """
        FROM "trusted.sales"
        SELECT customer_id, count(DISTINCT cart_id) AS orders, sum(quantity) AS units,
            CAST(sum(total) AS DOUBLE) AS revenue, revenue / orders AS mean_basket, units / orders AS units_per_order,
            revenue / units AS mean_unit_price, count(DISTINCT category) AS categories,
            DATE '2025-12-31' - max(sale_date) AS recency_days
        WHERE status <> 'cancelled' GROUP BY customer_id""",
}

# The columns that `models/sales_profile.yml` describes, with their Spark types.
PROFILE = {
    "sale_date": "date", "category": "string", "quantity": "int", "unit_price": "decimal(12,2)",
    "total": "decimal(14,2)", "status": "string", "channel": "string", "country": "string", "region": "string",
}
MODELS = ["refined.sales_profile", "refined.segments", "refined.segments_centers", "refined.segments_metrics"]
FEATURES = ["orders", "mean_basket", "units_per_order", "mean_unit_price", "recency_days"]
CLUSTERS = 4



def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lake", type=Path, metavar="LAKE")
    parser.add_argument("database", type=Path, metavar="DATABASE")
    arguments = parser.parse_args()
    lake = arguments.lake.absolute()
    db = duckdb.connect()
    failed = False
    for table in DATABASE:
        stored = read_database(db, arguments.database, table)
        text = rows_difference(stored, landed_rows(db, lake, table))
        print(f"differs raw.{table}: {text}" if text else f"ok raw.{table} {len(stored)} rows")
        failed |= text is not None
    computed = compute(db, lake)
    folders = {f"{zone}.{path.name}": path for zone in ("trusted", "refined") for path in (lake / zone).iterdir()}
    folders |= {f"quarantine.{path.parent.name}_{path.name}": path for path in lake.glob("quarantine/*/*")}
    readers = {
        "pyarrow": {name: read_with_pyarrow(path) for name, path in folders.items()},
        "duckdb": {name: read_with_duckdb(db, path) for name, path in folders.items()},
    }
    for name in sorted({*computed, *MODELS, *folders}):
        differences = {reader: difference(db, name, computed, tables) for reader, tables in readers.items()}
        for reader, text in differences.items():
            if text:
                print(f"differs {name} as {reader} reads it: {text}")
                failed = True
        if not any(differences.values()):
            print(f"ok {name} {len(readers['duckdb'][name])} rows")
    return 1 if failed else 0


def compute(db: duckdb.DuckDBPyConnection, lake: Path) -> dict[str, list[dict]]:
    for source, columns in RAW.items():
        parts = db.read_json(newest_parts(lake, source), format="newline_delimited", columns=columns)
        parts.to_table(f"raw_{source}")
    db.read_csv(newest_parts(lake, "regions"), header=True, all_varchar=True).to_table("raw_regions")
    for name, query in TABLES.items():
        db.execute(f'CREATE TABLE "{name}" AS {query}')
    return {name: rows_of(db.table(f'"{name}"')) for name in TABLES if "." in name}


def read_database(db: duckdb.DuckDBPyConnection, path: Path, table: str) -> list[dict]:
    """The rows of one of the shop's tables; also left in DuckDB, as what the others are computed from."""
    columns = DATABASE[table]
    # Read-only: a path that is wrong is an error, not an empty database.
    shop = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    rows = shop.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
    shop.close()
    fields = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    db.execute(f"CREATE TABLE raw_{table} ({fields})")
    # By way of Arrow: row by row takes DuckDB a minute.
    arrow = pa.table({name: [row[place] for row in rows] for place, name in enumerate(columns)})
    db.execute(f"INSERT INTO raw_{table} FROM arrow")
    return rows_of(db.table(f"raw_{table}"))


def landed_rows(db: duckdb.DuckDBPyConnection, lake: Path, table: str) -> list[dict]:
    """What a plain reader sees of the newest landing."""
    columns = DATABASE[table]
    parts = db.read_json(newest_parts(lake, table), format="newline_delimited", columns=columns, hive_partitioning=False)
    return rows_of(parts)


def newest_parts(lake: Path, source: str) -> list[str]:
    """The files of a source's live landings: those that the source's last state lists."""
    state = json.loads(max(lake.glob(f"_trapiche/sources/{source}/s*.json")).read_text())
    manifests = [json.loads((lake / live["folder"] / "_landing.json").read_text()) for live in state["live"]]
    return [str(lake / part["path"]) for manifest in manifests for part in manifest["parts"]]


def keys_of(folder: Path) -> list[str]:
    """The partition columns. Nobody can guess a column's type from some of its values, so readers are told: text."""
    file = next(folder.rglob("*.parquet")).relative_to(folder)
    return [step.partition("=")[0] for step in file.parts[:-1]]


def read_with_pyarrow(folder: Path) -> list[dict]:
    keys = pa.schema([(key, pa.string()) for key in keys_of(folder)])
    partitioning = ds.partitioning(keys, flavor="hive")
    return ds.dataset(folder, format="parquet", partitioning=partitioning).to_table().to_pylist()


def read_with_duckdb(db: duckdb.DuckDBPyConnection, folder: Path) -> list[dict]:
    types = ", ".join(f"'{key}': VARCHAR" for key in keys_of(folder))
    hive = f", hive_partitioning = true, hive_types = {{{types}}}" if types else ""
    return rows_of(db.sql(f"FROM read_parquet($files{hive})", params={"files": f"{folder}/**/*.parquet"}))


def rows_of(relation: duckdb.DuckDBPyRelation) -> list[dict]:
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def difference(db: duckdb.DuckDBPyConnection, name: str, computed: dict, found: dict) -> str | None:
    """What is wrong with a table; None if nothing is."""
    needed = [name, *(model for model in MODELS if "segments" in name and "segments" in model)]
    if missing := [table for table in needed if table not in found]:
        return f"there is no {missing[0]}"
    match name:
        case "refined.sales_profile":
            return profile_difference(db, found[name])
        case "refined.segments" | "refined.segments_centers" | "refined.segments_metrics":
            return segments_difference(name, computed["refined.customer_features"], found)
        case _ if name in computed:
            return rows_difference(computed[name], found[name])
        case _:
            return "it is not computed here"


def rows_difference(expected: list[dict], found: list[dict]) -> str | None:
    if len(expected) != len(found):
        return f"{len(found)} rows, not {len(expected)}"
    columns = sorted(expected[0]) if expected else []
    if found and sorted(found[0]) != columns:
        return f"columns {sorted(found[0])}, not {columns}"

    # Doubles come last: rows that differ in nothing but their last bits are then neighbours in both.
    def order(row: dict) -> tuple:
        values = [row[column] for column in columns]
        exact = [(value is not None, str(value)) for value in values if not isinstance(value, float)]
        return exact, [value for value in values if isinstance(value, float)]

    for ours, theirs in zip(sorted(expected, key=order), sorted(found, key=order)):
        for column in columns:
            if not same(ours[column], theirs[column]):
                return f"`{column}` is {theirs[column]!r}, not {ours[column]!r}, in {theirs}"
    return None


def same(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return close(a, b)
    return a == b


def close(a: float | None, b: float | None, relative: float = 1e-9) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=relative, abs_tol=1e-12)


def profile_difference(db: duckdb.DuckDBPyConnection, found: list[dict]) -> str | None:
    """Sketches are allowed what they promise (`src/analyze/profile.rs` and `sketch.rs`); all else is exact."""
    rows = {row["column"]: row for row in found}
    if [row["column"] for row in found if row["column"] in PROFILE] != list(PROFILE) or len(rows) != len(PROFILE):
        return f"columns {list(rows)}, not {list(PROFILE)}"
    for column, kind in PROFILE.items():
        numeric = kind == "int" or kind.startswith("decimal")
        number = f"CAST({column} AS DOUBLE)" if numeric else "CAST(NULL AS DOUBLE)"
        statistics = rows_of(db.sql(f"""
            FROM "trusted.sales"
            SELECT count(*) AS rows, count(*) - count({column}) AS nulls, count(DISTINCT {column}) AS "distinct",
                avg({number}) AS mean, stddev_samp({number}) AS stddev,
                CAST(min({column}) AS VARCHAR) AS min, CAST(max({column}) AS VARCHAR) AS max,
                quantile_cont({number}, 0.25) AS p25, quantile_cont({number}, 0.5) AS p50,
                quantile_cont({number}, 0.75) AS p75
        """))[0]
        for name, value in {**statistics, "column": column, "type": kind}.items():
            told = rows[column][name]
            match name:
                # HyperLogLog is about 1 % off as a rule; four times that is a fault.
                case "distinct":
                    right = abs(told - value) <= max(1, 0.04 * value)
                # Within the bucket that holds it, which is at most 1/256 of it wide.
                case "p25" | "p50" | "p75":
                    right = close(told, value, 1 / 256)
                case _:
                    right = same(told, value)
            if not right:
                return f"`{name}` of `{column}` is {told!r}, not {value!r}"
    return None


def segments_difference(name: str, features: list[dict], found: dict) -> str | None:
    """Not which clusters there are, which is a matter of chance, but whether they are clusters of these rows."""
    assignments, centers = found["refined.segments"], found["refined.segments_centers"]
    metrics = {row["metric"]: row["value"] for row in found["refined.segments_metrics"]}
    # As the model sees a row: the mean in place of what is missing, then standardised.
    scale = {}
    for feature in FEATURES:
        present = [float(row[feature]) for row in features if row[feature] is not None]
        mean = math.fsum(present) / len(present)
        squares = math.fsum((value - mean) ** 2 for value in present)
        scale[feature] = (mean, math.sqrt(squares / (len(features) - 1)))

    def scaled(row: dict) -> list[float]:
        filled = {f: scale[f][0] if row[f] is None else float(row[f]) for f in FEATURES}
        return [(filled[f] - scale[f][0]) / scale[f][1] for f in FEATURES]

    points = {row["customer_id"]: scaled(row) for row in features}
    places = {row["cluster"]: scaled(row) for row in centers}
    members = defaultdict(list)
    if sorted(row["customer_id"] for row in assignments) != sorted(points):
        return "the segments are not one row per customer"
    for row in assignments:
        members[row["cluster"]].append(points[row["customer_id"]])

    if name == "refined.segments":
        for row in assignments:
            nearest = min(math.dist(points[row["customer_id"]], place) for place in places.values())
            own = math.dist(points[row["customer_id"]], places[row["cluster"]])
            if not (close(own, nearest) and close(row["distance"], own)):
                return f"{row}: its cluster is at {own}, the nearest at {nearest}"
    elif name == "refined.segments_centers":
        sizes = {row["cluster"]: row["size"] for row in centers}
        counts = {cluster: len(members[cluster]) for cluster in range(CLUSTERS)}
        if sizes != counts:
            return f"sizes {sizes}, not {counts}"
        for cluster, rows in members.items():
            mean = [math.fsum(values) / len(rows) for values in zip(*rows)]
            if not all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(places[cluster], mean)):
                return f"cluster {cluster} is at {places[cluster]}, the mean of its rows at {mean}"
    else:
        distances = [math.dist(points[row["customer_id"]], places[row["cluster"]]) for row in assignments]
        expected = {
            "k": CLUSTERS,
            "rows": len(points),
            "rows_left_out": 0,
            "cost": math.fsum(distance**2 for distance in distances),
            "silhouette_spark": silhouette(members),
        }
        for feature, (mean, deviation) in scale.items():
            expected |= {f"fill({feature})": mean, f"offset({feature})": mean, f"unit({feature})": deviation}
        # Nobody else knows the way there, but that each step makes it cheaper.
        steps = round(metrics.pop("iterations"))
        costs = [metrics.pop(f"cost({step})") for step in range(1, steps + 1)] + [metrics["cost"]]
        if any(later > cost * (1 + 1e-12) for cost, later in zip(costs, costs[1:])):
            return f"costs {costs}: they rise"
        if sorted(metrics) != sorted(expected):
            return f"metrics {sorted(metrics)}, not {sorted(expected)}"
        for metric, value in expected.items():
            if not close(metrics[metric], float(value)):
                return f"`{metric}` is {metrics[metric]}, not {value}"
    return None


def silhouette(members: dict[int, list[list[float]]]) -> float:
    """The mean silhouette of the squared distance, by sums per cluster instead of all pairs of rows."""
    def mean_to(point: list[float], cluster: int) -> float:
        count, sums, squares = totals[cluster]
        along = math.fsum(a * b for a, b in zip(point, sums))
        return math.fsum(a * a for a in point) + (squares - 2 * along) / count

    totals = {}
    for cluster, rows in members.items():
        sums = [math.fsum(values) for values in zip(*rows)]
        totals[cluster] = (len(rows), sums, math.fsum(a * a for row in rows for a in row))
    scores = []
    for cluster, rows in members.items():
        for row in rows:
            if len(rows) == 1:
                scores.append(0.0)
                continue
            within = mean_to(row, cluster) * len(rows) / (len(rows) - 1)
            beyond = min(mean_to(row, other) for other in members if other != cluster)
            scores.append((beyond - within) / max(within, beyond))
    return math.fsum(scores) / len(scores)


if __name__ == "__main__":
    sys.exit(main())
