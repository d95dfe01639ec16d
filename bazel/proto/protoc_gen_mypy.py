"""The protoc plugin that writes `.pyi` files for messages."""

from mypy_protobuf.main import main

if __name__ == "__main__":
    main()
