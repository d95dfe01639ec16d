"""The names of callers: those in their certificates, and the patterns for them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_DNS_NAME = re.compile(r"(?:\*|[\w-]+)(?:\.(?:\*|[\w-]+))*", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://)?[^/*?#]+(?:/(?:\*|[^/*?#]+))*")


def name_pattern(name: str) -> re.Pattern[str] | None:
    """The pattern a caller's name must match to be the name meant.

    Names are the DNS names and URIs of a certificate's subject alternative names
    (https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6), such as SPIFFE ids. `*` stands for one
    whole label of a DNS name, or one whole segment of a URI's path. All else is compared as it is,
    but for the letter case of a DNS name.

    Returns:
        None for a malformed name.
    """
    if _DNS_NAME.fullmatch(name):
        return re.compile(_with_wildcards(name, r"[^.:/]+"), re.IGNORECASE | re.ASCII)
    if _URI.fullmatch(name):
        return re.compile(_with_wildcards(name, r"[^/?#]+"))
    return None


def any_matches(patterns: Iterable[re.Pattern[str]], names: Iterable[str]) -> bool:
    """Whether one of a caller's names is meant by one of the patterns."""
    return any(pattern.fullmatch(name) for name in names for pattern in patterns)


def names_in(certificate: Mapping[str, Any]) -> list[str]:
    """The names in a certificate, as `ssl.SSLSocket.getpeercert` gives it."""
    alternatives = certificate.get("subjectAltName", ())
    return [name for kind, name in alternatives if kind in {"DNS", "URI"}]


def _with_wildcards(name: str, wildcard: str) -> str:
    return wildcard.join(re.escape(part) for part in name.split("*"))
