#!/bin/sh
# Whether a change made anything dearer: this program and an earlier one in turn, in one run. See benches/README.md.
#
#   benches/before.sh OLD_PROGRAM --scale 1 --runs 7
#
# OLD_PROGRAM  `target/release/trapiche` of an earlier commit, built in a checkout of its own
# TRAPICHE     this one; without it, a release build of this checkout
# VENV         where the generator of rows is installed from PyPI
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
venv=${VENV:-$root/target/tpch/venv}

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/benches/requirements.txt" tpchgen-cli==4.0.0
exec "$venv/bin/python" "$root/benches/before.py" "$@"
