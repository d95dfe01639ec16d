"""Tests of //tools/new_service."""
