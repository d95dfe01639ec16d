"""The end of the chain."""
