"""A server's life: composition, process, drain, health."""
