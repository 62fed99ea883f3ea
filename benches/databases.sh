#!/bin/sh
# Captures of one wide table from PostgreSQL and MariaDB, beside the servers' own clients. See benches/README.md.
#
#   benches/databases.sh --rows 5000000 --runs 3
#   benches/databases.sh --tpch 1              all tables of TPC-H, and whether what landed is what was generated
#
# TRAPICHE  the program to measure; without it, a release build of this checkout
# VENV      where DuckDB, dlt and connectorx are installed from PyPI; what is not to be had is left out. Sling's package
#           fetches its program from GitHub, and is not asked
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/databases/venv}

if [ -z "${TRAPICHE:-}" ]; then
    cargo build --release --manifest-path "$root/Cargo.toml"
    TRAPICHE=${CARGO_TARGET_DIR:-$root/target}/release/trapiche
fi
export TRAPICHE

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
# The versions of which there is an extension for PostgreSQL, too.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    duckdb==1.5.5 duckdb-extension-postgres-scanner==1.5.5 tpchgen-cli==4.0.0 >&2 || echo "DuckDB is left out" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'dlt[filesystem,parquet]==1.31.0' connectorx==0.4.6 sqlalchemy pandas psycopg2-binary==2.9.13 pymysql==1.2.4 >&2 \
    || echo "dlt and connectorx are left out" >&2
exec "$venv/bin/python" "$root/benches/databases.py" "$@"
