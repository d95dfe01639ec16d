#!/usr/bin/env bash
# `check.sh [PICTURE]`: whether Debian's Prometheus takes the files of this folder, and sees with them what
# a running chain does, on each transport. Writes a picture of the dashboard's panels where one is wanted.
set -euo pipefail
picture=${1:+$(realpath "$1")}
CDPATH='' cd -- "${BASH_SOURCE[0]%/*}/../.."

prometheus=$(deploy/observability/get_prometheus.sh)
./bazelw test --test_timeout=300 //tests/deploy:test_prometheus //tests/deploy:test_prometheus_wire \
  --test_env=PROMETHEUS="$prometheus" --test_output=errors --nozip_undeclared_test_outputs
[[ -z $picture ]] ||
  ./bazelw run //bench:panels -- bazel-testlogs/tests/deploy/test_prometheus/test.outputs/panels.json "$picture"
