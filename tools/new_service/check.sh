#!/usr/bin/env bash
# What docs/adding-a-service.md says of a new service, done in a copy of this checkout: services of each kind,
# and one that calls another, pass the gates and their tests. Taken back, they leave nothing behind.
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/../.."

folder=$(mktemp -d -p /var/tmp) # not below /tmp, which the sandbox hides
workspace=$folder/workspace
names=(kind_unary kind_server_stream kind_client_stream kind_bidi caller)

main() {
  trap 'bazel clean --expunge; rm -rf "$folder"' EXIT
  copy_checkout
  copy_fetched
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

# What git does not ignore. A file that is deleted is listed, too.
copy_checkout() {
  mkdir "$workspace"
  git ls-files -z --cached --others --exclude-standard |
    tar --null --files-from=- --ignore-failed-read --create | tar --extract --directory "$workspace"
}

# Fetching all packages anew would be most of the check's time.
copy_fetched() {
  mkdir "$folder/output"
  cp -a "$(./bazelw info output_base)/external" "$folder/output"
}

new_service() { bazel run //tools:new_service -- "$@"; }

bazel() { (cd "$workspace" && ./bazelw --output_base="$folder/output" "$@"); }

main
