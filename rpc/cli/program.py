"""A program's frame: a click command in, an exit code and at most one line of error out."""

import contextlib
import errno
import faulthandler
import os
import resource
import signal
import sys
from typing import Any, NoReturn, TextIO

from rpc.core.errors import StartupError, UsageError
from rpc.core.version import full_version

import click

EXIT_FAILED = 1
EXIT_WRONG_USAGE = 2
EXIT_INTERRUPTED = 128 + signal.SIGINT

_STDERR = 2
# An event loop and a connection take twelve. With fewer libuv ends the process without a reason.
_LEAST_OPEN_FILES = 32
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def context_settings(name: str) -> dict[str, Any]:
    """Settings for a program's click command: defaults and environment variables in the help.

    Args:
        name: what the program calls itself. Its environment variables begin with it.
    """
    return {"show_default": True, "auto_envvar_prefix": name.upper()}


def complete_help(name: str, command: click.Command) -> None:
    """Gives a program `--version`, and its help each option's environment variable."""
    for option in command.params:
        option.show_envvar = True  # type: ignore[attr-defined]
    command.params.append(_version_option(name))


def _version_option(name: str) -> click.Option:
    """`--version`. The version is not looked up before it is asked for."""

    def show(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
        if wanted and not context.resilient_parsing:
            click.echo(f"{name}, version {full_version()}")
            context.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        allow_from_autoenv=False,
        help="Show the version and exit.",
        callback=show,
    )


def run_program(name: str, command: click.Command) -> NoReturn:
    """Runs the command with the process's arguments, then ends the process.

    The exit code is 0, or the command's own from `sys.exit`. A `StartupError`, or an unwritable
    stdout, makes it 1. Wrong usage, as of a `UsageError`, makes it 2, and Ctrl-C 130. What every
    thread was doing is on stderr when a fatal signal (SIGSEGV, SIGABRT and the like) ends the
    process. Relative paths mean the caller's folder under `bazel run` too.

    Args:
        name: what the program calls itself.
        command: the program.
    """
    _fill_standard_descriptors()
    # A library that ends the process from C, as gRPC's core does, leaves its reason on stderr.
    faulthandler.enable(_STDERR)
    try:
        _require_open_files()
        _enter_callers_folder()
        command.main(prog_name=name, standalone_mode=False)
        sys.exit(0)
    except click.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        # Some of click's messages are sentences, with a full stop, and some are none.
        message = error.format_message().removesuffix(".")
        _fail(name, f"{message} (see {name} --help)", EXIT_WRONG_USAGE)
    except UsageError as error:
        _fail(name, str(error), EXIT_WRONG_USAGE)
    except StartupError as error:
        _fail(name, str(error), EXIT_FAILED)
    except OSError as error:
        # An unbuffered stream (PYTHONUNBUFFERED) has nothing left to be tried again.
        if error.errno not in _UNWRITABLE and _can_be_written(sys.stdout):
            raise
        _fail(name, f"cannot write to stdout: {error.strerror}", EXIT_FAILED)
    finally:
        _abandon_broken_streams()


def _require_open_files() -> None:
    """Looks whether the process may open as many files as it cannot do without.

    Raises:
        StartupError: it may not.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < _LEAST_OPEN_FILES:
        raise StartupError(
            f"the process may open {limit} files only: allow {_LEAST_OPEN_FILES} at least,"
            " and one for each connection (ulimit -n)"
        )


def _enter_callers_folder() -> None:
    """Goes back to the caller's folder: `bazel run` starts a program in a folder of its own.

    https://bazel.build/docs/user-manual#running-executables has the variable.

    Raises:
        StartupError: there is no such folder.
    """
    folder = os.environ.get("BUILD_WORKING_DIRECTORY")
    if not folder:
        return
    try:
        os.chdir(folder)
    except OSError as error:
        raise StartupError(
            f"cannot enter {folder}, which BUILD_WORKING_DIRECTORY names: {error.strerror}"
        ) from error


def _fill_standard_descriptors() -> None:
    """Points stdin, stdout and stderr at nowhere, where the program was started without them.

    Else the next socket would take the place, get what libraries write to stderr, and make libuv
    end the process.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(_STDERR, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _can_be_written(stream: TextIO | None) -> bool:
    """Whether a stream takes what is still to be written to it, such as what it refused before."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        return False
    return True


def _abandon_broken_streams() -> None:
    """Keeps the program's own exit code: over a full stream Python exits with 120."""
    if not _can_be_written(sys.stdout):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if not _can_be_written(sys.stderr):
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _fail(name: str, message: str, code: int) -> NoReturn:
    # A variable from a file with CRLF ends in a character that would show a terminal another line.
    from rpc.telemetry.log_lines import visible  # noqa: PLC0415  # a probe does without

    # Where stderr is a full disk, or its reader has gone, the code is all that can be told.
    with contextlib.suppress(OSError):
        print(f"{name}: {visible(message)}", file=sys.stderr)
    sys.exit(code)
