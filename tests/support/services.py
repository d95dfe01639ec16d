"""The services in a test's `data`, by name."""

from services.declarations import declarations
from testing.runfiles import runfile

SERVICES = declarations(runfile("services"))
