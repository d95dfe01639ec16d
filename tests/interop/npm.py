"""Runs npm with the command line's arguments."""

import os
import sys

from tests.interop.nodejs import NODE, NPM

os.execv(NODE, [*NPM, *sys.argv[1:]])  # noqa: S606
