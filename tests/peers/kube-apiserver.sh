#!/usr/bin/env bash
# The API server of Kubernetes 1.37.2 on 127.0.0.1 with an etcd of its own: TLS with a certificate
# made here, and one token a role. There is no controller and no kubelet: objects stay as clients
# write them.
#   kube-apiserver.sh prepare|start|stop|restart|status|wipe
#   kube-apiserver.sh server-stop|server-start|server-restart   only the API server; etcd stays
#   kube-apiserver.sh server-kill       the same without a word
#   kube-apiserver.sh put PATH         the administrator creates the JSON of standard input below PATH,
#                                      or merges it into the object of its name
#   kube-apiserver.sh certificate USER prints the files of a certificate that says who USER is, and of its key
#   kube-apiserver.sh compact          etcd forgets its history: watches of the past are gone (410)
# KUBE_PORT (6443) is the HTTPS port; KUBE_ETCD_PORT (12379) and the one after it are etcd's.
PEER=kube-apiserver
source "$(dirname "$0")/common.sh"
source "$PEERS_SRC/go-common.sh"
KUBE_PORT=${KUBE_PORT:-6443}
KUBE_ETCD_PORT=${KUBE_ETCD_PORT:-12379}
PEER_PROCS=(etcd kube-apiserver)
CERTS=$HOME_DIR/certs
ETCD=http://127.0.0.1:$KUBE_ETCD_PORT

peer_prepare() {
  local version; version=$(awk '$1 == "k8s.io/kubernetes" {print $2}' "$PEERS_SRC/go-kube/go.mod")
  go_bin etcd go-etcd
  GO_LDFLAGS="-X k8s.io/component-base/version.gitVersion=$version" go_bin kube-apiserver go-kube
  [ -f "$CERTS/done" ] && return 0
  need openssl
  mkdir -p "$CERTS"
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=peer-ca \
    -keyout "$CERTS/ca.key" -out "$CERTS/ca.crt" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=kube-apiserver \
    -keyout "$CERTS/tls.key" -out "$CERTS/tls.csr" 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes.default.svc' >"$CERTS/san"
  openssl x509 -req -in "$CERTS/tls.csr" -CA "$CERTS/ca.crt" -CAkey "$CERTS/ca.key" \
    -CAcreateserial -days 3650 -extfile "$CERTS/san" -out "$CERTS/tls.crt" 2>/dev/null
  openssl genrsa -out "$CERTS/sa.key" 2048 2>/dev/null
  touch "$CERTS/done"
}

# The token of the administrator, and those of users without rights until a RoleBinding names them.
write_tokens() {
  printf '%s\n' 'admin-token,admin,1,"system:masters"' 'provider-token,provider,2' \
    'consumer-token,consumer,3' 'nobody-token,nobody,4' >"$DATA/tokens.csv"
}

write_kubeconfig() {
  local ca; ca=$(base64 -w0 "$CERTS/ca.crt")
  {
    echo "apiVersion: v1"
    echo "kind: Config"
    echo "current-context: admin"
    echo "clusters: [{name: peer, cluster: {server: \"https://127.0.0.1:$KUBE_PORT\", certificate-authority-data: $ca}}]"
    echo "users:"
    for user in admin provider consumer nobody; do echo "- {name: $user, user: {token: $user-token}}"; done
    echo "contexts:"
    for user in admin provider consumer nobody; do
      echo "- {name: $user, context: {cluster: peer, user: $user, namespace: default}}"
    done
  } >"$DATA/kubeconfig"
}

kube_ready() {
  http_ok --cacert "$CERTS/ca.crt" -H "Authorization: Bearer admin-token" "https://127.0.0.1:$KUBE_PORT/readyz"
}

start_server() {
  alive kube-apiserver || port_free "$KUBE_PORT"
  spawn kube-apiserver "$BIN/kube-apiserver" \
    --etcd-servers="$ETCD" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$KUBE_PORT" \
    --tls-cert-file="$CERTS/tls.crt" --tls-private-key-file="$CERTS/tls.key" --client-ca-file="$CERTS/ca.crt" \
    --token-auth-file="$DATA/tokens.csv" --authorization-mode=RBAC \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$CERTS/sa.key" \
    --service-account-signing-key-file="$CERTS/sa.key" --service-cluster-ip-range=10.0.0.0/24 \
    --endpoint-reconciler-type=none --disable-admission-plugins=ServiceAccount \
    --etcd-compaction-interval=0 --cert-dir="$DATA" --v=0
  wait_until kube-apiserver "readiness on port $KUBE_PORT" kube_ready
}

peer_start() {
  local raft=http://127.0.0.1:$((KUBE_ETCD_PORT + 1))
  alive etcd || port_free "$KUBE_ETCD_PORT"
  spawn etcd "$BIN/etcd" --name peer --data-dir "$DATA/etcd" --log-level warn \
    --listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
    --listen-peer-urls "$raft" --initial-advertise-peer-urls "$raft" --initial-cluster "peer=$raft"
  wait_until etcd "health on port $KUBE_ETCD_PORT" http_ok "$ETCD/health"
  write_tokens
  start_server
  write_kubeconfig
}

peer_address() {
  echo "kubernetes=127.0.0.1:$KUBE_PORT"
  echo "kubeconfig=$DATA/kubeconfig"
  echo "etcd=$ETCD"
}

# etcd_post PATH JSON: etcd's JSON gateway.
etcd_post() { http_ok -X POST -d "$2" "$ETCD/v3/$1"; }

compact() {
  local revision
  revision=$(etcd_post kv/range '{"key":"AA=="}' | sed -n 's/.*"revision":"\([0-9]*\)".*/\1/p')
  etcd_post kv/compaction "{\"revision\":\"$revision\",\"physical\":true}" >/dev/null
  echo "compacted=$revision"
}

kube_ask() { # METHOD PATH CONTENT-TYPE, the body on standard input; prints the status
  curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' --cacert "$CERTS/ca.crt" -X "$1" \
    -H "Authorization: Bearer admin-token" -H "Content-Type: $3" --data-binary @- "https://127.0.0.1:$KUBE_PORT$2"
}

put() {
  local object name status; object=$(cat)
  status=$(kube_ask POST "$1" application/json <<<"$object")
  if [ "$status" = 409 ]; then
    name=$(sed -n 's/.*"metadata": *{"name": *"\([^"]*\)".*/\1/p' <<<"$object")
    status=$(kube_ask PATCH "$1/$name" application/merge-patch+json <<<"$object")
  fi
  case $status in 2??) ;; *) die "$1 was answered with $status" ;; esac
}

certificate() {
  local cert=$DATA/$1.crt key=$DATA/$1.key
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$key" -out "$DATA/$1.csr" 2>/dev/null
  # An extension makes it one of version 3, as clients want it. The serial number is one of the run: the folder of
  # the authority is shared.
  echo extendedKeyUsage=clientAuth >"$DATA/extensions"
  openssl x509 -req -in "$DATA/$1.csr" -CA "$CERTS/ca.crt" -CAkey "$CERTS/ca.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days 30 -extfile "$DATA/extensions" -out "$cert" 2>/dev/null
  printf '%s\n' "certificate=$cert" "key=$key"
}

case ${1:-} in
  put) put "${2:?the path of a kind, such as /api/v1/namespaces/default/services}" ;;
  certificate) certificate "${2:?the name of a user}" ;;
  server-stop) terminate kube-apiserver ;;
  server-start) start_server ;;
  server-kill)
    kill -KILL "$(pid_of kube-apiserver)"
    while tcp_open "$KUBE_PORT"; do sleep 0.05; done
    rm -f "$RUN/kube-apiserver.pid" "$RUN/kube-apiserver.start" ;;
  server-restart) terminate kube-apiserver; start_server ;;
  compact) compact ;;
  *) peer_main "$@" ;;
esac
