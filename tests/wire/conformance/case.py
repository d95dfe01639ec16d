"""One row of the table of conformance."""

from dataclasses import dataclass

from tests.wire.conformance.seen import Expectation


@dataclass(frozen=True)
class Case:
    """Octets from a peer, and the expected reaction.

    Attributes:
        section: of RFC 9113, or of RFC 7541 in the cases about HPACK.
        name: what is sent, in words.
        steps: octets to send. An expectation is waited for.
        expected: one of these has to come at last. There are several where the specification
            leaves a choice.
        greeted: the prefaces are exchanged before the first step.
    """

    section: str
    name: str
    steps: tuple[bytes | Expectation, ...]
    expected: tuple[Expectation, ...]
    greeted: bool = True

    def __str__(self) -> str:
        """The case as a test's name."""
        return f"{self.section} {self.name}"


def case(
    section: str,
    name: str,
    *steps: bytes | Expectation,
    expected: Expectation | tuple[Expectation, ...],
    greeted: bool = True,
) -> Case:
    alternatives = (expected,) if isinstance(expected, Expectation) else expected
    return Case(section, name, steps, alternatives, greeted)
