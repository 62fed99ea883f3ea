#!/bin/bash
# The project's queries and k-means on Spark, as a step of EMR behind the run itself, from the landings that the run has left in the lake.
#
#   spark.sh --scripts s3://… --project s3://… --lake s3://… --out s3://… --folder s3://… --region REGION --ansi true|false
#
# Below --out come Spark's tables, for whoever compares them; into --folder what whoever has submitted it looks for: spark.log, again
# and again, and at the end spark-exit.json. Spark and its Python are the cluster's.
#
# TRAPICHE_LOG_EVERY (seconds) is of tests.
set -euo pipefail

while [ $# -gt 0 ]; do
    case $1 in
    --scripts) scripts=$2 ;;
    --project) project=$2 ;;
    --lake) lake=$2 ;;
    --out) out=$2 ;;
    --folder) folder=$2 ;;
    --region) region=$2 ;;
    --ansi) ansi=$2 ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
    esac
    shift 2
done
export AWS_REGION=$region AWS_DEFAULT_REGION=$region

work=$(mktemp -d)
log=$work/spark.log
touch "$log"

send_log() {
    if [ -s "$log" ]; then aws s3 cp --only-show-errors "$log" "$folder/spark.log" || true; fi
}

keeper=''
end() {
    code=$?
    trap - EXIT
    if [ -n "$keeper" ]; then kill "$keeper" 2>/dev/null || true; fi
    cat "$log" >&2
    send_log
    printf '{"exit_code": %d}\n' "$code" >"$work/exit.json"
    aws s3 cp --only-show-errors "$work/exit.json" "$folder/spark-exit.json" || true
    rm -rf "$work"
    exit "$code"
}
trap end EXIT

if ! aws s3 cp --only-show-errors "$folder/exit.json" - 2>/dev/null | grep -q '"exit_code": 0'; then
    echo "the run before has not said that it went well, so there is nothing to compare (a cluster that runs several steps at once begins this one too early)" >>"$log"
    exit 1
fi
for name in scripts project; do
    aws s3 cp --only-show-errors "${!name}" "$work/$name.tar.gz"
    mkdir "$work/$name"
    tar xzf "$work/$name.tar.gz" -C "$work/$name"
done
if ! python3 -c 'import numpy, yaml' 2>>"$log"; then
    echo "the primary node's python3 has no NumPy or no PyYAML: install them by a bootstrap action of your own" >>"$log"
    exit 1
fi

while sleep "${TRAPICHE_LOG_EVERY:-20}"; do send_log; done >/dev/null 2>&1 &
keeper=$!
spark-submit --deploy-mode client --name trapiche-spark-compat \
    "$work/scripts/run_on_spark.py" "$work/project" "$lake" "$out" --ansi "$ansi" >>"$log" 2>&1 &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT
while :; do
    code=0
    wait "$child" || code=$?
    kill -0 "$child" 2>/dev/null || break
done
exit "$code"
