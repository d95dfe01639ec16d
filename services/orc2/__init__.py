"""The middle of the chain."""
