"""protoc is the one of this workspace, and all of it is an input of the actions that run it.

rules_proto_grpc in Debian falls back to /usr/bin/protoc in silence when no toolchain is registered,
and everywhere it hands its action protoc's start script alone, without what the script runs.
"""

import json
from pathlib import Path
from typing import TypedDict

import pytest


class _Action(TypedDict):
    arguments: list[str]
    command: str
    inputs: list[str]
    mnemonic: str


_ACTIONS: list[_Action] = json.loads(
    Path("tests/build/user_proto_actions.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    ("mnemonic", "count"),
    [("GenProtoDescriptorSet", 1), ("ProtoCompile", 4)],
)
def test_the_contract_has_one_action_per_kind_of_output(mnemonic: str, count: int) -> None:
    assert sum(action["mnemonic"] == mnemonic for action in _ACTIONS) == count


@pytest.mark.parametrize("action", _ACTIONS, ids=lambda action: action["mnemonic"])
class TestAction:
    def test_runs_our_protoc(self, action: _Action) -> None:
        assert action["command"].endswith("/bin/bazel/proto/protoc")

    def test_runs_again_when_any_part_of_protoc_changes(self, action: _Action) -> None:
        # The one entry by which Bazel names a program's whole runfiles tree among the inputs.
        assert any(path.endswith("bazel_Sproto_Sprotoc-runfiles") for path in action["inputs"])
