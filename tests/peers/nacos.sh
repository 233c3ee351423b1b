#!/usr/bin/env bash
# A standalone Nacos on 127.0.0.1, with embedded Derby and without console.
#   nacos.sh prepare|start|stop|restart|status|wipe
#   nacos.sh serve PORT      in the foreground; the caller owns the process
# NACOS_GENERATION is 3 (3.1.0, default), which serves clients of Nacos 2 and 3 alike, or 2 (2.2.4), without
# authentication and TLS.
# NACOS_PORT (8848) is the HTTP port of `start`; gRPC listens on the port 1000 above it and the next,
# Raft 1000 below. NACOS_HEAP (400m) sets the heap.
# NACOS_AUTH=true asks for user and password; the first administrator is made with
#   curl -d password=secret http://127.0.0.1:8848/nacos/v3/auth/user/admin
# which answers with the user `nacos`. NACOS_TOKEN_TTL (18000) is the life of a token in seconds.
# NACOS_TLS=DIR has gRPC speak TLS alone, with DIR/cert.pem and DIR/key.pem (PKCS#8).
# NACOS_HTTPS=true has HTTP speak TLS too, with the same files.
# NACOS_PARAM_CHECK=true restores the vendor's default, which refuses instances with more than 1024
# characters of metadata: Dubbo's registration of an interface with many methods has more.
NACOS_GENERATION=${NACOS_GENERATION:-3}
case $NACOS_GENERATION in
  3) PEER=nacos ;;
  2) PEER=nacos2 ;;
  *) echo "NACOS_GENERATION must be 3 or 2" >&2; exit 2 ;;
esac
source "$(dirname "$0")/common.sh"
NACOS_PORT=${NACOS_PORT:-8848}
PEER_PROCS=(nacos)
if [ "$NACOS_GENERATION" = 3 ]; then
  POM=pom.xml MAIN=NacosPeer.java READY=v3/admin/core/state/readiness
else
  POM=pom2.xml MAIN=Nacos2Peer.java READY=v1/ns/operator/metrics
fi

peer_prepare() { need java; mvn_lib "$PEERS_SRC/nacos/$POM"; }

# nacos_command PORT: write the configuration and set NACOS_CMD to a server.
nacos_command() {
  mkdir -p "$DATA/conf"
  # A database that a busy machine did not finish in time is refused ever after.
  [ -e "$DATA/data/derby-data/service.properties" ] || rm -rf "$DATA/data/derby-data"
  cat >"$DATA/conf/application.properties" <<CFG
nacos.server.main.port=$1
nacos.server.contextPath=/nacos
nacos.inetutils.ip-address=127.0.0.1
nacos.core.api.compatibility.client.enabled=true
nacos.core.api.compatibility.admin.enabled=true
nacos.core.api.compatibility.console.enabled=true
server.address=127.0.0.1
nacos.core.auth.enabled=${NACOS_AUTH:-false}
nacos.core.auth.admin.enabled=${NACOS_AUTH:-false}
nacos.core.auth.console.enabled=false
nacos.core.auth.caching.enabled=false
nacos.core.auth.system.type=nacos
nacos.core.auth.server.identity.key=peer
nacos.core.auth.server.identity.value=peer
nacos.core.auth.plugin.nacos.token.secret.key=$(printf 'not-a-secret-not-a-secret-not-a-secret' | base64 -w0)
nacos.core.auth.plugin.nacos.token.expire.seconds=${NACOS_TOKEN_TTL:-18000}
nacos.naming.empty-service.auto-clean=true
nacos.core.param.check.enabled=${NACOS_PARAM_CHECK:-false}
server.tomcat.basedir=$DATA/tomcat
CFG
  [ -z "${NACOS_TLS:-}" ] || cat >>"$DATA/conf/application.properties" <<CFG
nacos.remote.server.rpc.tls.enableTls=true
nacos.remote.server.rpc.tls.compatibility=false
nacos.remote.server.rpc.tls.mutualAuthEnable=false
nacos.remote.server.rpc.tls.sslProvider=JDK
nacos.remote.server.rpc.tls.certChainFile=file:$NACOS_TLS/cert.pem
nacos.remote.server.rpc.tls.certPrivateKey=file:$NACOS_TLS/key.pem
nacos.remote.server.rpc.tls.trustCollectionCertFile=file:$NACOS_TLS/cert.pem
CFG
  # What Nacos 3 has other names for, and registries of metrics that nobody runs.
  [ "$NACOS_GENERATION" = 3 ] || cat >>"$DATA/conf/application.properties" <<CFG
server.servlet.contextPath=/nacos
management.metrics.export.elastic.enabled=false
management.metrics.export.influx.enabled=false
CFG
  [ "${NACOS_HTTPS:-false}" = false ] || cat >>"$DATA/conf/application.properties" <<CFG
server.ssl.enabled=true
server.ssl.certificate=file:$NACOS_TLS/cert.pem
server.ssl.certificate-private-key=file:$NACOS_TLS/key.pem
CFG
  NACOS_CMD=(java $JAVA_LEAN -Xms64m -Xmx"${NACOS_HEAP:-400m}"
    -Dnacos.remote.grpc.listen.ip=127.0.0.1 -Dnacos.standalone=true -Dnacos.home="$DATA"
    -Duser.home="$DATA" -Duser.timezone=UTC -Dserver.port="$1"
    # Two jars have classes of Hessian: the server encodes with the first, and needs the second for
    # the table of its pushes.
    -cp "$(echo "$LIB"/hessian-4.*.jar):$LIB/*" "$PEERS_SRC/nacos/$MAIN"
    --spring.config.additional-location="file:$DATA/conf/")
}

peer_start() {
  alive nacos || port_free "$NACOS_PORT"
  nacos_command "$NACOS_PORT"
  spawn nacos "${NACOS_CMD[@]}"
  wait_until nacos "HTTP answer on port $NACOS_PORT" \
    http_ok "http://127.0.0.1:$NACOS_PORT/nacos/$READY"
}

peer_address() { echo "nacos=127.0.0.1:$NACOS_PORT"; echo "nacos_grpc=127.0.0.1:$((NACOS_PORT + 1000))"; }

case ${1:-} in
  serve) prepare; nacos_command "$2"; serve "${NACOS_CMD[@]}" ;;
  *) peer_main "$@" ;;
esac
