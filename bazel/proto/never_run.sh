#!/bin/sh
# In the place of rules_proto_grpc's fixer and merger: Rust programs for plugins whose outputs
# cannot be named beforehand. Python's can.
echo "python_grpc_library needs no fixer and no merger" >&2
exit 1
