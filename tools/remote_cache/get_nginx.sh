#!/usr/bin/env bash
# Prints the path of an nginx that runs here: the host's, or else that of the distribution's package,
# unpacked into the user's cache. Needs no root and leaves the host as it is.
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
  work=$prefix.partial
  rm -rf "$work" "$prefix" && mkdir -p "$work"/{lists,archives}/partial
  echo "get_nginx.sh: getting nginx from the distribution's packages, once, into $prefix" >&2
  download >"$work/log" 2>&1 || fail "nginx cannot be downloaded; install it, or mend apt's sources. apt said:" "$(tail -n 5 "$work/log")"
  local package
  for package in "$work"/archives/*.deb; do dpkg-deb --extract "$package" "$work"; done
  # shellcheck disable=SC2016 # The launcher expands it.
  printf '#!/bin/bash\nLD_LIBRARY_PATH=%q exec %q "$@"\n' \
    "$prefix/usr/lib/$(uname -m)-linux-gnu" "$prefix/usr/sbin/nginx" >"$work/nginx"
  chmod +x "$work/nginx"
  rm -r "$work"/{lists,archives}
  mv "$work" "$prefix"
  "$prefix/nginx" -v 2>>"$prefix/log" || fail "the nginx of the distribution's package does not run here:" "$(tail -n 5 "$prefix/log")"
}

# The host's list of what is installed says which libraries are missing.
download() {
  command -v apt-get && command -v dpkg-deb || return
  cp /var/lib/dpkg/status "$work/status"
  # A source that cannot be reached is no error by itself: nginx may come from another one.
  apt update || true
  apt install --yes --download-only --no-install-recommends nginx
}

apt() {
  apt-get --quiet -c "$here/../bazel/private_apt.conf" -o Dir::State="$work" -o Dir::State::lists="$work/lists" \
    -o Dir::State::status="$work/status" -o Dir::Cache="$work" "$@"
}

fail() {
  printf 'get_nginx.sh: %s\n' "$@" >&2
  exit 1
}

main
