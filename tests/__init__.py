"""Tests: unit/ in one process, integration/ and resilience/ on the real programs."""
