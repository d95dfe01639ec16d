"""The services that a test has in its `data`, by name."""

from services.declarations import declarations
from testing.runfiles import runfile

SERVICES = declarations(runfile("services"))
