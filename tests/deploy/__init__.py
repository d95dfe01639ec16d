"""Tests of //deploy: the image's layers, and what its files tell containers to run."""
