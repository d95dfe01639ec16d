"""The services that a test has in its `data`, by name."""

from services.declarations import declarations
from testing.processes import runfile

SERVICES = declarations(runfile("services"))
