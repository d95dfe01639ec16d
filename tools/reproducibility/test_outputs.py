"""What counts as a difference between the outputs of two builds."""

from pathlib import Path

import pytest

from tools.reproducibility.outputs import compare_outputs, read_outputs


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

    def compare(self) -> list[str]:
        outputs = [read_outputs(one / "bazel-out", one) for one in self.folders]
        return list(compare_outputs(*outputs))


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("bin/a/b.txt", "text", "text"),
        ("bin/a.runfiles_manifest", "a {}/a\nb {}/b", "a {}/a\nb {}/b"),
        ("volatile-status.txt", "1", "2"),
        ("_tmp/actions/stdout-1", "1", "2"),
    ],
)
def test_what_may_be_written(pair: Pair, name: str, first: str, second: str) -> None:
    pair.write(name, first, second)
    assert pair.compare() == []


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("bin/a/b.txt", "at 12:01", "at 12:02"),
        ("bin/a.runfiles_manifest", "a {}/a", "a {}/b"),
        ("bin/names_the_folder", "{}", "{}"),
        ("stable-status.txt", "1", "2"),
    ],
)
def test_other_bytes(pair: Pair, name: str, first: str, second: str) -> None:
    pair.write(name, first, second)
    (difference,) = pair.compare()
    assert difference.startswith(f"{name}: a file with SHA-256 ")


def test_a_file_that_only_one_build_has(pair: Pair) -> None:
    pair.write("bin/a", "", "")
    (pair.folders[1] / "bazel-out/bin/a").unlink()
    (difference,) = pair.compare()
    assert difference.endswith(", then nothing")


def test_a_file_that_only_one_build_can_execute(pair: Pair) -> None:
    pair.write("bin/a", "", "")
    (pair.folders[0] / "bazel-out/bin/a").chmod(0o700)
    (difference,) = pair.compare()
    assert difference.startswith("bin/a: a program with ")
    assert ", then a file with " in difference


def test_permissions_of_others_do_not_count(pair: Pair) -> None:
    pair.write("bin/a", "", "")
    (pair.folders[0] / "bazel-out/bin/a").chmod(0o640)
    assert pair.compare() == []


def test_a_link_into_the_folder_is_not_entered(pair: Pair) -> None:
    pair.write("b/c", "", "")
    pair.link("a", "{}/bazel-out/b", "{}/bazel-out/b")
    assert pair.compare() == []
    assert set(read_outputs(pair.folders[0] / "bazel-out", pair.folders[0])) == {"a", "b/c"}


def test_a_link_to_another_file(pair: Pair) -> None:
    pair.link("a", "{}/a", "{}/b")
    assert pair.compare() == ["a: a link to FOLDER/a, then a link to FOLDER/b"]
