#!/usr/bin/env bash
# grpc-go's interop server on 127.0.0.1, and its client.
#   go-grpc.sh prepare|start|stop|restart|status|wipe
#   go-grpc.sh serve PORT        run the server in the foreground
#   go-grpc.sh test HOST:PORT    run the client's cases against any server
# GO_GRPC_PORT (10000) is the port of `start`. Logs of failed cases stay in PEERS_RUN.
PEER=go-grpc
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"
PORT=${GO_GRPC_PORT:-10000}
PEER_PROCS=(server)
# Left out: the cases that need Google's credentials; pick_first_unary, which
# needs a server that names itself (grpc-go's does not); and orca_oob, which
# needs a report each second (grpc-go's server may not go below 30 s).
CASES=(empty_unary large_unary client_streaming server_streaming ping_pong empty_stream
  timeout_on_sleeping_server cancel_after_begin cancel_after_first_response
  status_code_and_message special_status_message custom_metadata unimplemented_method
  unimplemented_service rpc_soak channel_soak orca_per_rpc)
# The balancer that hands load reports to the case.
ORCA='{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}'

peer_prepare() {
  go_bin go-grpc-server go-grpc ./server
  go_bin go-grpc-client go-grpc google.golang.org/grpc/interop/client
}

peer_start() {
  alive server || port_free "$PORT"
  spawn server "$BIN/go-grpc-server" -addr "127.0.0.1:$PORT"
  wait_until server "listener on port $PORT" tcp_open "$PORT"
}

peer_address() { echo "grpc=127.0.0.1:$PORT"; }

# run_cases HOST PORT: a process a case.
run_cases() {
  local name passed=0 failed=0 more
  for name in "${CASES[@]}"; do
    more=()
    [ "$name" != orca_per_rpc ] || more=(-service_config_json "$ORCA")
    if timeout 60 "$BIN/go-grpc-client" -server_host "$1" -server_port "$2" -test_case "$name" \
      "${more[@]}" >"$LOG/$name.log" 2>&1; then
      echo "PASS $name"; passed=$((passed + 1))
    else
      echo "FAIL $name: $(tail -n 1 "$LOG/$name.log")"; failed=$((failed + 1))
    fi
  done
  echo "$passed passed, $failed failed"
  [ $failed -eq 0 ]
}

case ${1:-} in
  serve) prepare; serve "$BIN/go-grpc-server" -addr "127.0.0.1:$2" ;;
  test) prepare; run_cases "${2%:*}" "${2##*:}" ;;
  *) peer_main "$@" ;;
esac
