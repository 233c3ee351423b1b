#!/usr/bin/env bash
# A standalone Apache ZooKeeper 3.9.5 on 127.0.0.1.
#   zookeeper.sh prepare|start|stop|restart|status|wipe
#   zookeeper.sh serve PORT      in the foreground; the caller owns the process
# ZK_PORT (2181) selects the port of `start`, ZK_HEAP (128m) the heap, ZK_TICK (2000) the length
# of a tick in milliseconds: a session lasts between 2 and 20 ticks. ZK_CONFIG names a file of more
# lines of its configuration, such as those of TLS.
PEER=zookeeper
source "$(dirname "$0")/common.sh"
ZK_PORT=${ZK_PORT:-2181}
PEER_PROCS=(zookeeper)

peer_prepare() { mvn_lib "$PEERS_SRC/zookeeper/pom.xml"; }

# The four-letter word "srvr" answers only once the server serves requests.
zk_serving() {
  exec 3<>"/dev/tcp/127.0.0.1/$ZK_PORT" || return 1
  printf srvr >&3
  timeout 3 cat <&3 | grep -q '^Mode: standalone'
}

# zk_command PORT: write the configuration and set ZK_CMD to a server.
zk_command() {
  cat >"$RUN/zoo.cfg" <<CFG
tickTime=${ZK_TICK:-2000}
dataDir=$DATA
clientPort=$1
clientPortAddress=127.0.0.1
admin.enableServer=false
maxClientCnxns=0
4lw.commands.whitelist=*
CFG
  [ -z "${ZK_CONFIG:-}" ] || cat "$ZK_CONFIG" >>"$RUN/zoo.cfg"
  ZK_CMD=(java $JAVA_LEAN -Xmx"${ZK_HEAP:-128m}"
    -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG_LEVEL:-warn}"
    -cp "$LIB/*" org.apache.zookeeper.server.ZooKeeperServerMain "$RUN/zoo.cfg")
}

peer_start() {
  alive zookeeper || port_free "$ZK_PORT"
  zk_command "$ZK_PORT"
  spawn zookeeper "${ZK_CMD[@]}"
  wait_until zookeeper "answer on port $ZK_PORT" zk_serving
}

peer_address() { echo "zookeeper=127.0.0.1:$ZK_PORT"; }

case ${1:-} in
  serve) prepare; zk_command "$2"; serve "${ZK_CMD[@]}" ;;
  *) peer_main "$@" ;;
esac
