#!/usr/bin/env bash
# A Spring Cloud Alibaba provider that registers in Nacos, and a consumer: OpenFeign, a load-balanced
# RestClient and an HTTP interface.
#   spring-cloud.sh prepare|start|stop|restart|status|wipe
#   spring-cloud.sh serve PORT       the provider in the foreground
#   spring-cloud.sh consume [NAME]   call the application NAME through Nacos
# SPRING chooses the generation: 3 (Boot 3.5, Cloud 2025.0, the default) or 4 (Boot 4.0, Cloud 2025.1).
# NACOS (127.0.0.1:8848) is the registry, SPRING_PORT (18080) the port of `start`, SPRING_NAME
# (spring-provider) the name of the application.
SPRING=${SPRING:-3}
case $SPRING in
  3) PEER=spring-cloud BUILD=() ;;
  4) PEER=spring-cloud4 BUILD=(-Pboot4) SPRING_PORT=${SPRING_PORT:-18084} ;;
  *) echo "SPRING must be 3 or 4" >&2; exit 2 ;;
esac
source "$(dirname "$0")/common.sh"
NACOS=${NACOS:-127.0.0.1:8848}
SPRING_PORT=${SPRING_PORT:-18080}
SPRING_NAME=${SPRING_NAME:-spring-provider}
PEER_PROCS=(provider)
BUILT=$HOME_DIR/src

peer_prepare() {
  need mvn javac
  local sum; sum=$(cd "$PEERS_SRC/spring-cloud" && find . -type f -not -path './target/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  [ "$(cat "$HOME_DIR/built" 2>/dev/null)" = "$sum" ] && return 0
  say "building"
  rm -rf "$BUILT" "$LIB"
  cp -r "$PEERS_SRC/spring-cloud" "$BUILT"
  "${MVN[@]}" -f "$BUILT/pom.xml" "${BUILD[@]}" package \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$LIB" >&2
  echo "$sum" >"$HOME_DIR/built"
}

# java_command FLAGS... MAIN: set JAVA_CMD to a lean JVM that runs MAIN.
java_command() {
  JAVA_CMD=(java $JAVA_LEAN -Xmx192m -Dfile.encoding=UTF-8 -Duser.home="$DATA"
    -Dspring.cloud.nacos.discovery.server-addr="$NACOS" -Dspring.cloud.nacos.discovery.ip=127.0.0.1
    -Dserver.address=127.0.0.1 -Dspring.main.banner-mode=off -Dlogging.level.root="${LOG_LEVEL:-warn}"
    -cp "$BUILT/target/classes:$LIB/*" "$@")
}

# provider_command PORT: set JAVA_CMD to a provider.
provider_command() {
  java_command -Dspring.application.name="$SPRING_NAME" -Dserver.port="$1" peer.cloud.provider.ProviderApp
}

peer_start() {
  alive provider || port_free "$SPRING_PORT"
  provider_command "$SPRING_PORT"
  spawn provider "${JAVA_CMD[@]}"
  wait_until provider "ready line" log_has provider '^PROVIDER READY'
}

peer_address() { echo "http=127.0.0.1:$SPRING_PORT"; echo "application=$SPRING_NAME"; }

case ${1:-} in
  serve) prepare; provider_command "$2"; serve "${JAVA_CMD[@]}" ;;
  consume)
    prepare
    java_command -Dservice="${2:-$SPRING_NAME}" -Dspring.application.name=spring-consumer -Dserver.port=0 \
      -Dspring.cloud.nacos.discovery.register-enabled=false peer.cloud.consumer.ConsumerApp
    exec "${JAVA_CMD[@]}" ;;
  *) peer_main "$@" ;;
esac
