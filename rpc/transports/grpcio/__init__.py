"""grpcio's transport, with every work-around for it. docs/grpcio.md has their register."""
