"""The same chain as a user would otherwise write it; each file is all three servers of one kind."""
