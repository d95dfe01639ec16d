"""Writes the certificates of a PEM bundle as a Java trust store: trust_store.py BUNDLE STORE.

Java reads no PEM bundle, and keytool would take minutes for one certificate at a time. The format
is JKS version 2 (sun.security.provider.JavaKeyStore): entries, then a SHA-1 over a password, a
constant and the entries. The password protects nothing here and is Java's customary one. A store of
public certificates alone is read without it.
"""

import hashlib
import os
import re
import ssl
import struct
import sys
from pathlib import Path

_MAGIC, _VERSION, _TRUSTED_CERTIFICATE = 0xFEEDFEED, 2, 2
_PASSWORD = "changeit"  # noqa: S105 (Java's default, and no secret)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode("ascii")


def _entry(index: int, certificate: bytes) -> bytes:
    made = struct.pack(">Q", 0)  # a fixed time: the same bundle gives the same bytes
    body = struct.pack(">I", len(certificate)) + certificate
    alias = _text(f"certificate-{index}")
    return struct.pack(">I", _TRUSTED_CERTIFICATE) + alias + made + _text("X.509") + body


def trust_store(bundle: str) -> bytes:
    """The JKS of a PEM bundle's certificates."""
    certificates = [ssl.PEM_cert_to_DER_cert(pem) for pem in _CERTIFICATE.findall(bundle)]
    store = struct.pack(">III", _MAGIC, _VERSION, len(certificates))
    store += b"".join(_entry(index, body) for index, body in enumerate(certificates))
    secret = _PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite"
    return store + hashlib.sha1(secret + store).digest()  # noqa: S324 (the format's)


def main() -> None:
    """Replaces STORE in one step, so a running Bazel never sees half of it."""
    bundle, store = map(Path, sys.argv[1:])
    partial = store.with_suffix(f".{os.getpid()}")
    text = bundle.read_text(encoding="utf-8", errors="replace")
    if not _CERTIFICATE.search(text):
        sys.exit(f"bazelw: {bundle} has no certificate in it")
    partial.write_bytes(trust_store(text))
    partial.replace(store)


if __name__ == "__main__":
    main()
