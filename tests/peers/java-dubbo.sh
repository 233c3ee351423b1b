#!/usr/bin/env bash
# Dubbo Java providers and consumer, built from java-dubbo/.
#   java-dubbo.sh prepare|start|stop|restart|status|wipe
#   java-dubbo.sh serve dubbo|tri PORT       run one provider in the foreground
#   java-dubbo.sh consume [-Dkey=value]...   run the consumer; see Consumer.java
#   java-dubbo.sh invoke URL INTERFACE METHOD [TYPE VALUE]...   one generic call; prints the result
#   java-dubbo.sh vectors FILE               write the Hessian2 vectors
#   java-dubbo.sh frames FILE                write dubbo frames; starts and stops its own provider
#   java-dubbo.sh bench-server dubbo|tri PORT  echo server, in the foreground
#   java-dubbo.sh bench-client FLAGS         its client; see bench/Client.java
#   java-dubbo.sh bench-fleet FLAGS          the cost of following a fleet; see bench/Fleet.java
#   java-dubbo.sh bench-hessian              ns per object of hessian-lite, as one line of JSON
#   java-dubbo.sh compile RELEASE SOURCES CLASSES  compile generated Java for a release, every warning an error
#   java-dubbo.sh package FOLDER             make the jar of generated Java by its pom.xml, and print its path
#   java-dubbo.sh call-generated CLASSES USERS ACCOUNT PRIMES [PRICES]
#                                            call the examples at these URLs through what was compiled so
#   java-dubbo.sh orders FOLDER              the jars of java-orders, whose API is orders-api-1.2.jar, with sources,
#                                            and 1.3 after it
#   java-dubbo.sh serve-orders FOLDER PORT   its provider, in the foreground, registered at REGISTRY
#   java-dubbo.sh jars                       the jars of the interfaces, one a line
#   java-dubbo.sh members CLASS [CLASSES]    the members of a class of java-dubbo/api, or of others, with descriptors
# DUBBO chooses the Dubbo generation: 3 (3.3.6, default), 3.2 (3.2.16), 3.2.8
# (with its registry for Kubernetes), 2.7 (2.7.23) or 2.6 (2.6.12). The vectors
# and the bench-* programs exist for 3 and 3.2 only.
# PROTOCOLS="dubbo tri" chooses what to start; DUBBO_PORT (20880) and TRI_PORT
# (50051) where. REGISTRY (N/A) is a registry URL. PROVIDER_OPTS adds -D flags,
# for instance -Ddubbo.application.register-mode=instance.
DUBBO=${DUBBO:-3}
case $DUBBO in
  3) PEER=java-dubbo BUILD=() ;;
  3.2) PEER=java-dubbo32 BUILD=(-Ddubbo.version=3.2.16 -Ddubbo.compiler.version=3.2.14) DUBBO_PORT=${DUBBO_PORT:-20832} TRI_PORT=${TRI_PORT:-50032} ;;
  3.2.8)
    PEER=java-dubbo328 BUILD=(-Ddubbo.version=3.2.8 -Ddubbo.compiler.version=3.2.8 -Pkubernetes)
    DUBBO_PORT=${DUBBO_PORT:-20828} TRI_PORT=${TRI_PORT:-50028} ;;
  2.7) PEER=java-dubbo27 BUILD=(-Ddubbo2=2.7) DUBBO_PORT=${DUBBO_PORT:-20827} PROTOCOLS=${PROTOCOLS:-dubbo} ;;
  2.6) PEER=java-dubbo26 BUILD=(-Ddubbo2=2.6) DUBBO_PORT=${DUBBO_PORT:-20826} PROTOCOLS=${PROTOCOLS:-dubbo} ;;
  *) echo "DUBBO must be 3, 3.2, 3.2.8, 2.7 or 2.6" >&2; exit 2 ;;
esac
source "$(dirname "$0")/common.sh"
DUBBO_PORT=${DUBBO_PORT:-20880}
TRI_PORT=${TRI_PORT:-50051}
read -r -a PEER_PROCS <<<"${PROTOCOLS:-dubbo tri}"
BUILT=$HOME_DIR/src

port_of() { if [ "$1" = tri ]; then echo "$TRI_PORT"; else echo "$DUBBO_PORT"; fi; }

peer_prepare() {
  need mvn javac
  local sum; sum=$(cd "$PEERS_SRC/java-dubbo" && find . -type f -not -path '*/target/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  [ "$(cat "$HOME_DIR/built" 2>/dev/null)" = "$sum" ] && return 0
  say "building"
  rm -rf "$BUILT" "$LIB"
  cp -r "$PEERS_SRC/java-dubbo" "$BUILT"
  [ "$DUBBO" != 2.6 ] || sources_of_2_6
  "${MVN[@]}" -f "$BUILT/pom.xml" "${BUILD[@]}" package \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
    -DincludeScope=runtime -DexcludeGroupIds=peers.dubbo -DoutputDirectory="$LIB" >&2
  echo "$sum" >"$HOME_DIR/built"
}

# Dubbo 2.6 has its classes in other packages, and no DubboBootstrap: java26 has one.
sources_of_2_6() {
  find "$BUILT" -name '*.java' -exec sed -i 's/org\.apache\.dubbo/com.alibaba.dubbo/g' {} +
  cp -r "$BUILT/api/src/main/java26/." "$BUILT/api/src/main/java"
}

# java_command FLAGS... MAIN: set JAVA_CMD to a lean JVM that runs MAIN.
java_command() { jvm $JAVA_LEAN -Xmx256m "$@"; }

# jvm FLAGS... MAIN: the same with the JVM's own defaults.
jvm() {
  local cp=${CLASSES:-} m; for m in api proto provider consumer vectors bench; do cp+="$BUILT/$m/target/classes:"; done
  JAVA_CMD=(java -Dfile.encoding=UTF-8 -Duser.timezone=UTC
    -Duser.home="$DATA"
    # Dubbo replaces 127.0.0.1 by the address of a "real" interface, both where
    # it listens and where it connects to. With no interface left it stays put.
    -Ddubbo.network.interface.ignored='.*'
    -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG_LEVEL:-error}"
    --add-opens java.base/java.lang=ALL-UNNAMED --add-opens java.base/java.math=ALL-UNNAMED
    --add-opens java.base/java.util=ALL-UNNAMED --add-opens java.base/java.time=ALL-UNNAMED
    --add-opens java.base/java.util.concurrent=ALL-UNNAMED
    --add-opens java.base/java.util.concurrent.atomic=ALL-UNNAMED
    --add-opens java.sql/java.sql=ALL-UNNAMED
    -cp "$cp$LIB/*" "$@")
}

# provider_command PROTOCOL PORT: set JAVA_CMD to a provider.
provider_command() {
  java_command -Dprotocol="$1" -Dport="$2" -Dregistry="${REGISTRY:-N/A}" \
    -Dapplication="$PEER-$1" ${PROVIDER_OPTS:-} peer.provider.Provider
}

peer_start() {
  local p
  for p in "${PEER_PROCS[@]}"; do
    alive "$p" && continue
    port_free "$(port_of "$p")"
    provider_command "$p" "$(port_of "$p")"
    spawn "$p" "${JAVA_CMD[@]}"
  done
  for p in "${PEER_PROCS[@]}"; do wait_until "$p" "ready line" log_has "$p" '^PROVIDER READY'; done
}

peer_address() { local p; for p in "${PEER_PROCS[@]}"; do echo "$p=$p://127.0.0.1:$(port_of "$p")"; done; }

case ${1:-} in
  serve) prepare; provider_command "$2" "$3"; serve "${JAVA_CMD[@]}" ;;
  consume) shift; prepare; java_command -Derrors="$PEERS_SRC/../../docs/user/errors.md" "$@" peer.consumer.Consumer; exec "${JAVA_CMD[@]}" ;;
  invoke) shift; prepare; java_command peer.consumer.Invoke; exec "${JAVA_CMD[@]}" "$@" ;;
  compile)
    # Without the libraries of Dubbo: generated interfaces need none.
    need javac
    # A newer javac calls the release 8 obsolete.
    find "$3" -name '*.java' -print0 | xargs -0 javac -Werror -Xlint:all,-options --release "$2" -d "$4" ;;
  package)
    need mvn
    "${MVN[@]}" -f "$2/pom.xml" package >&2
    ls "$2"/target/*.jar ;;
  call-generated)
    prepare
    javac -d "$2" -cp "$2:$LIB/*" "$PEERS_SRC/java-generated/peer/generated/Caller.java"
    CLASSES=$2: java_command peer.generated.Caller
    exec "${JAVA_CMD[@]}" "${@:3}" ;;
  orders)
    prepare; need jar
    for version in 1.2 1.3; do
      sources=$(mktemp -d) classes=$(mktemp -d)
      cp -r "$PEERS_SRC/java-orders/api/." "$sources"
      [ "$version" = 1.2 ] || cp -r "$PEERS_SRC/java-orders/api-$version/." "$sources"
      find "$sources" -name '*.java' -print0 | xargs -0 javac --release 17 -d "$classes"
      jar --create --file "$2/orders-api-$version.jar" -C "$classes" .
      jar --create --file "$2/orders-api-$version-sources.jar" -C "$sources" .
      rm -r "$sources" "$classes"
    done
    find "$PEERS_SRC/java-orders/provider" -name '*.java' -print0 |
      xargs -0 javac --release 17 -d "$2/provider" -cp "$2/orders-api-1.2.jar:$LIB/*" ;;
  serve-orders)
    prepare
    CLASSES=$2/provider:$2/orders-api-1.2.jar:
    java_command -Dport="$3" -Dregistry="$REGISTRY" org.example.shop.Shop
    serve "${JAVA_CMD[@]}" ;;
  jars) prepare; printf '%s\n' "$BUILT/api/target/api-1.jar" "$BUILT/proto/target/proto-1.jar" ;;
  members) prepare; exec javap -p -s -cp "${3:-$BUILT/api/target/classes}" "$2" ;;
  bench-server) prepare; jvm -Xmx512m -Dprotocol="$2" -Dport="$3" peer.bench.Server; serve "${JAVA_CMD[@]}" ;;
  bench-client) shift; prepare; jvm -Xmx512m peer.bench.Client; exec "${JAVA_CMD[@]}" "$@" ;;
  bench-fleet) shift; prepare; jvm -Xmx768m peer.bench.Fleet; exec "${JAVA_CMD[@]}" "$@" ;;
  bench-hessian) prepare; jvm -Xmx512m peer.bench.HessianBench; exec "${JAVA_CMD[@]}" ;;
  vectors)
    prepare
    java_command -Dhessian.version="$(basename "$LIB"/hessian-lite-*.jar .jar | sed 's/hessian-lite-//')" \
      peer.vectors.HessianVectors "$2"
    exec "${JAVA_CMD[@]}" ;;
  frames)
    prepare; need python3
    java_command -Durl=dubbo://127.0.0.1:@PORT@ -Dmode=calls,generic -Dinteractive=true -Dtimeout=1000 \
      -Dheartbeat=1000 peer.consumer.Consumer
    CONSUMER=("${JAVA_CMD[@]}") PEER_PROCS=(dubbo)
    PROVIDER_OPTS=-Ddubbo.protocol.parameters.heartbeat=1000 peer_start
    python3 "$PEERS_SRC/java-dubbo/capture.py" "$2" "$DUBBO_PORT" "PROTOCOLS=dubbo '$0' stop" -- "${CONSUMER[@]}" ;;
  *) peer_main "$@" ;;
esac
