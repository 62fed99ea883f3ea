#!/bin/bash
# One run of a project, as a step of EMR on a cluster's primary node. Its exit code is the run's.
#
#   step.sh --program s3://… --sha256 HEX --project s3://… --folder s3://… --run ID --target NAME --region REGION
#           [--secret REFERENCE] [--remove NAME] [--listen yes] [--log text|json] -- WORDS OF trapiche run
#
# Into --folder goes what whoever has submitted it looks for: run.log, again and again, and at the end exit.json. The secret that
# --remove names was made for this run, and is removed after it.
#
# TRAPICHE_ROOT is a folder that plays the node's file system; TRAPICHE_DRIVER_PORT and TRAPICHE_LOG_EVERY (seconds) are of tests.
set -euo pipefail

root=${TRAPICHE_ROOT:-}
secret='' remove='' listen='' style=text
while [ $# -gt 0 ]; do
    case $1 in
    --program) program=$2 ;;
    --sha256) sha256=$2 ;;
    --project) project=$2 ;;
    --folder) folder=$2 ;;
    --run) run=$2 ;;
    --target) target=$2 ;;
    --region) region=$2 ;;
    --secret) secret=$2 ;;
    --remove) remove=$2 ;;
    --listen) listen=$2 ;;
    --log) style=$2 ;;
    --) shift; break ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
    esac
    shift 2
done
export AWS_REGION=$region AWS_DEFAULT_REGION=$region

work=$(mktemp -d -p "$(if [ -w "$root/mnt/trapiche" ]; then echo "$root/mnt/trapiche"; else echo "${TMPDIR:-/tmp}"; fi)")
log=$work/run.log
touch "$log"

# Without this EMR takes a cluster for idle on which YARN has nothing to do.
say_busy() {
    local file=$root/emr/metricscollector/isbusy
    touch "$file" 2>/dev/null || [ -n "$root" ] || sudo touch "$file" 2>/dev/null || true
}

send_log() {
    if [ -s "$log" ]; then aws s3 cp --only-show-errors "$log" "$folder/run.log" || true; fi
}

keep() {
    while sleep "${TRAPICHE_LOG_EVERY:-20}"; do
        say_busy
        send_log
    done
}

child=''
keeper=''
end() {
    code=$?
    trap - EXIT
    if [ -n "$keeper" ]; then kill "$keeper" 2>/dev/null || true; fi
    # EMR keeps what is said here, too.
    cat "$log" >&2
    send_log
    if [ -n "$child" ]; then
        printf '{"exit_code": %d}\n' "$code" >"$work/exit.json"
        aws s3 cp --only-show-errors "$work/exit.json" "$folder/exit.json" || true
    fi
    if [ -n "$remove" ]; then
        aws secretsmanager delete-secret --secret-id "$remove" --force-delete-without-recovery >/dev/null || true
    fi
    exit "$code"
}
trap end EXIT
say_busy

# A cluster that was not brought up for this run may have none, or another.
trapiche=$root/opt/trapiche/trapiche
if ! echo "$sha256  $trapiche" | sha256sum --check --status 2>/dev/null; then
    trapiche=$work/trapiche
    aws s3 cp --only-show-errors "$program" "$trapiche"
    echo "$sha256  $trapiche" | sha256sum --check --quiet
    chmod 755 "$trapiche"
fi
aws s3 cp --only-show-errors "$project" "$work/project.tar.gz"
mkdir "$work/project"
tar xzf "$work/project.tar.gz" -C "$work/project"

options=(-C "$work/project" --target "$target" --log "$style")
if [ -n "$listen" ]; then options+=(--listen "0.0.0.0:${TRAPICHE_DRIVER_PORT:-7070}"); fi
if [ -n "$secret" ]; then export TRAPICHE_SECRET=$secret; fi

keep >/dev/null 2>&1 &
keeper=$!
"$trapiche" "${options[@]}" run --run-id "$run" "$@" 2>>"$log" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT
code=0
# A signal ends the wait, and not the run, which takes back what it has begun.
while :; do
    code=0
    wait "$child" || code=$?
    kill -0 "$child" 2>/dev/null || break
done
exit "$code"
