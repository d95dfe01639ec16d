"""A python_grpc_library with protoc's own arguments."""

import json
from pathlib import Path


def test_each_action_has_them() -> None:
    text = Path("tests/build/protos/extra_protoc_args_actions.json").read_text(encoding="utf-8")
    compiling = [action for action in json.loads(text) if action["mnemonic"] == "ProtoCompile"]
    assert len(compiling) == 4
    assert all("--fatal_warnings" in action["arguments"] for action in compiling)
