"""The head of the chain."""
