"""A contract with all four kinds of RPC, and servers of it."""
