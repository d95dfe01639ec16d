"""No Starlark file disables the gate's warnings about rules removed from Bazel 9."""

from tools.lint.workspace import files_in, find_workspace

WORKSPACE = find_workspace()


def test_no_file_uses_a_native_rule() -> None:
    files = files_in(WORKSPACE, "starlark")
    assert len(files) > 30
    texts = {file: (WORKSPACE / file).read_text("utf-8") for file in files}
    assert not [file for file, text in texts.items() if "disable=native-" in text]
