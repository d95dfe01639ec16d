"""The version of everything in this repository."""

VERSION = "1.0.0"
