#!/usr/bin/env bash
# Prints the path of a program that runs `go` with grpc-go to build from: those of the distribution's
# packages, unpacked into the user's cache.
set -euo pipefail

here=${BASH_SOURCE[0]%/*}
prefix=${XDG_CACHE_HOME:-${HOME:?is where the cache is}/.cache}/bazelw/go

main() {
  mkdir -p "${prefix%/*}"
  exec 9>"$prefix.lock"
  flock 9
  "$prefix/go" version >/dev/null 2>&1 || install_prefix
  echo "$prefix/go"
}

# As the packages have no modules, Go has to look for what is imported in a GOPATH. What the host has
# installed is not unpacked.
install_prefix() {
  "$here/../../tools/distribution/unpack.sh" "$prefix" golang-go golang-google-grpc-dev
  cat >"$prefix/go" <<EOF
#!/bin/bash
export GO111MODULE=off GOFLAGS= CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE="$prefix/cache"
export GOPATH="$prefix/usr/share/gocode:/usr/share/gocode"
[[ ! -d "$prefix/usr/lib/go" ]] || export GOROOT="$prefix/usr/lib/go"
exec "\${GOROOT:-/usr/lib/go}/bin/go" "\$@"
EOF
  chmod +x "$prefix/go"
  "$prefix/go" version >/dev/null
}

main
