"""What counts as a difference between the outputs of two builds."""

from pathlib import Path

import pytest

from tools.reproducibility.allowed import ALLOWED
from tools.reproducibility.outputs import Outputs, Result, compare_outputs


class Pair:
    """Two builds in folders of different names."""

    def __init__(self, folder: Path) -> None:
        self.folders = [folder / "first", folder / "the/second"]
        for one in self.folders:
            (one / "bazel-out").mkdir(parents=True)

    def write(self, name: str, first: str, second: str) -> None:
        """Writes a file in both. `{}` in a text stands for the build's folder."""
        for folder, text in zip(self.folders, [first, second], strict=True):
            path = folder / "bazel-out" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{}", str(folder)), encoding="utf-8")

    def link(self, name: str, first: str, second: str) -> None:
        for folder, target in zip(self.folders, [first, second], strict=True):
            (folder / "bazel-out" / name).symlink_to(target.replace("{}", str(folder)))

    def compare(self) -> Result:
        return compare_outputs(*(Outputs(one / "bazel-out", one) for one in self.folders))


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_the_same_bytes(pair: Pair) -> None:
    pair.write("bin/a/b.txt", "text", "text")
    result = pair.compare()
    assert (result.compared, result.allowed.total(), result.differences) == (1, 0, [])


def test_other_bytes(pair: Pair) -> None:
    pair.write("bin/a/b.txt", "at 12:01", "at 12:02")
    assert pair.compare().differences == ["bin/a/b.txt: the file has another content"]


def test_a_file_that_only_one_build_has(pair: Pair) -> None:
    pair.write("bin/a", "", "")
    (pair.folders[1] / "bazel-out/bin/a").unlink()
    assert pair.compare().differences == ["bin/a: a file, then nothing"]


def test_a_file_that_only_one_build_can_execute(pair: Pair) -> None:
    pair.write("bin/a", "", "")
    (pair.folders[0] / "bazel-out/bin/a").chmod(0o700)
    assert pair.compare().differences == ["bin/a: a program, then a file"]


def test_permissions_of_others_do_not_count(pair: Pair) -> None:
    pair.write("bin/a", "", "")
    (pair.folders[0] / "bazel-out/bin/a").chmod(0o640)
    assert pair.compare().differences == []


def test_the_folder_in_an_ordinary_file(pair: Pair) -> None:
    pair.write("bin/a", "{}", "{}")
    assert pair.compare().differences == ["bin/a: the file has another content"]


def test_a_manifest_may_name_the_folder(pair: Pair) -> None:
    pair.write("bin/a.runfiles_manifest", "a {}/a\nb {}/b", "a {}/a\nb {}/b")
    result = pair.compare()
    assert (result.allowed.total(), result.differences) == (1, [])


def test_a_manifest_may_not_name_another_file(pair: Pair) -> None:
    pair.write("bin/a.runfiles_manifest", "a {}/a", "a {}/b")
    assert pair.compare().differences == ["bin/a.runfiles_manifest: the file has another content"]


def test_a_link_into_the_folder(pair: Pair) -> None:
    pair.link("a", "{}/a", "{}/a")
    result = pair.compare()
    assert (result.allowed.total(), result.differences) == (1, [])


def test_a_link_to_another_file(pair: Pair) -> None:
    pair.link("a", "{}/a", "{}/b")
    assert pair.compare().differences == ["a: the link leads elsewhere"]


def test_a_folder_is_not_entered_by_a_link(pair: Pair) -> None:
    pair.write("b/c", "", "")
    pair.link("a", "{}/bazel-out/b", "{}/bazel-out/b")
    assert pair.compare().compared == 2


def test_the_time_of_the_build(pair: Pair) -> None:
    pair.write("volatile-status.txt", "1", "2")
    pair.write("stable-status.txt", "1", "2")
    assert pair.compare().differences == ["stable-status.txt: the file has another content"]


def test_what_actions_print_is_no_output(pair: Pair) -> None:
    pair.write("_tmp/actions/stdout-1", "1", "2")
    assert pair.compare().compared == 0


def test_each_allowance_has_a_reason() -> None:
    assert all(len(allowance.reason.split()) > 3 for allowance in ALLOWED)
