#!/bin/sh
# The demo's SQL chain on Trapiche, PySpark, DuckDB and Polars, side by side. See benches/README.md.
#
#   benches/side_by_side.sh --scale 10 --runs 5
#
# TRAPICHE  the program to measure; without it, a release build of this checkout
# VENV      where the peers are installed from PyPI
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/side-by-side/venv}

if [ -z "${TRAPICHE:-}" ]; then
    cargo build --release --manifest-path "$root/Cargo.toml"
    TRAPICHE=${CARGO_TARGET_DIR:-$root/target}/release/trapiche
fi
export TRAPICHE

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/benches/requirements.txt"
exec "$venv/bin/python" "$root/benches/side_by_side.py" "$@"
