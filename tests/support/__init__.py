"""Shared code of this repository's own tests. Others need //testing, too."""
