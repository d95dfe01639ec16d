"""gRPC's protocol on top of HTTP/2, for both sides of a call.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
"""
