#!/usr/bin/env bash
# grpcurl, as users of gRPC have it.
#   grpcurl.sh prepare           build it
#   grpcurl.sh run ARGUMENT...   run it
PEER=grpcurl
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"

peer_prepare() { go_bin grpcurl go-grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl; }

case ${1:-} in
  prepare) prepare ;;
  run) shift; prepare; exec "$BIN/grpcurl" "$@" ;;
  *) echo "usage: $(basename "$0") prepare|run ARGUMENT..." >&2; exit 2 ;;
esac
