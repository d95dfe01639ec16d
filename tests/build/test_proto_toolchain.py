"""protoc comes from this workspace, and the actions have all of it as inputs.

rules_proto_grpc in Debian silently falls back to /usr/bin/protoc without a registered toolchain.
Everywhere it hands its action only protoc's start script, without the script's own files.
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
        # The one entry of a program's whole runfiles tree among an action's inputs.
        assert any(path.endswith("bazel_Sproto_Sprotoc-runfiles") for path in action["inputs"])
