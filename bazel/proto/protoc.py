"""protoc of the grpcio-tools wheel, with its gRPC plugin for Python built in."""

import sys

from grpc_tools import protoc

if __name__ == "__main__":
    sys.exit(protoc.main(sys.argv))
