# Shared helpers for the peer scripts. Source it; do not run it.
#
# A peer script sets PEER=<name>, defines the four functions below and ends
# with: peer_main "$@"
#
#   peer_prepare   fetch or build what the peer needs (must be repeatable)
#   peer_start     start the processes with `spawn` and wait until they answer
#   peer_address   print one "key=value" line per address a client needs
#   PEER_PROCS     array with the names of the processes, in start order
#
# Environment:
#   PEERS_HOME     what is fetched and built (default ~/.cache/peers)
#   PEERS_RUN      data, logs and pid files (default $PEERS_HOME/run); runs
#                  with a folder each do not see one another
#   PEER_WAIT      seconds to wait until a process is ready (default 120)
#
# Layout: $PEERS_HOME/<peer>/lib and $PEERS_RUN/<peer>/{data,log,pid}

set -euo pipefail

PEERS_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PEERS_HOME=${PEERS_HOME:-$HOME/.cache/peers}
PEERS_RUN=${PEERS_RUN:-$PEERS_HOME/run}
PEER_WAIT=${PEER_WAIT:-120}
HOME_DIR=$PEERS_HOME/$PEER
LIB=$HOME_DIR/lib
DATA=$PEERS_RUN/$PEER/data LOG=$PEERS_RUN/$PEER/log RUN=$PEERS_RUN/$PEER/pid
mkdir -p "$LIB" "$DATA" "$LOG" "$RUN"

say() { echo "[$PEER] $*" >&2; }
die() { say "error: $*"; exit 1; }
need() { local c; for c in "$@"; do command -v "$c" >/dev/null || die "$c is not installed"; done; }

# prepare: peer_prepare, one process at a time.
prepare() { (flock 9 && peer_prepare 9>&-) 9>"$PEERS_HOME/$PEER.lock"; }

# ---- processes -------------------------------------------------------------

pid_of() { cat "$RUN/$1.pid" 2>/dev/null || true; }

# A pid file counts only while the process it names is the one we started:
# the start time in /proc is stored next to the pid.
start_time() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
  local pid; pid=$(pid_of "$1")
  [ -n "$pid" ] && [ -d "/proc/$pid" ] && [ "$(start_time "$pid")" = "$(cat "$RUN/$1.start" 2>/dev/null)" ]
}

# spawn NAME COMMAND...: run in the background, in the process's own session,
# with $DATA as its working directory. COMMAND must not use relative paths.
spawn() {
  local name=$1 pid; shift
  alive "$name" && { say "$name already runs (pid $(pid_of "$name"))"; return 0; }
  (cd "$DATA" && exec setsid "$@") >"$LOG/$name.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$RUN/$name.pid"
  start_time "$pid" >"$RUN/$name.start"
}

# serve COMMAND...: become COMMAND, with $DATA as its working directory. The
# caller owns the process: it waits for the port and sends the signal.
serve() { cd "$DATA" && exec "$@" </dev/null; }

# terminate NAME: TERM, then KILL after 15 s.
terminate() {
  local name=$1 pid i; pid=$(pid_of "$name")
  if alive "$name"; then
    kill -TERM "$pid" 2>/dev/null || true
    for i in $(seq 150); do alive "$name" || break; sleep 0.1; done
    alive "$name" && kill -KILL "$pid" 2>/dev/null
  fi
  rm -f "$RUN/$name.pid" "$RUN/$name.start"
}

# ---- readiness -------------------------------------------------------------

# wait_until NAME WHAT COMMAND...: repeat COMMAND until it succeeds.
wait_until() {
  local name=$1 what=$2 end=$((SECONDS + PEER_WAIT)); shift 2
  until "$@" >/dev/null 2>&1; do
    alive "$name" || { tail -n 30 "$LOG/$name.log" >&2; die "$name exited before it was ready; log: $LOG/$name.log"; }
    [ $SECONDS -lt $end ] || { tail -n 30 "$LOG/$name.log" >&2; die "$name: no $what after ${PEER_WAIT}s"; }
    sleep 0.2
  done
}
tcp_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
http_ok() { curl -fsS --noproxy '*' --max-time 3 "$@"; }
log_has() { grep -q -- "$2" "$LOG/$1.log"; }
port_free() { ! tcp_open "$1" || die "port $1 is already in use"; }

# ---- Java ------------------------------------------------------------------

# Flags for servers that must start fast and stay small; not for benchmarks.
JAVA_LEAN="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss512k -Djava.net.preferIPv4Stack=true"
MVN=(nice mvn -B -q -ntp -Dstyle.color=never)

# mvn_lib POM [DIR]: copy the runtime dependencies of POM into DIR (default
# $LIB), once per change of the POM.
mvn_lib() {
  local pom=$1 dir=${2:-$LIB} sum; sum=$(sha256sum "$pom" | cut -d' ' -f1)
  [ "$(cat "$dir/.pom.sha256" 2>/dev/null)" = "$sum" ] && return 0
  need mvn java
  say "fetching $(basename "$pom") dependencies"
  rm -rf "$dir"; mkdir -p "$dir"
  "${MVN[@]}" -f "$pom" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$dir" >&2
  echo "$sum" >"$dir/.pom.sha256"
}

# ---- command line ----------------------------------------------------------

peer_main() {
  local p
  case ${1:-} in
    prepare) prepare ;;
    start)
      prepare
      local t0; t0=$(date +%s%N)
      peer_start
      say "ready in $((($(date +%s%N) - t0) / 1000000)) ms"
      peer_address ;;
    stop)
      for ((p = ${#PEER_PROCS[@]} - 1; p >= 0; p--)); do terminate "${PEER_PROCS[p]}"; done
      say "stopped" ;;
    restart) "$0" stop; exec "$0" start ;;
    status)
      local rc=0
      for p in "${PEER_PROCS[@]}"; do
        if alive "$p"; then
          echo "$p running pid=$(pid_of "$p") rss_mib=$(($(awk '/VmRSS/{print $2}' "/proc/$(pid_of "$p")/status") / 1024))"
        else
          echo "$p stopped"; rc=3
        fi
      done
      [ $rc -ne 0 ] || peer_address
      return $rc ;;
    wipe) "$0" stop; rm -rf "$DATA" "$LOG" ;;
    *) echo "usage: $(basename "$0") prepare|start|stop|restart|status|wipe" >&2; exit 2 ;;
  esac
}
