#!/usr/bin/env bash
# dubbo-go providers on 127.0.0.1: one speaks Triple, one the dubbo protocol.
#   go-dubbo.sh prepare|start|stop|restart|status|wipe
#   go-dubbo.sh serve tri|dubbo PORT      run one provider in the foreground
#   go-dubbo.sh test [CONSUMER FLAG...]   run the dubbo-go consumer's cases
# GO_DUBBO_PORT (20890) is the Triple port, GO_DUBBO_PORT+2 the dubbo port.
# GO_DUBBO_FLAGS go to every provider, e.g.
#   "-registry nacos://127.0.0.1:8848 -registry-type service"
# Without flags `test` runs both protocols against the started providers.
PEER=go-dubbo
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"
PORT=${GO_DUBBO_PORT:-20890}
PEER_PROCS=(triple dubbo)
read -ra FLAGS <<<"${GO_DUBBO_FLAGS:-}"

peer_prepare() {
  go_bin go-dubbo-provider go-dubbo ./cmd/provider
  go_bin go-dubbo-consumer go-dubbo ./cmd/consumer
}

# provider_command NAME PROTOCOL PORT: set GO_CMD to a provider.
provider_command() {
  GO_CMD=("$BIN/go-dubbo-provider" -name "$1" -protocol "$2" -port "$3" "${FLAGS[@]}")
}

peer_start() {
  alive triple || port_free "$PORT"
  alive dubbo || port_free $((PORT + 2))
  provider_command go-triple tri "$PORT"; spawn triple "${GO_CMD[@]}"
  provider_command go-dubbo dubbo $((PORT + 2)); spawn dubbo "${GO_CMD[@]}"
  wait_until triple "listener on port $PORT" tcp_open "$PORT"
  wait_until dubbo "listener on port $((PORT + 2))" tcp_open $((PORT + 2))
}

peer_address() {
  echo "triple=127.0.0.1:$PORT"
  echo "dubbo=127.0.0.1:$((PORT + 2))"
}

case ${1:-} in
  serve) prepare; provider_command "go-$2" "$2" "$3"; serve "${GO_CMD[@]}" ;;
  test)
    shift
    prepare
    [ $# -eq 0 ] || exec "$BIN/go-dubbo-consumer" -log fatal "$@"
    rc=0
    "$BIN/go-dubbo-consumer" -log fatal -protocol tri -addr "127.0.0.1:$PORT" || rc=1
    "$BIN/go-dubbo-consumer" -log fatal -protocol dubbo -addr "127.0.0.1:$((PORT + 2))" || rc=1
    exit $rc ;;
  *) peer_main "$@" ;;
esac
