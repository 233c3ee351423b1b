#!/usr/bin/env bash
# Connect's conformance runner, whose gRPC half tests servers and clients.
#   go-connect.sh prepare
#   go-connect.sh test ARG...    run it: --mode server|client --conf FILE -- PROGRAM ARG...
PEER=go-connect
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"

peer_prepare() { go_bin connectconformance go-connect connectrpc.com/conformance/cmd/connectconformance; }

case ${1:-} in
  prepare) prepare ;;
  test) prepare; exec "$BIN/connectconformance" "${@:2}" ;;
  *) echo "usage: $(basename "$0") prepare | test ARG..." >&2; exit 2 ;;
esac
