"""What a service may be called."""

import builtins
import keyword
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tools.new_service.refusal import RefusalError

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

# So that no line of the code that names the service twice is too long.
_LONGEST = 20

# Targets of each service's package and of //services, objects of a namespace that are no server's,
# this machine, a file of pytest's, OpenTelemetry's variables, and what an attribute or a parameter
# of a servicer or a class of its file means otherwise.
_TAKEN = {
    "all",
    "async_iterator",
    "conftest",
    "declarations",
    "default",
    "libraries",
    "library",
    "localhost",
    "names_and_metrics",
    "nobody",
    "otel",
    "package",
    "respond",
    "self",
    "service",
    "services",
    "stopping",
    "upstream",
}

# What YAML 1.1 reads as something else than a text, https://yaml.org/type/bool.html and null.html:
# Kubernetes' reader does.
_NO_TEXT_IN_YAML = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}


def check_name(name: str, workspace: Path) -> None:
    """Takes the name of a service to add.

    Raises:
        RefusalError: it cannot be one, or something else has it.
    """
    is_word = name in _NO_TEXT_IN_YAML or keyword.iskeyword(name) or keyword.iskeyword(name.title())
    if not _NAME.fullmatch(name) or is_word or len(name) > _LONGEST:
        raise RefusalError(
            f"{name!r} is no name for a service: small letters, digits and single underscores,"
            f" a letter first, at most {_LONGEST} characters, no word of Python or YAML"
        )
    # A caller's servicer has a parameter of the name. Git leaves out what protoc generates.
    if (
        name in _TAKEN | set(dir(builtins))
        or name.startswith("test_")
        or name.endswith(("_client", "_pb2", "_pb2_grpc"))
    ):
        raise RefusalError(f"{name!r} is the name of something else here: choose another")
    if (workspace / "services" / name).exists():
        raise RefusalError(f"there is a service {name} already: services/{name}")
    for folder in ("proto", "deploy/kubernetes"):
        _check_free(workspace / folder, name)
    # The folder of a program is on its import path: its file would be found in place of the module.
    if (workspace / name).exists() or name in sys.stdlib_module_names | _packages(workspace):
        raise RefusalError(f"a Python module is called {name!r} already: choose another name")


def _packages(workspace: Path) -> set[str]:
    """Names of modules of this program's packages, and of all locked packages."""
    locked = (workspace / "requirements.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([\w.-]+)==", locked, re.MULTILINE)
    first_words = {re.split(r"[-._]", package)[0] for package in names}
    whole = {re.sub(r"[-.]", "_", package) for package in names}
    return first_words | whole | set(packages_distributions())


def _check_free(folder: Path, name: str) -> None:
    stems = {name, name.replace("_", "-")}
    for path in sorted(folder.glob("*")):
        if path.stem in stems:
            raise RefusalError(f"{path} is there already: choose another name")
