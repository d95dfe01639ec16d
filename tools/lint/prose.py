"""Checks the prose of the workspace: Markdown pages, docstrings, comments and test names.

Short sentences without semicolons are read faster. The limits are those of well-written projects of
this kind. A page is measured by itself, Python files by their top folder.
"""

import ast
import inspect
import io
import os
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from tools.lint.workspace import files_in, find_workspace

_MAX_SEMICOLONS_PER_100_WORDS = 0.3
_MAX_WORDS_PER_SENTENCE = 18
_MAX_TEST_NAME = 60

_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_MARKDOWN_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TABLE_RULE = re.compile(r"\|[-|: ]+\|")
_CODE = re.compile(r"`[^`]*`")
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_BLOCK_END = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)")
_ARGUMENT = re.compile(r"\n\s*\n|\n(?=\s*[*\w]+: )")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(slots=True)
class Prose:
    """Texts measured together.

    Attributes:
        sentences: paragraphs and list items. Their sentences count.
        fragments: table cells and comments. Only their semicolons count.
    """

    sentences: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)

    def add(self, other: "Prose") -> None:
        """Measures another one's texts with these."""
        self.sentences += other.sentences
        self.fragments += other.fragments

    def complaints(self) -> Iterator[str]:
        """What is past a limit, in words."""
        texts = [_without_code(text) for text in self.sentences + self.fragments]
        words = sum(len(text.split()) for text in texts)
        semicolons = sum(text.count(";") for text in texts)
        if semicolons * 100 > words * _MAX_SEMICOLONS_PER_100_WORDS:
            yield f"{semicolons} semicolons in {words} words"
        sentences = [sentence for text in self.sentences for sentence in _sentences(text)]
        words = sum(len(sentence.split()) for sentence in sentences)
        if words > len(sentences) * _MAX_WORDS_PER_SENTENCE:
            yield f"{words / len(sentences):.1f} words a sentence"


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(_without_code(text)) if re.search(r"\w", part)]


def _without_code(text: str) -> str:
    return _LINK_TARGET.sub("]", _CODE.sub("code", " ".join(text.split())))


def markdown_prose(page: str) -> Prose:
    """The prose of a Markdown page, without its headings and code."""
    prose = Prose()
    for block in _BLOCK_END.split(_MARKDOWN_COMMENT.sub("", _FENCED.sub("\n\n", page))):
        lines = block.strip().splitlines()
        cells = [line for line in lines if line.startswith("|")]
        text = [line for line in lines if not line.startswith(("|", "#"))]
        prose.fragments += [
            cell for line in cells if not _TABLE_RULE.fullmatch(line) for cell in line.split("|")
        ]
        if text:
            prose.sentences.append("\n".join(text))
    return prose


def python_prose(source: str) -> Prose:
    """The docstrings and comments of a Python file."""
    prose = Prose()
    for node in ast.walk(ast.parse(source)):
        # A module's, class's or function's docstring, or the one below an attribute.
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.sentences += _ARGUMENT.split(inspect.cleandoc(str(node.value.value)))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            prose.fragments.append(token.string)
    return prose


def long_test_names(source: str) -> Iterator[str]:
    """Names of tests too long to be read in a report."""
    for node in ast.walk(ast.parse(source)):
        name = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ""
        if name.startswith("test_") and len(name) > _MAX_TEST_NAME:
            yield name


def complaints(files: Iterable[Path]) -> Iterator[str]:
    """What is wrong with the prose of files, a line each."""
    measured: defaultdict[str, Prose] = defaultdict(Prose)
    for file in files:
        if file.suffix == ".md":
            measured[str(file)].add(markdown_prose(file.read_text("utf-8")))
        elif file.suffix == ".py":
            source = file.read_text("utf-8")
            measured[_folder(file)].add(python_prose(source))
            for name in long_test_names(source):
                yield f"{file}: {name} has more than {_MAX_TEST_NAME} characters"
    for place, prose in measured.items():
        for complaint in prose.complaints():
            yield f"{place}: {complaint}"


def _folder(file: PurePath) -> str:
    return f"docstrings and comments of {file.parts[0]}/"


def main() -> int:
    """Returns 1 if a limit is passed."""
    os.chdir(find_workspace())
    files = files_in(Path(), "other", "python")
    found = list(complaints(files))
    print(*found, sep="\n")
    print(f"{len(files)} files looked at, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
