#!/bin/sh
# The partitioned write on Trapiche, DuckDB, Polars and DataFusion's own writer, side by side. See benches/README.md.
#
#   benches/partitioned.sh lineitem     6 million rows of TPC-H into 49 partitions, 5 runs
#   benches/partitioned.sh many         10 million rows into 10,000 partitions with 512 MB, 3 runs
#
# VENV      where the peers are installed from PyPI
# TMPDIR    where input and output lie; /dev/shm keeps the disk out of it
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/partitioned/venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.0 polars==2.1.0 tpchgen-cli==4.0.0

what=${1:-lineitem}
[ $# = 0 ] || shift
data=$(mktemp -d "${TMPDIR:-/tmp}/trapiche-partitioned.XXXXXX")
trap 'rm -rf "$data"' EXIT
case $what in
lineitem)
    "$venv/bin/tpchgen-cli" parquet -s 1 --tables lineitem --output-dir "$data"
    "$venv/bin/python" "$root/benches/partitioned.py" "$data/lineitem.parquet" l_shipmode,ship_year --runs 5 "$@"
    ;;
many)
    "$venv/bin/python" "$root/benches/partitioned.py" "$data/many.parquet" key --make --memory 512MB --runs 3 "$@"
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
