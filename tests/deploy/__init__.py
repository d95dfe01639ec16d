"""Tests of //deploy: the image's layers, and the containers' commands."""
