"""The least work of any gRPC server in Python before it can serve."""

import grpc  # noqa: F401  # that it is imported is all this program does
