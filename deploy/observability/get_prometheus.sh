#!/usr/bin/env bash
# Prints a folder with a prometheus and a promtool that run here: the host's, or else those of the
# distribution's package, unpacked into the user's cache.
set -euo pipefail

here=${BASH_SOURCE[0]%/*}
prefix=${XDG_CACHE_HOME:-${HOME:?is where the cache is}/.cache}/bazelw/prometheus

main() {
  local host
  if host=$(command -v prometheus) && [[ -x ${host%/*}/promtool ]]; then
    echo "${host%/*}" && return
  fi
  mkdir -p "${prefix%/*}"
  exec 9>"$prefix.lock"
  flock 9
  runs || install_prefix
  echo "$prefix/usr/bin"
}

runs() { "$prefix/usr/bin/promtool" --version >/dev/null 2>&1; }

install_prefix() {
  "$here/../../tools/distribution/unpack.sh" "$prefix" prometheus
  # Both are linked against the C library alone.
  runs && return
  echo "get_prometheus.sh: the prometheus of the distribution's package does not run here" >&2
  exit 1
}

main
