#!/bin/sh
# From dirty CSV to clusters on Trapiche, DuckDB, Polars and PySpark, each step and the whole, side by side. See benches/README.md.
#
#   benches/dirty_to_clusters.sh --scale 1 --runs 5
#   benches/dirty_to_clusters.sh --steps chain --memory 512MB --peers duckdb
#
# TRAPICHE  the program to measure; without it, a release build of this checkout
# VENV      where the peers and the generator of rows are installed from PyPI
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/dirty-to-clusters/venv}

if [ -z "${TRAPICHE:-}" ]; then
    cargo build --release --manifest-path "$root/Cargo.toml"
    TRAPICHE=${CARGO_TARGET_DIR:-$root/target}/release/trapiche
fi
export TRAPICHE

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/benches/requirements.txt" \
    tpchgen-cli==4.0.0 scikit-learn==1.9.1
exec "$venv/bin/python" "$root/benches/dirty_to_clusters.py" "$@"
