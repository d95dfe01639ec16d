"""No file of Starlark asks the gate to look away from rules that Bazel 9 has no more."""

from tools.lint.workspace import files_in, find_workspace

WORKSPACE = find_workspace()


def test_no_file_uses_a_native_rule() -> None:
    files = files_in(WORKSPACE, "starlark")
    assert len(files) > 30
    texts = {file: (WORKSPACE / file).read_text("utf-8") for file in files}
    assert not [file for file, text in texts.items() if "disable=native-" in text]
