"""What `wire` adds to an event loop: batched writes, cheap deadlines, a warning when it lags."""
