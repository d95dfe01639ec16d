"""mypy over the workspace, with the generated code and the packages of this program."""

import os
import sys
from pathlib import Path

from mypy.__main__ import console_entry

from tools.lint.workspace import files_in, find_workspace

if __name__ == "__main__":
    workspace = find_workspace()
    os.environ["MYPYPATH"] = str(Path.cwd())
    os.chdir(workspace)
    files = files_in(workspace, "python")
    # A module is its stub where it has one, and mypy takes one of the two.
    stubbed = {file.with_suffix(".py") for file in files if file.suffix == ".pyi"}
    sys.argv += ["--cache-dir", os.devnull, *(str(file) for file in files if file not in stubbed)]
    console_entry()
