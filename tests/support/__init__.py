"""Shared code of this repository's own tests. //testing is for others, too."""
