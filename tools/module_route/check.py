"""Looks at the route of modules: `./bazelw run //tools/module_route`.

Without a registry it compares what MODULE.bazel and WORKSPACE both say. With one, Bazel builds and
tests by modules from there.
"""

import os
import subprocess
import sys
from pathlib import Path

import click

from tools.module_route.agreement import Routes, disagreements


@click.command(name="check", context_settings={"ignore_unknown_options": True})
@click.option(
    "--registry",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="Folder that is a registry of modules, as Bazel's --registry=file:// reads it.",
)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def main(*, registry: Path | None, flags: tuple[str, ...]) -> None:
    """Compare the routes. With --registry also build and test //... there. FLAGS are Bazel's."""
    checkout = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    found = list(disagreements(_routes(checkout)))
    if found:
        sys.exit("\n".join(found))
    print("MODULE.bazel and WORKSPACE agree")
    if registry:
        bazel = [
            str(checkout / "bazelw"),
            "test",
            "--config=bzlmod",
            f"--registry=file://{registry}",
        ]
        sys.exit(subprocess.call([*bazel, *flags, "//..."], cwd=checkout))  # noqa: S603


def _routes(checkout: Path) -> Routes:
    names = ("MODULE.bazel", "WORKSPACE", "bazel/python/versions.bzl")
    module, workspace, cpython = (checkout.joinpath(name).read_text("utf-8") for name in names)
    return Routes(module, workspace, cpython)


if __name__ == "__main__":
    main()
