"""The transport of `wire`: gRPC over HTTP/2 on the event loop."""
