#!/usr/bin/env bash
# Whether programs of other implementations can stand beside ours. Go's stand at any hop, Node.js'
# before the first: it builds the ones on grpc-go, installs the libraries of the others, and runs
# the tests over them.
set -euo pipefail
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}/../.."

main() {
  folder=$(mktemp -d -p /var/tmp) # not below /tmp, which the sandbox hides
  trap 'rm -rf "$folder"' EXIT
  tests/interop/build_go.sh "$folder/reference"
  install_node
  ./bazelw test //tests/interop/... --test_output=all \
    --test_env=REFERENCE="$folder/reference" --test_env=NODE_PROGRAM="$folder/node/load.js"
}

# The lock file has a hash of each package, and npm asks the registry of the user's configuration.
install_node() {
  cp -r tests/interop/node "$folder/node"
  ./bazelw run //tests/interop:npm -- ci --ignore-scripts --no-audit --no-fund --prefix "$folder/node" || {
    echo "npm cannot install tests/interop/node: does this machine reach the registry of its ~/.npmrc?" >&2
    return 1
  }
}

main
