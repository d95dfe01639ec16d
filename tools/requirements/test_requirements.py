"""requirements.txt fulfils requirements.in, and BUILD files use its packages."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.lint.workspace import files_in, find_workspace

# mypy and its inputs: //tools/lint:mypy takes all packages.
_FOR_MYPY = re.compile(r"mypy|types-.*")
_FIX = "; lock again: ./bazelw run //:requirements.update"


@dataclass(frozen=True)
class _Pin:
    """One package of the lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]
    wanted_by: frozenset[str]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)


def _asked() -> dict[str, Requirement]:
    lines = Path("requirements.in").read_text(encoding="utf-8").splitlines()
    stripped = (line.partition("#")[0].strip() for line in lines)
    found = [Requirement(line) for line in stripped if line and not line.startswith("--")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def _pin(block: str) -> _Pin:
    comment = " ".join(re.findall(r"^    #(.*)$", block, re.MULTILINE)).replace("via", "")
    return _Pin(
        requirement=Requirement(block.split(maxsplit=1)[0]),
        hashes=tuple(re.findall(r"--hash=(\S+)", block)),
        wanted_by=frozenset(comment.replace("-r ", "").split()),
    )


def _locked() -> dict[str, _Pin]:
    text = Path("requirements.txt").read_text(encoding="utf-8")
    blocks = re.findall(r"^[A-Za-z0-9].*\n(?:^ +.*\n?)*", text, re.MULTILINE)
    return {pin.name: pin for pin in map(_pin, blocks)}


_ASKED = _asked()
_LOCKED = _locked()


def _used() -> set[str]:
    """The packages in BUILD and .bzl files, by pip's name or by Bazel's."""
    workspace = find_workspace()
    files = files_in(workspace, "starlark")
    text = "".join((workspace / file).read_text(encoding="utf-8") for file in files)
    names = re.findall(r'\brequirement\("([^"]+)"\)|@pypi_(\w+)//', text)
    return {canonicalize_name(one or other) for one, other in names}


def _parametrized_pins() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("pin", _LOCKED.values(), ids=lambda pin: pin.name)


def test_there_is_something_to_compare() -> None:
    assert len(_ASKED) > 1
    assert len(_LOCKED) >= len(_ASKED)


@pytest.mark.parametrize("name", _ASKED)
def test_what_is_asked_for_is_locked_at_a_version_that_fits(name: str) -> None:
    assert name in _LOCKED, f"{name} is not locked{_FIX}"
    (pinned,) = _LOCKED[name].requirement.specifier
    assert _ASKED[name].specifier.contains(pinned.version, prereleases=True), _FIX


def test_what_is_used_is_asked_for() -> None:
    missing = _used() - _ASKED.keys()
    assert not missing, f"add to requirements.in{_FIX}"


def test_what_is_asked_for_is_used() -> None:
    unused = {name for name in _ASKED if not _FOR_MYPY.fullmatch(name)} - _used()
    assert not unused, f"name in a target by requirement(…), or take out of requirements.in{_FIX}"


@_parametrized_pins()
def test_a_pin_is_exact(pin: _Pin) -> None:
    (specifier,) = pin.requirement.specifier
    assert specifier.operator == "=="


@_parametrized_pins()
def test_a_pin_has_hashes(pin: _Pin) -> None:
    assert pin.hashes
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in pin.hashes)


@_parametrized_pins()
def test_a_pin_is_there_because_something_wants_it(pin: _Pin) -> None:
    assert pin.wanted_by
    for name in pin.wanted_by:
        if name == "requirements.in":
            assert pin.name in _ASKED, f"requirements.in no longer asks for {pin.name}{_FIX}"
        else:
            assert canonicalize_name(name) in _LOCKED, f"{name} is locked no longer{_FIX}"


def test_wheels_only_and_no_address_of_any_index() -> None:
    options = re.findall(r"^--.*$", Path("requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert options == ["--only-binary :all:"]
