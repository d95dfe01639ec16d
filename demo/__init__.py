"""The demo: starts the chain, calls it, shows what happened at each hop, stops it."""
