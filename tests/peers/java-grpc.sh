#!/usr/bin/env bash
# grpc-java's interop server, and its client.
#   java-grpc.sh prepare|start|stop|restart|status|wipe
#   java-grpc.sh serve PORT        run the server in the foreground
#   java-grpc.sh test HOST:PORT    run the client's cases against any server
# JAVA_GRPC_PORT (10001) is the port of `start`. Logs of failed cases stay in PEERS_RUN.
PEER=java-grpc
source "$(dirname "$0")/common.sh"
PORT=${JAVA_GRPC_PORT:-10001}
PEER_PROCS=(server)
# Left out: the cases that need Google's credentials; those that need the server to know how its
# caller found it (pick_first_unary, orca); and client_compressed_*, which need one that knows if a
# message came compressed (grpc-java's own does not).
CASES=(empty_unary large_unary server_compressed_unary client_streaming
  server_streaming server_compressed_streaming ping_pong empty_stream
  timeout_on_sleeping_server cancel_after_begin cancel_after_first_response
  status_code_and_message special_status_message custom_metadata unimplemented_method
  unimplemented_service)

peer_prepare() { mvn_lib "$PEERS_SRC/java-grpc/pom.xml"; }

# java_command MAIN FLAGS...
java_command() { JAVA_CMD=(java $JAVA_LEAN -Xmx256m -cp "$LIB/*" "io.grpc.testing.integration.$@"); }

peer_start() {
  alive server || port_free "$PORT"
  java_command TestServiceServer --use_tls=false --port="$PORT"
  spawn server "${JAVA_CMD[@]}"
  wait_until server "listener on port $PORT" tcp_open "$PORT"
}

peer_address() { echo "grpc=127.0.0.1:$PORT"; }

# run_cases HOST PORT: a process a case.
run_cases() {
  local name passed=0 failed=0
  for name in "${CASES[@]}"; do
    java_command TestServiceClient --use_tls=false --server_host="$1" --server_port="$2" \
      --test_case="$name"
    if timeout 60 "${JAVA_CMD[@]}" >"$LOG/$name.log" 2>&1; then
      echo "PASS $name"; passed=$((passed + 1))
    else
      echo "FAIL $name: $(grep -m 1 -E 'Exception|Error' "$LOG/$name.log" || tail -n 1 "$LOG/$name.log")"
      failed=$((failed + 1))
    fi
  done
  echo "$passed passed, $failed failed"
  [ $failed -eq 0 ]
}

case ${1:-} in
  serve) prepare; java_command TestServiceServer --use_tls=false --port="$2"; serve "${JAVA_CMD[@]}" ;;
  test) prepare; run_cases "${2%:*}" "${2##*:}" ;;
  *) peer_main "$@" ;;
esac
