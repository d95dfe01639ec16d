#!/usr/bin/env bash
# What README.md here says of the cache, with its nginx.conf: after a build that fills it as CI does, a
# developer's build runs no process. Who has no token cannot write, and without nginx a build goes on.
set -euo pipefail
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}/../.."

# shellcheck source=tools/own_bazel/copy.sh
source tools/own_bazel/copy.sh
cache=$folder/cache
export REMOTE_CACHE_TOKEN=check-$RANDOM$RANDOM

main() {
  trap 'stop_cache; remove_copy' EXIT
  nginx=$(tools/remote_cache/get_nginx.sh)
  copy_checkout
  start_cache
  local filled taken writes alone

  expect_refusal
  filled=$(processes //... --remote_upload_local_results --credential_helper="127.0.0.1=$workspace/.ci/credentials")
  [[ $filled == *sandbox* ]] || fail "the first build ran no process: $filled"
  writes=$(count_writes)
  ((writes > 0)) || fail "the first build wrote nothing to the cache"

  taken=$(processes //...)
  [[ $taken =~ ^[0-9,]+' remote cache hit, '[0-9,]+' internal.'$ ]] ||
    fail "the second build ran processes that the cache should have had: $taken"
  [[ $(count_writes) == "$writes" ]] || fail "the second build, a developer's, wrote to the cache"

  stop_cache
  alone=$(processes //proto/...)
  [[ $alone == *sandbox* ]] || fail "without a cache a build ran no process: $alone"
  echo "the first build's processes: $filled"
  echo "the second build's processes: $taken"
}

# As README.md has it, on a free port. One process that stays who it is: a master that is root would make
# its workers another user.
start_cache() {
  mkdir -p "$cache/files"
  echo "\"PUT Bearer $REMOTE_CACHE_TOKEN\" 0;" >"$cache/writers.conf"
  for _ in {1..20}; do
    port=$((20000 + RANDOM % 10000))
    sed "s/127.0.0.1:9092/127.0.0.1:$port/" tools/remote_cache/nginx.conf >"$cache/nginx.conf"
    # It returns when it listens.
    "$nginx" -p "$cache" -c nginx.conf -e stderr -g "master_process off;" 2>"$cache/error.log" && return
  done
  fail "nginx does not start: $(tail -n 1 "$cache/error.log")"
}

stop_cache() {
  [[ ! -e $cache/nginx.pid ]] || kill "$(<"$cache/nginx.pid")" || true
}

expect_refusal() {
  local status
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'PUT /ac/%064d HTTP/1.0\r\nContent-Length: 1\r\n\r\nx' 0 >&3
  read -r status <&3
  exec 3>&-
  [[ $status == *" 403 "* ]] || fail "who has no token may write: $status"
}

# Builds targets over the cache, from nothing, and prints what Bazel says of the processes.
processes() {
  bazel clean 2>"$folder/log"
  bazel build --config=remote-cache --remote_cache="http://127.0.0.1:$port" "$@" 2>>"$folder/log" ||
    fail "$(tail -n 20 "$folder/log")"
  sed -n 's/.*INFO: [0-9,]* processes\?: //p' "$folder/log"
}

count_writes() { grep --count '^PUT 201 ' "$cache/access.log" || true; } # none is no failure of its own

fail() {
  echo "tools/remote_cache/check.sh: $1" >&2
  exit 1
}

main
