"""The keys of this runtime's metadata."""

REQUEST_ID = "x-request-id"
"""A request's id. It is the same at every hop."""

TRACEPARENT = "traceparent"
"""W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header."""

TRACESTATE = "tracestate"
"""W3C Trace Context, https://www.w3.org/TR/trace-context/#tracestate-header."""

BAGGAGE = "baggage"
"""W3C Baggage, https://www.w3.org/TR/baggage/#baggage-http-header-format."""

STATUS_DETAILS = "grpc-status-details-bin"
"""Trailer with a serialised google.rpc.Status, as grpcio-status and grpc-go read it."""

RETRY_PUSHBACK = "grpc-retry-pushback-ms"
"""The server's trailer to steer its caller's retries (gRFC A6)."""

PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts"
"""The caller's metadata with its number of earlier attempts (gRFC A6)."""

NO_RETRY = "-1"
"""The pushback to forbid another attempt (gRFC A6)."""
