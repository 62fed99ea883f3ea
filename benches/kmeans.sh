#!/bin/sh
# k-means from Parquet to written clusters, on Trapiche and scikit-learn (and scikit-learn-intelex), side by side. See benches/README.md.
#
#   benches/kmeans.sh --rows 6e6 --features 6 --k 8 --iterations 20 --runs 5
#   benches/kmeans.sh --rows 1e6 --features 32 --k 64
#
# TRAPICHE  the program to measure; without it, a release build of this checkout
# VENV      where the peers are installed from PyPI
# TMPDIR    where rows and results lie
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/kmeans/venv}

if [ -z "${TRAPICHE:-}" ]; then
    cargo build --release --manifest-path "$root/Cargo.toml"
    TRAPICHE=${CARGO_TARGET_DIR:-$root/target}/release/trapiche
fi
export TRAPICHE

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    numpy==2.4.6 pyarrow==26.0.1 scikit-learn==1.9.1 scikit-learn-intelex==2026.2.0
exec "$venv/bin/python" "$root/benches/kmeans.py" "$@"
