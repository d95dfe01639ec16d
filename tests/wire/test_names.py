"""The public names of `wire`, in a process with no other import of it."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import wire

if TYPE_CHECKING:
    import grpc

_ALL = "import wire; print(*[callable(getattr(wire, name)) for name in wire.__all__])"


def _run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_every_name_is_there() -> None:
    assert set(_run(_ALL).split()) == {"True"}


def test_type_checkers_see_the_same_names() -> None:
    stub = ast.parse(Path(wire.__file__).with_name("__init__.pyi").read_bytes())
    seen = [alias.asname for node in stub.body for alias in getattr(node, "names", ())]
    assert sorted(map(str, seen)) == sorted(vars(wire)["__all__"])


@pytest.mark.parametrize("name", ["server", "channel"])
def test_a_function_stays_one_when_its_package_is_imported(name: str) -> None:
    assert _run(f"import wire, wire.{name}; print(callable(wire.{name}))") == "True"
    assert _run(f"from wire import {name}; print(callable({name}))") == "True"
    assert _run(f"from wire.{name} import {name}; import wire; print(callable(wire.{name}))") == (
        "True"
    )


def test_the_server_does_not_load_the_channel() -> None:
    loaded = "[name for name in sys.modules if name.startswith('wire.channel')]"
    assert _run(f"import sys; from wire import server; print({loaded})") == "[]"


def test_what_it_has_not_is_said() -> None:
    program = "import wire\ntry: wire.other\nexcept AttributeError as error: print(error)"
    assert _run(program) == "module 'wire' has no attribute 'other'"


async def test_a_type_checker_knows_the_functions() -> None:
    # What the gate mypy says of these lines is the test. At run time they need not do much.
    server: wire.Server = wire.server(limits=wire.Limits())
    of_grpc: grpc.aio.Server = server
    channel: wire.Channel = wire.channel("ipv4:127.0.0.1:1")
    await channel.close()
    await of_grpc.stop(None)
