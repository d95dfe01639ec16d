"""The three servers: each file is a servicer and its main."""
