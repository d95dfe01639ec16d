"""Prepares the environment for gRPC. Imported for its effect, by every program, before gRPC.

gRPC reads its environment once, when it is loaded: afterwards this comes too late, and says so.
Prometheus' client reads its own then, too.
"""

import os
import sys
import warnings

if "grpc" in sys.modules and "GRPC_VERBOSITY" not in os.environ:
    warnings.warn(
        "grpc is loaded already and has read its environment: import rpc.service before it",
        RuntimeWarning,
        stacklevel=2,
    )

# gRPC's own poller in place of its EventEngine: with grpc.aio it costs a quarter less CPU a call
# (docs/performance.md has the figures). Whoever sets the variable decides otherwise.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client,-event_engine_listener")

# gRPC's core writes lines of its own to stderr, between those of the log and in no format of
# ours. What they say of a call is in its status too. Those of errors stay: they are few, and the
# last one before the core ends the process is its reason (docs/grpcio.md, "Last words").
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

# It is for the workers of one server, as gunicorn's. Here servers with the same environment would
# share metrics, and process 1 of a container would go on with those of an earlier one.
for _name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
    os.environ.pop(_name, None)
