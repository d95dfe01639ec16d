"""The protoc plugin that writes `.pyi` files for gRPC stubs and servicers."""

from mypy_protobuf.main import grpc

if __name__ == "__main__":
    grpc()
