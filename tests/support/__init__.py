"""Code shared by this repository's own tests. //testing holds the code of use to others."""
