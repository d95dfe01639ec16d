"""Simulates many callers and servers, fed with the figures of one."""
