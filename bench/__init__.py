"""Benchmarks: how fast the chain is against what a user would pick instead, as ratios."""
