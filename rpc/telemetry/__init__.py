"""What is recorded of calls: log, metrics, traces."""
