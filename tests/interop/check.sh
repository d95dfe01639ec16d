#!/usr/bin/env bash
# Whether a program of the Go implementation can stand at any hop: builds such programs on grpc-go, and
# runs the test over them.
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/../.."

go=$(tests/interop/get_go.sh)
folder=$(mktemp -d -p /var/tmp) # not below /tmp, which the sandbox hides
trap 'rm -rf "$folder"' EXIT

"$go" version
"$go" vet tests/interop/reference.go
"$go" build -o "$folder/reference" tests/interop/reference.go
./bazelw test //tests/interop:test_go --test_env=REFERENCE="$folder/reference" --test_output=all
