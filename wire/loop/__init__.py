"""What `wire` adds to an event loop: batched writes and cheap deadlines."""
