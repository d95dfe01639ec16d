#!/bin/sh
# rules_proto_grpc calls its coreutils toolchain as `BINARY cp FROM TO`.
exec "$@"
