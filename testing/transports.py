"""Which transport the servers of a test use."""

import os

_VARIABLE = "TEST_TRANSPORT"
_DEFAULT = "grpcio"


def transport() -> str:
    """The transport that the test's target asks for, or the servers' own default."""
    return os.environ.get(_VARIABLE, _DEFAULT)
