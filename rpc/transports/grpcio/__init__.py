"""grpcio's transport, with every work-around for it."""
