#!/usr/bin/env bash
# Prints the path of an nginx that runs here: the host's, or else that of the distribution's package,
# unpacked into the user's cache.
set -euo pipefail

here=${BASH_SOURCE[0]%/*}
prefix=${XDG_CACHE_HOME:-${HOME:?is where the cache is}/.cache}/bazelw/nginx

main() {
  PATH=$PATH:/usr/sbin command -v nginx && return
  mkdir -p "${prefix%/*}"
  exec 9>"$prefix.lock"
  flock 9
  # A host that has moved to another release may have other libraries.
  "$prefix/nginx" -v 2>/dev/null || install_prefix
  echo "$prefix/nginx"
}

install_prefix() {
  "$here/../distribution/unpack.sh" "$prefix" nginx
  # shellcheck disable=SC2016 # The launcher expands it.
  printf '#!/bin/bash\nLD_LIBRARY_PATH=%q exec %q "$@"\n' \
    "$prefix/usr/lib/$(uname -m)-linux-gnu" "$prefix/usr/sbin/nginx" >"$prefix/nginx"
  chmod +x "$prefix/nginx"
  "$prefix/nginx" -v 2>>"$prefix/log" || fail
}

fail() {
  echo "get_nginx.sh: the nginx of the distribution's package does not run here:" >&2
  tail -n 5 "$prefix/log" >&2
  exit 1
}

main
