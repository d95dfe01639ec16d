"""A program with a known line that is run by one argument only."""

import signal
import sys

if sys.argv[1] == "first":
    print("first")
else:
    print("second")
if sys.argv[1] == "neither":
    print("this line is never run")
if sys.argv[1] == "waits":
    print("waiting", flush=True)
    signal.pause()
