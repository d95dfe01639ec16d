"""HTTP/2 by RFC 9113: frames, streams, flow control and the limits on what a peer may do."""
