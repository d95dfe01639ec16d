#!/usr/bin/env bash
# `unpack.sh FOLDER PACKAGE…`: the distribution's packages, and what they need beside what the host has,
# unpacked into a folder of their own. Needs no root and leaves the host as it is. An interrupted call
# leaves no FOLDER.
set -euo pipefail

here=${BASH_SOURCE[0]%/*}
folder=$1
packages=("${@:2}")
work=$folder.partial

main() {
  rm -rf "$work" "$folder" && mkdir -p "$work"/{lists,archives}/partial
  echo "getting ${packages[*]} from the distribution's packages, once, into $folder" >&2
  download >"$work/log" 2>&1 || fail
  local package
  for package in "$work"/archives/*.deb; do dpkg-deb --extract "$package" "$work"; done
  rm -r "$work"/{lists,archives}
  mv "$work" "$folder"
}

# The host's list of what is installed says which libraries are missing.
download() {
  command -v apt-get && command -v dpkg-deb || return
  cp /var/lib/dpkg/status "$work/status"
  # A source that cannot be reached is no error by itself: the packages may come from another one.
  apt update || true
  apt install --yes --download-only --no-install-recommends "${packages[@]}"
}

apt() {
  apt-get --quiet -c "$here/../bazelw/private_apt.conf" -o Dir::State="$work" -o Dir::State::lists="$work/lists" \
    -o Dir::State::status="$work/status" -o Dir::Cache="$work" "$@"
}

fail() {
  echo "unpack.sh: ${packages[*]} cannot be downloaded; install them, or fix apt's sources. apt said:" >&2
  tail -n 5 "$work/log" >&2
  exit 1
}

main
