#!/bin/sh
# The 22 queries of TPC-H on Trapiche, here and on workers, and on its peers. See benches/README.md.
#
#   benches/tpch.sh equal --scale 1
#   benches/tpch.sh time --scale 1 --spark 'local[2];local-cluster[2,1,4096]' --ballista
#   benches/tpch.sh spill --scale 1
#
# TRAPICHE  the program to measure; without it, a release build of this checkout
# VENV      where the generator of rows, the judge and PySpark are installed from PyPI
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/tpch/venv}

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/benches/requirements.txt" tpchgen-cli==4.0.0
exec "$venv/bin/python" "$root/benches/tpch.py" "$@"
