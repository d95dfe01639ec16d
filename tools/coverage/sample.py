"""A program with a known line that is run by one argument only."""

import sys
import time

if sys.argv[1] == "first":
    print("first")
else:
    print("second")
if sys.argv[1] == "neither":
    print("this line is never run")
if sys.argv[1] == "waits":
    print("waiting", flush=True)
    while True:  # a signal that comes before the sleep would not end a longer one
        time.sleep(0.01)
