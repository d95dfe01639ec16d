"""From when until when certificates are valid."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Validity:
    """A span of time, in seconds of the epoch.

    Attributes:
        begins: its first moment.
        ends: its last.
    """

    begins: float
    ends: float

    @property
    def flaw(self) -> str | None:
        """What is wrong with it now, in words."""
        now = time.time()
        if now > self.ends:
            return f"has expired, at {_at(self.ends)}"
        if now < self.begins:
            return f"is not valid before {_at(self.begins)}"
        return None


def validity_of_chain(pem: bytes) -> Validity:
    """The validity common to all certificates of a chain.

    Raises:
        ValueError: one cannot be read.
    """
    # Inside: programs without TLS, and probes, need not load it.
    from cryptography import x509

    chain = x509.load_pem_x509_certificates(pem)
    return Validity(
        max(one.not_valid_before_utc.timestamp() for one in chain),
        min(one.not_valid_after_utc.timestamp() for one in chain),
    )


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
