#!/usr/bin/env bash
# What docs/deployment.md says of the image and of compose.yaml, done with the container engine that
# works here: builds the image, starts the chain, calls it, stops it. BASE names another base image;
# ENGINE, docker or podman, one that has to work.
set -euo pipefail
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}/.."

readonly project=orchestrator-check # not in the way of a chain that is in use
base=${BASE:-$(sed -n 's/^ARG BASE=//p' deploy/Containerfile)}

main() {
  choose_engine
  ./bazelw build --config=release //deploy/image
  "$engine" build --build-arg "BASE=$base" --tag orchestrator --file deploy/Containerfile \
    bazel-bin/deploy/image
  trap 'compose down' EXIT
  compose up --detach
  expect 'Got response:' 'name:"krithik" class:"7" roll:70' < <(call krithik)
  expect 'Got error:' 'rpc error: code = InvalidArgument .*' 'request id: .*' < <(call abc 2>&1)
  expect_clean_stop
  echo "the chain responds from containers, and stops with exit code 0"
}

# Ends the check where no engine works: in failure if ENGINE names one.
choose_engine() {
  for engine in ${ENGINE:-docker podman}; do
    case $engine in
      docker) composer=(docker compose) ;;
      podman) composer=(podman-compose) ;;
      *) echo "check.sh: ENGINE is docker or podman, not $engine" >&2 && exit 2 ;;
    esac
    runs_containers && return
  done
  echo "check.sh: no container can be run here from $base; nothing is checked." \
    "BASE=… names another base, ENGINE=… the engine that has to work" >&2
  [[ -n ${ENGINE:-} ]] && exit 1
  exit 0
}

# An engine may be installed, respond, and yet run nothing: where no registry is reached, or within a
# container that lacks rights.
runs_containers() {
  local reason
  reason=$({ "${composer[@]}" version && "$engine" run --rm --read-only "$base" true; } 2>&1 >/dev/null) && return
  printf 'check.sh: %s: %s\n' "$engine" "$reason" >&2
  return 1
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
  local containers servers codes
  mapfile -t containers < <("$engine" ps --quiet --filter "label=com.docker.compose.project=$project")
  servers=$(grep --count '<<: [*]server' deploy/compose.yaml)
  [[ ${#containers[@]} -eq $servers ]] ||
    { echo "check.sh: ${#containers[@]} containers run, not $servers" >&2 && return 1; }
  compose stop
  codes=$("$engine" inspect --format '{{.State.ExitCode}}' "${containers[@]}" | sort --unique)
  [[ $codes == 0 ]] || { echo "check.sh: a server stopped with exit code $codes" >&2 && return 1; }
}

main
