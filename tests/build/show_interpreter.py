"""Prints its interpreter and its arguments. `--exit CODE` first sets its exit code."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    assert os.environ["PYTHONNOUSERSITE"]
    print(Path(sys.executable).resolve())
    arguments = sys.argv[1:]
    code = 0
    if arguments[:1] == ["--exit"]:
        code, arguments = int(arguments[1]), arguments[2:]
    print(*arguments, sep="\n")
    sys.exit(code)
