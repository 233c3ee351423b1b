#!/usr/bin/env bash
# Go echo servers to measure against, on 127.0.0.1, and their client.
#   go-bench.sh prepare|start|stop|restart|status|wipe
#   go-bench.sh serve grpc|triple|dubbo HOST:PORT   run one server in the foreground
#   go-bench.sh client -kind grpc|grpc-stream|triple|dubbo -addr HOST:PORT [-conns N]
#     [-concurrency N] [-ahead N] [-seconds N] [-size BYTES]   prints one line of JSON
#   go-bench.sh fleet [-services N] [-instances N] [-port N] [-changes N] [-seconds N] [-warmup N]
#     the cost of following a fleet, as one line of JSON
#   go-bench.sh hessian   ns per object of dubbo-go-hessian2, as one line of JSON
# GO_BENCH_PORT (50061) is the grpc port; triple is on the next, dubbo on the
# one after.
PEER=go-bench
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"
PORT=${GO_BENCH_PORT:-50061}
PEER_PROCS=(grpc triple dubbo)

peer_prepare() {
  go_bin go-bench-server go-bench ./server
  go_bin go-bench-client go-bench ./client
  go_bin go-bench-hessian go-bench ./hessian
  go_bin go-bench-fleet go-bench ./fleet
}

peer_start() {
  local i
  for i in 0 1 2; do
    alive "${PEER_PROCS[i]}" || port_free $((PORT + i))
    spawn "${PEER_PROCS[i]}" "$BIN/go-bench-server" -kind "${PEER_PROCS[i]}" -addr "127.0.0.1:$((PORT + i))"
  done
  for i in 0 1 2; do wait_until "${PEER_PROCS[i]}" "listener on port $((PORT + i))" tcp_open $((PORT + i)); done
}

peer_address() { local i; for i in 0 1 2; do echo "${PEER_PROCS[i]}=127.0.0.1:$((PORT + i))"; done; }

case ${1:-} in
  serve) prepare; serve "$BIN/go-bench-server" -kind "$2" -addr "$3" ;;
  client) shift; prepare; exec "$BIN/go-bench-client" "$@" ;;
  fleet) shift; prepare; exec "$BIN/go-bench-fleet" "$@" ;;
  hessian) prepare; exec "$BIN/go-bench-hessian" ;;
  *) peer_main "$@" ;;
esac
