#!/bin/bash
# Makes a node of a cluster ready for trapiche: EMR runs it on every node, also on one that comes later, before anything else.
#
#   bootstrap.sh --program s3://… --sha256 HEX --region REGION [--lake URL --secret REFERENCE --folder s3://…]
#
# It installs the program. On every node but the primary it starts a worker, under systemd, that looks for the driver on the primary
# node again and again. What the two share is named by --secret, and read by the worker itself with the node's role. The worker's log
# goes to --folder, as workers/NODE.log, every minute and when the worker ends.
#
# TRAPICHE_ROOT is a folder that plays the node's file system; then nothing is asked of root, and a loop stands in for systemd.
# TRAPICHE_NODE, TRAPICHE_BIND, TRAPICHE_PORT and TRAPICHE_DRIVER_PORT let several nodes be played on one machine, TRAPICHE_LOG_EVERY
# (seconds) lets the log come sooner.
set -euo pipefail

root=${TRAPICHE_ROOT:-}
lake='' secret='' folder=''
while [ $# -gt 0 ]; do
    case $1 in
    --program) program=$2 ;;
    --sha256) sha256=$2 ;;
    --region) region=$2 ;;
    --lake) lake=$2 ;;
    --secret) secret=$2 ;;
    --folder) folder=$2 ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
    esac
    shift 2
done

home=$root/opt/trapiche
info=$root/mnt/var/lib/info
logs=$root/mnt/var/log/trapiche
spill=$root/mnt/trapiche

as_root() {
    if [ -n "$root" ]; then "$@"; else sudo "$@"; fi
}

for place in "$home" "$logs" "$spill"; do
    as_root mkdir -p "$place"
    [ -n "$root" ] || sudo chown "$(id -un)" "$place"
done

# A node that is started again has it already.
if ! echo "$sha256  $home/trapiche" | sha256sum --check --status 2>/dev/null; then
    AWS_DEFAULT_REGION=$region aws s3 cp --only-show-errors "$program" "$home/trapiche.new"
    echo "$sha256  $home/trapiche.new" | sha256sum --check --quiet
    chmod 755 "$home/trapiche.new"
    mv "$home/trapiche.new" "$home/trapiche"
fi
echo "installed $("$home/trapiche" --version)"

if grep -Eq '"isMaster": *true' "$info/instance.json" || [ -z "$lake" ]; then
    exit 0
fi

# The primary node's name is in this file once it is known.
{
    printf '#!/bin/bash\nset -eu\n'
    printf 'export AWS_REGION=%q AWS_DEFAULT_REGION=%q TRAPICHE_SECRET=%q\n' "$region" "$region" "$secret"
    printf 'info=%q home=%q lake=%q spill=%q folder=%q log=%q\n' "$info" "$home" "$lake" "$spill" "$folder" "$logs/worker.log"
    cat <<'WORKER'
driver=''
while [ -z "$driver" ]; do
    driver=$(sed -n 's/.*"masterPrivateDnsName": *"\([^"]*\)".*/\1/p' "$info/job-flow.json" 2>/dev/null || true)
    [ -n "$driver" ] || sleep 2
done
# The first address of version 4 is that of the network card; a bridge of Docker comes after it.
own=$(hostname -I | tr ' ' '\n' | grep -m1 -E '^[0-9.]+$')

# Nobody can look at a node that is gone.
sent=0
send_log() {
    local size
    size=$(stat -c %s "$log" 2>/dev/null || echo 0)
    if [ -z "$folder" ] || [ "$size" = "$sent" ]; then return 0; fi
    if aws s3 cp --only-show-errors "$log" "$folder/workers/${TRAPICHE_NODE:-$(hostname)}.log"; then sent=$size; fi
}

"$home/trapiche" node worker --bind "${TRAPICHE_BIND:-$own}" \
    --port "${TRAPICHE_PORT:-7077}" --lake "$lake" --spill "$spill" --watch-spot \
    --driver "$driver:${TRAPICHE_DRIVER_PORT:-7070}" ${TRAPICHE_WORKER_OPTIONS:-} >>"$log" 2>&1 &
worker=$!
# The worker ends what it has begun; what it says of that is sent, too.
stopped=''
trap 'stopped=yes; kill -TERM "$worker" 2>/dev/null' TERM INT
while kill -0 "$worker" 2>/dev/null; do
    sleep "${TRAPICHE_LOG_EVERY:-60}" &
    # Whatever comes first: the worker's end, a signal, or the time.
    wait -n "$worker" $! || true
    send_log || true
done
send_log || true
code=0
wait "$worker" || code=$?
# By itself it ends well only after a notice that the machine will be taken away: another one would offer itself again. Should the
# machine still be there after ten minutes, it works again.
if [ "$code" = 0 ] && [ -z "$stopped" ]; then
    sleep 600 &
    trap 'kill $! 2>/dev/null; exit 0' TERM INT
    wait $! || true
fi
exit "$code"
WORKER
} >"$home/worker"
chmod 755 "$home/worker"

if [ -z "$root" ]; then
    sudo tee /etc/systemd/system/trapiche-worker.service >/dev/null <<UNIT
[Unit]
Description=Trapiche worker
Wants=network-online.target
After=network-online.target

[Service]
User=$(id -un)
ExecStart=$home/worker
Restart=always
RestartSec=2
# A driver that is at work may end what it has begun, and the log is sent.
TimeoutStopSec=130
KillMode=mixed
StandardOutput=append:$logs/service.log
StandardError=append:$logs/service.log

[Install]
WantedBy=multi-user.target
UNIT
    sudo systemctl daemon-reload
    sudo systemctl enable --now trapiche-worker.service
else
    # shellcheck disable=SC2016
    nohup setsid bash -c 'trap "kill -TERM \$worker; wait \$worker; exit" TERM; echo $$ >"$1/worker.pid"
        while :; do "$1/worker" & worker=$!; wait "$worker"; sleep 1; done' supervise "$home" \
        >>"$logs/service.log" 2>&1 </dev/null &
fi
echo "the worker is started"
