#!/usr/bin/env bash
# The API jars of three applications that are not of this repository: see java-apis/pom.xml.
#   java-apis.sh list             print their paths, one a line
#   java-apis.sh interfaces JAR PREFIX   print the public interfaces of a jar with methods, and without type
#                                 parameters, whose names begin so, one a line
PEER=java-apis
source "$(dirname "$0")/common.sh"

peer_prepare() {
  mvn_lib "$PEERS_SRC/java-apis/pom.xml"
  (cd "$LIB" && sha256sum --quiet --strict --check) <<'SUMS' || die "$LIB has other jars than those that were looked at"
55cee470c79461fc04d189685dd3e83fecb49aecfdeb3f94bb409b2f60852c88  apollo-openapi-2.3.0.jar
43cdfce3782742e111aaebf7e3c411c3dff1ded09892e44e319c1b1d905f89de  killbill-api-0.54.0.jar
9c9effe414632cceb0b94c83f267f904dead6999fed20bc11fad9e868e7cc803  xxl-job-core-2.4.1.jar
SUMS
}

case ${1:-} in
  list) prepare; ls "$LIB"/*.jar ;;
  interfaces)
    need jar javap
    # Nested ones are printed with their binary names; a package-info has no methods.
    jar --list --file "$2" | grep '\.class$' | sed 's/\.class$//; s,/,.,g' | grep "^$3" |
      xargs javap -public -cp "$2" |
      awk '/^public interface / { name = $3; is = name !~ /</ }
           /^[^ ].* (class|enum|record) / || /^public @interface/ || / extends java.lang.annotation.Annotation/ { is = 0 }
           is && /^  public abstract / { print name; is = 0 }' ;;
  *) echo "usage: $(basename "$0") list | interfaces JAR PREFIX" >&2; exit 2 ;;
esac
