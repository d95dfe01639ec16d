#!/usr/bin/env bash
# Builds the chain in Go (reference.go) as FILE.
set -euo pipefail
file=$(realpath -m -- "${1:?is the FILE to build}")
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}"

go=$(./get_go.sh)
"$go" version
"$go" vet reference.go
"$go" build -o "$file" reference.go
