"""What one would write in an afternoon: a table's Parquet files behind FastAPI, asked with DuckDB."""

import os

import duckdb
from fastapi import FastAPI

app = FastAPI()
database = duckdb.connect()
database.execute(f"CREATE VIEW lines AS SELECT * FROM read_parquet('{os.environ['FILES']}')")


def rows(sql, values):
    cursor = database.cursor()
    found = cursor.execute(sql, values)
    names = [column[0] for column in found.description]
    return {"rows": [dict(zip(names, row)) for row in found.fetchall()]}


@app.get("/lookup")
def lookup(id: int):
    return rows("SELECT * FROM lines WHERE id = ? LIMIT 100", [id])


@app.get("/page")
def page(town: str, price: float):
    return rows("SELECT * FROM lines WHERE town = ? AND price > ? ORDER BY price LIMIT 100", [town, price])


@app.get("/aggregate")
def aggregate(quantity: int):
    sql = "SELECT town, count(*) AS count, sum(quantity) AS sum_quantity FROM lines WHERE quantity > ? GROUP BY town ORDER BY town"
    return rows(sql, [quantity])
