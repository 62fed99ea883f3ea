#!/bin/sh
# Answers over HTTP from one table, beside ROAPI and a FastAPI app over DuckDB. See benches/README.md.
#
#   benches/serve.sh --rows 1000000 --seconds 10 --runs 3
#
# TRAPICHE  the program to measure; without it, a release build of this checkout
# VENV      where the peers are installed from PyPI
#
# `wrk` asks: Debian's package of that name.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/serve/venv}
command -v wrk >/dev/null || { echo "there is no \`wrk\`: apt-get install wrk" >&2; exit 2; }

if [ -z "${TRAPICHE:-}" ]; then
    cargo build --release --manifest-path "$root/Cargo.toml"
    TRAPICHE=${CARGO_TARGET_DIR:-$root/target}/release/trapiche
fi
export TRAPICHE

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    roapi==0.12.7 fastapi==0.165.0 uvicorn==0.54.0 httptools uvloop duckdb==1.5.5 >&2
exec "$venv/bin/python" "$root/benches/serve.py" "$@"
