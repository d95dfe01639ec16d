"""The gate over prose finds semicolons, long sentences and long test names, and nothing else."""

from pathlib import Path

import pytest

from tools.lint.prose import complaints, markdown_prose, python_prose

SHORT = "It serves at once. " * 20
LONG = " ".join(["word"] * 19) + "."


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (SHORT, []),
        (SHORT + "It waits; it ends.", ["1 semicolons in 84 words"]),
        (LONG, ["19.0 words a sentence"]),
        (f"{SHORT}\n\n- {LONG}", []),
        ("| a; b | c |\n|---|---|", ["1 semicolons in 3 words"]),
    ],
)
def test_a_page_is_measured(page: str, found: list[str]) -> None:
    assert list(markdown_prose(page).complaints()) == found


@pytest.mark.parametrize(
    "ignored",
    ["```sh\na; b\n```", "`a; b`", "[text](a;b)", "<!-- a; b -->", f"# {LONG}", f"| {LONG} |"],
)
def test_code_and_headings_are_no_prose(ignored: str) -> None:
    assert not list(markdown_prose(f"{ignored}\n\nIt serves.\n").complaints())


def test_list_items_are_sentences_of_their_own() -> None:
    items = "\n".join(f"- {' '.join(['word'] * 10)}" for _ in range(3))
    assert not list(markdown_prose(items).complaints())


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""Waits; ends."""', ["1 semicolons in 2 words"]),
        ("# Waits; ends.", ["1 semicolons in 3 words"]),
        ("x = 1; y = 2", []),
        (f'"""Waits.\n\nArgs:\n    a: {LONG}\n    b: ends.\n"""', []),
    ],
)
def test_docstrings_and_comments_are_measured(source: str, found: list[str]) -> None:
    assert list(python_prose(source).complaints()) == found


def test_files_of_a_folder_are_measured_together(tmp_path: Path) -> None:
    name = "test_" + "a" * 56
    (tmp_path / "long.py").write_text(f"def {name}() -> None: ...\n")
    (tmp_path / "page.md").write_text("It waits; it ends.\n")
    found = list(complaints(sorted(tmp_path.iterdir())))
    assert found == [
        f"{tmp_path / 'long.py'}: {name} has more than 60 characters",
        f"{tmp_path / 'page.md'}: 1 semicolons in 4 words",
    ]
