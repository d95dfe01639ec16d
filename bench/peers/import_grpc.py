"""The least that any gRPC server in Python does before it can serve."""

import grpc  # noqa: F401  # that it is imported is all this program does
