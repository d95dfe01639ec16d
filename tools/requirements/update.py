"""Locks requirements.in in requirements.txt, with hashes: `./bazelw run //:requirements.update`.

Versions that still fit stay as they are. `-- --upgrade` takes the newest of all of them,
`-- --upgrade-package NAME` of one. Further arguments are pip-compile's. Packages come from
wherever pip's own configuration says.
"""

import os
import subprocess
import sys
from pathlib import Path

_OPTIONS = [
    "--quiet",
    "--generate-hashes",
    "--strip-extras",
    # pip and setuptools are locked like all others.
    "--allow-unsafe",
    # The machine decides where packages come from.
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
]

# The command in the head of requirements.txt. Renovate (.github/renovate.json) runs it, and
# supports only pip-compile with these options.
_HEADER = (
    "pip-compile --allow-unsafe --generate-hashes --no-emit-index-url"
    " --output-file=requirements.txt --strip-extras requirements.in"
)


def main() -> int:
    """Runs pip-compile in the workspace of `bazel run`."""
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        print("start it with ./bazelw run //:requirements.update", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "piptools", "compile", *_OPTIONS, *sys.argv[1:]]
    environment = os.environ | {"CUSTOM_COMPILE_COMMAND": _HEADER}
    return subprocess.run(  # noqa: S603 (no shell, the arguments are the caller's)
        [*command, "--output-file=requirements.txt", "requirements.in"],
        cwd=Path(workspace),
        env=environment,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
