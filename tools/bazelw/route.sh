# shellcheck shell=bash
# The decisions of bazelw that are made once: sourced by it, never run by itself.
# shellcheck disable=SC2154 # root, version, cache, memory, route, launcher are bazelw's.

die() {
  printf 'bazelw: %s\n' "$@" >&2
  exit 1
}

# Prints the path of a launcher that brings the wanted Bazel: Bazelisk, or a matching Bazel.
find_launcher() {
  command -v bazelisk && return
  local bazel
  bazel=$(command -v bazel) || return
  is_wanted_bazel "$bazel" && echo "$bazel"
}

# One short request: the response's content does not matter, that there is one does.
github_answers() {
  local url=https://github.com/
  if command -v curl >/dev/null; then
    curl --silent --head --output /dev/null --max-time 5 "$url"
  elif command -v wget >/dev/null; then
    wget --quiet --spider --tries=1 --timeout=5 "$url"
  else
    timeout 5 bash -c ': </dev/tcp/github.com/443' 2>/dev/null
  fi
}

debian_tools_present() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

# Prints the route, and remembers it when it was not forced.
decide_route() {
  local found decision
  if found=$(find_launcher) && github_answers; then
    decision="github $found"
  elif debian_tools_present; then
    decision=debian
  else
    no_route
  fi
  { mkdir -p "$cache" && printf '%s\n' "$decision" >"$memory.$$" && mv "$memory.$$" "$memory"; } 2>/dev/null ||
    die "cannot write to $cache, which may be another user's; set XDG_CACHE_HOME to a folder of your own."
  echo "$decision"
}

no_route() {
  die "there is no Bazel $version here, and no way to get one. Either" \
    "  - install Bazelisk (or Bazel $version) on a machine that reaches github.com, or" \
    "  - use Debian (x86-64), or Ubuntu with debian-archive-keyring and a Debian mirror in apt's sources." \
    "Then run the command again."
}

no_launcher() {
  die "BAZELW_ROUTE=github, but neither bazelisk nor bazel $version is on PATH." \
    "Install Bazelisk, or use BAZELW_ROUTE=debian."
}

bad_route() { die "BAZELW_ROUTE=$BAZELW_ROUTE is no route; it is github or debian (or unset)."; }

no_place() {
  die "Bazel reads no folder whose name has letters beyond ASCII: neither the checkout's, $(CDPATH='' cd -- "$root" && pwd -P), nor the cache's, $cache."
}

where() {
  echo "version: $version (.bazelversion)"
  echo "route:   $route${BAZELW_ROUTE:+ (forced by BAZELW_ROUTE)}"
  if [[ $route == github ]]; then
    echo "bazel:   $launcher"
  else
    local prefix
    prefix=$(debian_prefix)
    echo "bazel:   $prefix/usr/bin/bazel$([[ -x $prefix/usr/bin/bazel ]] || echo ' (not there yet: the first command fetches it)')"
    echo "packages: $prefix/packages.tsv"
  fi
  echo "To use another route once: BAZELW_ROUTE=github or BAZELW_ROUTE=debian before ./bazelw."
  echo "To decide anew (remembered in $memory): ./bazelw --reset-route"
}
