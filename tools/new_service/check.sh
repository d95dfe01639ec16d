#!/usr/bin/env bash
# What docs/adding-a-service.md says of a new service, done in a copy of this checkout: services of each kind,
# and one that calls another, pass the gates and their tests. Taken back, they leave nothing behind.
set -euo pipefail
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}/../.."

# shellcheck source=tools/own_bazel/copy.sh
source tools/own_bazel/copy.sh
names=(kind_unary kind_server_stream kind_client_stream kind_bidi caller)

main() {
  trap remove_copy EXIT
  copy_checkout
  cp -r "$workspace" "$folder/before"
  for kind in unary server_stream client_stream bidi; do
    new_service "kind_$kind" --kind "$kind"
  done
  new_service caller --upstream orc2
  bazel test //services/... //proto/... //tools/lint/... //tests/build:test_version \
    //tests/deploy:test_compose //tests/deploy:test_kubernetes //tests/deploy:test_written
  for name in "${names[@]}"; do new_service "$name" --remove; done
  diff --recursive --exclude='bazel-*' "$folder/before" "$workspace"
  echo "services of each kind pass, and are taken back without a trace"
}

new_service() { bazel run //tools:new_service -- "$@"; }

main
