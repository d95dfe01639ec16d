"""A program with a known line that is run by one argument only."""

import sys

if sys.argv[1] == "first":
    print("first")
else:
    print("second")
if sys.argv[1] == "neither":
    print("this line is never run")
