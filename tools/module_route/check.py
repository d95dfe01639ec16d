"""Looks at the route of modules: `./bazelw run //tools/module_route`.

Without a registry it compares what MODULE.bazel and WORKSPACE both say. With one, Bazel of the
checkout builds and tests by modules from there.
"""

import os
import sys
import tempfile
from pathlib import Path

import click

from tools.module_route.agreement import Routes, disagreements
from tools.own_bazel.bazel import BazelError, OwnBazel, own_bazel


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
        with tempfile.TemporaryDirectory(prefix="module-route-", dir="/var/tmp") as folder:
            try:
                with own_bazel(checkout, Path(folder)) as bazel:
                    _build_and_test(bazel, [f"--registry=file://{registry}", *flags])
            except BazelError as error:
                raise click.ClickException(str(error)) from error


def _routes(checkout: Path) -> Routes:
    names = ("MODULE.bazel", "WORKSPACE", "bazel/python/versions.bzl")
    module, workspace, cpython = (checkout.joinpath(name).read_text("utf-8") for name in names)
    return Routes(module, workspace, cpython)


def _build_and_test(bazel: OwnBazel, flags: list[str]) -> None:
    for command in ("build", "test"):
        done = bazel.check(command, "--config=bzlmod", *flags, "//...")
        print(done.stdout + "\n".join(done.stderr.splitlines()[-5:]), flush=True)


if __name__ == "__main__":
    main()
