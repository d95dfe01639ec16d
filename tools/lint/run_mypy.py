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
    sys.argv += ["--cache-dir", os.devnull, *map(str, files_in(workspace, "python"))]
    console_entry()
