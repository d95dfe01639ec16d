#!/usr/bin/env bash
# What docs/deployment.md says of the image and of compose.yaml, done with the container engine that
# is here: builds the image, starts the chain, calls it, stops it. BASE names another base image.
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."

readonly project=orchestrator-check # not in the way of a chain that is in use

main() {
  choose_engine || {
    echo "check.sh: neither Docker with compose nor Podman with podman-compose works here; nothing is checked" >&2
    exit 0
  }
  ./bazelw build --config=release //deploy/image
  build_image || {
    echo "check.sh: no image; where no registry is reached, name a base that this machine has: BASE=…" >&2
    exit 1
  }
  trap 'compose down' EXIT
  compose up --detach
  expect 'Got response:' 'name:"krithik" class:"7" roll:70' < <(call krithik)
  expect 'Got error:' 'rpc error: code = InvalidArgument .*' 'request id: .*' < <(call abc 2>&1)
  expect_clean_stop
  echo "the chain answers from containers, and stops with exit code 0"
}

choose_engine() {
  if docker info && docker compose version; then
    engine=docker composer=(docker compose)
  elif podman info && podman-compose --version; then
    engine=podman composer=(podman-compose)
  else
    return 1
  fi >/dev/null 2>&1
}

build_image() {
  "$engine" build ${BASE:+--build-arg "BASE=$BASE"} --tag orchestrator \
    --file deploy/Containerfile bazel-bin/deploy/image
}

compose() { "${composer[@]}" --project-name "$project" --file deploy/compose.yaml "$@"; }

# From within orc1's container, whose read-only file system the client has too. It waits until the
# chain serves.
call() { compose exec -T orc1 client --timeout 60 --name "$1" || true; }

# Fails unless the lines on stdin are as the patterns say. Podman-compose mixes its own into them.
expect() {
  local output pattern
  output=$(cat)
  for pattern in "$@"; do
    grep --quiet --line-regexp --regexp="$pattern" <<<"$output" && continue
    printf 'check.sh: no line is as %s in the output:\n%s\n' "$pattern" "$output" >&2
    return 1
  done
}

expect_clean_stop() {
  local containers codes
  mapfile -t containers < <("$engine" ps --quiet --filter "label=com.docker.compose.project=$project")
  [[ ${#containers[@]} -eq 3 ]] || { echo "check.sh: ${#containers[@]} containers run, not 3" >&2 && return 1; }
  compose stop
  codes=$("$engine" inspect --format '{{.State.ExitCode}}' "${containers[@]}" | sort --unique)
  [[ $codes == 0 ]] || { echo "check.sh: a server stopped with exit code $codes" >&2 && return 1; }
}

main
