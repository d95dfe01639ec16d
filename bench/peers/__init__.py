"""The same chain as a user would otherwise write it. Each file is all three servers of one kind."""
