"""Links between the pages lead to existing files and headings."""

import os
import re
from pathlib import Path

import pytest

from tools.lint.workspace import files_in, find_workspace

WORKSPACE = find_workspace()
PAGES = [path for path in files_in(WORKSPACE, "other") if path.suffix == ".md"]
FENCED = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def text_of(page: Path) -> str:
    return FENCED.sub("", (WORKSPACE / page).read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """GitHub's anchors for a page's headings."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", name).lower().replace(" ", "-") for name in headings}


def test_the_pages_are_here() -> None:
    assert {Path("README.md"), Path("docs/builds.md"), Path("CONTRIBUTING.md")} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(text_of(page)):
        target = Path(os.path.normpath(page.parent / path)) if path else page
        assert (WORKSPACE / target).is_file(), f"{page} links to {path}"
        if anchor:
            assert anchor in anchors_of(target), f"{page} links to {path}#{anchor}"
