#!/usr/bin/env bash
# A single etcd 3.7.3 on 127.0.0.1.
#   etcd.sh prepare|start|stop|restart|status|wipe
#   etcd.sh serve PORT PEER_PORT   in the foreground; the caller owns the process
# ETCD_PORT (2379) selects the client port of `start`, ETCD_PORT+1 is the one for other members.
# ETCD_TLS=CERT,KEY[,CA]   PEM files: clients connect over TLS, and with CA must show a certificate
# ETCD_FLAGS               more flags of etcd, such as "--auth-token-ttl 2"
# Users, roles and whether clients must authenticate are data: a client sets them.
PEER=etcd
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"
ETCD_PORT=${ETCD_PORT:-2379}
PEER_PROCS=(etcd)
IFS=, read -r CERT KEY CA <<<"${ETCD_TLS:-}"
read -ra FLAGS <<<"${ETCD_FLAGS:-}"

peer_prepare() { go_bin etcd go-etcd; }

# etcd_command PORT PEER_PORT: set ETCD_CMD to a server.
etcd_command() {
  local scheme=http peer=http://127.0.0.1:$2 tls=()
  if [ -n "$CERT" ]; then
    scheme=https
    tls=(--cert-file "$CERT" --key-file "$KEY")
    [ -z "$CA" ] || tls+=(--client-cert-auth --trusted-ca-file "$CA")
  fi
  local client=$scheme://127.0.0.1:$1
  ETCD_CMD=("$BIN/etcd" --name peer --data-dir "$DATA/etcd" --log-level warn
    --listen-client-urls "$client" --advertise-client-urls "$client"
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer"
    --initial-cluster "peer=$peer" "${tls[@]}" "${FLAGS[@]}")
}

peer_start() {
  alive etcd || port_free "$ETCD_PORT"
  etcd_command "$ETCD_PORT" $((ETCD_PORT + 1))
  spawn etcd "${ETCD_CMD[@]}"
  # Over TLS the port alone tells: its certificate is the caller's.
  if [ -n "$CERT" ]; then
    wait_until etcd "listener on port $ETCD_PORT" tcp_open "$ETCD_PORT"
  else
    wait_until etcd "health on port $ETCD_PORT" http_ok "http://127.0.0.1:$ETCD_PORT/health"
  fi
}

peer_address() { echo "etcd=127.0.0.1:$ETCD_PORT"; }

case ${1:-} in
  serve) prepare; etcd_command "$2" "$3"; serve "${ETCD_CMD[@]}" ;;
  *) peer_main "$@" ;;
esac
