"""Each locked package has a licence acceptable to this repository's users."""

import os
import re
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

# Permissive ones, and MPL. MPL's terms cover only its own files. SPDX identifiers.
_ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}

# Packages' own words instead of an SPDX identifier.
_IDENTIFIERS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    # The classifier does not say whether it has two clauses or three. Both are allowed.
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "MIT License": "MIT",
    "PSFL": "PSF-2.0",
    "The MIT License (MIT)": "MIT",
}


def _metadata() -> dict[str, Message]:
    files = Path(os.environ["RUNFILES_DIR"]).glob("*/site-packages/*.dist-info/METADATA")
    messages = [message_from_string(file.read_text(encoding="utf-8")) for file in files]
    return {canonicalize_name(message["Name"]): message for message in messages}


_METADATA = _metadata()


def _locked() -> list[str]:
    text = Path("requirements.txt").read_text(encoding="utf-8")
    return [canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)]


def licences(message: Message) -> set[str]:
    """SPDX identifiers of a package's licences, or its own words for them.

    The order is that of the core metadata specification: the expression, the older line, the
    classifiers. Some have the whole text in the place of the line. Of licences to choose from, all
    count.
    """
    stated = message["License-Expression"] or message["License"] or ""
    classifiers = message.get_all("Classifier", [])
    texts = [text for text in classifiers if text.startswith("License :: ")]
    if "\n" in stated and texts:
        stated = ""
    stated = stated.partition("\n")[0]
    if stated in _IDENTIFIERS:
        return {_IDENTIFIERS[stated]}
    if stated:
        return set(re.split(r" AND | OR ", re.sub(r"[()]", "", stated)))
    return {_IDENTIFIERS.get(text, text) for text in texts}


@pytest.mark.parametrize("package", _locked())
def test_licence_is_allowed(package: str) -> None:
    found = licences(_METADATA[package])
    assert found, f"{package} names no licence"
    assert found <= _ALLOWED, f"{package} is under {found - _ALLOWED}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("License-Expression: MIT OR (GPL-3.0-only AND ISC)", {"MIT", "GPL-3.0-only", "ISC"}),
        ("License: 3-Clause BSD License", {"BSD-3-Clause"}),
        ("Classifier: License :: OSI Approved :: MIT License", {"MIT"}),
        ("Classifier: License :: Other", {"License :: Other"}),
        ("License: The text\n        of it\nClassifier: License :: Other", {"License :: Other"}),
        ("Classifier: Topic :: Software", set()),
    ],
)
def test_where_a_licence_is_named(header: str, expected: set[str]) -> None:
    assert licences(message_from_string(f"Name: x\n{header}\n")) == expected
