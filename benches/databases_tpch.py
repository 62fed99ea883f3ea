"""All tables of TPC-H captured from PostgreSQL and MariaDB, and what landed compared with what was generated.

    databases.sh --tpch SCALE

The rows are those of tpchgen-cli. They go into the database by its own loader, from there into a lake by `trapiche run`, and of each
column what `trapiche query` sums up is compared with what DuckDB sums up over the generated files: the count of all rows, sums of numbers, least and
largest dates and texts, lengths of texts.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

# Name and type of each column, of each table.
TABLES = {
    "region": "r_regionkey int, r_name char(25), r_comment varchar(152)",
    "nation": "n_nationkey int, n_name char(25), n_regionkey int, n_comment varchar(152)",
    "supplier": "s_suppkey bigint, s_name char(25), s_address varchar(40), s_nationkey int, s_phone char(15), s_acctbal decimal(12,2), s_comment varchar(101)",
    "part": "p_partkey bigint, p_name varchar(55), p_mfgr char(25), p_brand char(10), p_type varchar(25), p_size int, p_container char(10), p_retailprice decimal(12,2), p_comment varchar(23)",
    "partsupp": "ps_partkey bigint, ps_suppkey bigint, ps_availqty int, ps_supplycost decimal(12,2), ps_comment varchar(199)",
    "customer": "c_custkey bigint, c_name varchar(25), c_address varchar(40), c_nationkey int, c_phone char(15), c_acctbal decimal(12,2), c_mktsegment char(10), c_comment varchar(117)",
    "orders": "o_orderkey bigint, o_custkey bigint, o_orderstatus char(1), o_totalprice decimal(12,2), o_orderdate date, o_orderpriority char(15), o_clerk char(15), o_shippriority int, o_comment varchar(79)",
    "lineitem": "l_orderkey bigint, l_partkey bigint, l_suppkey bigint, l_linenumber int, l_quantity decimal(12,2), l_extendedprice decimal(12,2), l_discount decimal(12,2), l_tax decimal(12,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct char(25), l_shipmode char(10), l_comment varchar(44)",
}


def columns(table: str) -> list[tuple[str, str]]:
    return [tuple(column.split(" ", 1)) for column in TABLES[table].split(", ")]


def generate(scale: float, folder: Path) -> None:
    program = Path(sys.executable).parent / "tpchgen-cli"
    subprocess.run([program, "csv", "-s", str(scale), f"--output-dir={folder}"], check=True, capture_output=True)


def load(kind: str, url: str, files: Path) -> None:
    for table, described in TABLES.items():
        file = files / f"{table}.csv"
        if kind == "postgres":
            sql = [f"CREATE TABLE {table} ({described})", f"\\copy {table} FROM '{file}' (FORMAT csv, HEADER)", f"VACUUM ANALYZE {table}"]
            for one in sql:
                _quietly(["psql", url, "-q", "-v", "ON_ERROR_STOP=1", "-c", one])
        else:
            where = urlsplit(url)
            client = ["mariadb", "--local-infile=1", f"-h{where.hostname}", f"-P{where.port}", f"-u{where.username}", f"-p{where.password}", "shop"]
            key = ", PRIMARY KEY (l_orderkey, l_linenumber)" if table == "lineitem" else ""
            copy = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' IGNORE 1 LINES"
            _quietly([*client, "-e", f"CREATE TABLE {table} ({described}{key}); {copy}; ANALYZE TABLE {table}"])


def project(url: str, folder: Path) -> list:
    folder.mkdir()
    (folder / "trapiche.yml").write_text(
        'name: tpch\ntargets: { here: { storage: "file://./lake" } }\n'
        f'connections: {{ shop: {{ database: "{url}" }} }}\n'
        "sources:\n" + "".join(f"  {table}: {{ from: shop, table: {table} }}\n" for table in TABLES)
    )
    return [os.environ["TRAPICHE"], "-C", folder, "--log", "json", "run", "-o", "json"]


def differences(folder: Path, files: Path) -> list[str]:
    """Columns of which the lake has another sum than the generated rows."""
    judge = duckdb.connect()
    found = []
    for table in TABLES:
        generated = f"read_csv('{files}/{table}.csv', header=true, types={{{', '.join(f'{name!r}: {_type(kind)!r}' for name, kind in columns(table))}}})"
        names = [name for name, _ in _sums(table)]
        wanted = [str(value) for value in judge.execute(f"SELECT {_listed(table)} FROM {generated}").fetchone()]
        answer = subprocess.run(
            [os.environ["TRAPICHE"], "-C", folder, "query", "-o", "json", f"SELECT {_listed(table)} FROM raw.{table}"],
            capture_output=True, text=True, check=True,
        )
        landed = [str(value) for value in json.loads(answer.stdout, parse_float=str)[0].values()]
        found += [f"{table}.{name}: {there} and not {value}" for name, there, value in zip(names, landed, wanted) if there != value]
    return found


def _listed(table: str) -> str:
    return ", ".join(f"CAST({expression} AS {'varchar' if expression.startswith(('min', 'max')) else 'decimal(38,2)'}) AS {name}" for name, expression in _sums(table)).replace("AS varchar)", "AS varchar(100))")


def _sums(table: str) -> list[tuple[str, str]]:
    sums = [("rows", "count(*)")]
    for name, kind in columns(table):
        if kind in ("int", "bigint") or kind.startswith("decimal"):
            sums.append((name, f"sum({name})"))
        else:
            # PostgreSQL pads `char(25)`; what is behind the text is nobody's meaning.
            text = name if kind == "date" else f"trim({name})"
            sums += [(f"{name}_least", f"min({text})"), (f"{name}_most", f"max({text})")]
            if kind != "date":
                sums.append((f"{name}_length", f"sum(length({text}))"))
    return sums


def _type(kind: str) -> str:
    return kind.upper() if kind in ("int", "bigint", "date") or kind.startswith("decimal") else "VARCHAR"


def _quietly(command: list) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stdout}{done.stderr}")
