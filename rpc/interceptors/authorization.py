"""Who may call: callers by the names in their certificates."""

import re
from collections.abc import Iterable

from rpc.core.call import Call
from rpc.core.errors import RpcStatusError, UsageError
from rpc.interceptors.interceptor import ServerInterceptor
from rpc.tls.names import any_matches, name_pattern

import grpc

_ENTRY = re.compile(r"(?:(?P<method>/[\w.]+/\w+)=)?(?P<name>[^\s/=][^\s=]*)", re.ASCII)
_ANY_METHOD = ""


class Authorization(ServerInterceptor):
    """Lets a call through if its caller has one of the allowed names. Nobody else may call.

    `rpc.tls.names` defines a name.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        """Reads the allowed names.

        Args:
            allowed: names, or `/package.Service/Method=NAME` for one method. A method named so may
                be called by the names given for it, and by no others.

        Raises:
            UsageError: a name is malformed.
        """
        self._patterns: dict[str, list[re.Pattern[str]]] = {_ANY_METHOD: []}
        for entry in allowed:
            method, pattern = _read(entry)
            self._patterns.setdefault(method, []).append(pattern)

    def started(self, call: Call) -> None:
        """Checks the caller's names.

        Raises:
            RpcStatusError: UNAUTHENTICATED, the caller has shown no certificate with a name.
                PERMISSION_DENIED, none of its names is allowed.
        """
        if not call.callers:
            raise RpcStatusError(
                grpc.StatusCode.UNAUTHENTICATED,
                "a client certificate with a name is needed",
                diagnosis="the certificate has neither a DNS name nor a URI",
            )
        patterns = self._patterns.get(call.method, self._patterns[_ANY_METHOD])
        if not any_matches(patterns, call.callers):
            raise RpcStatusError(
                grpc.StatusCode.PERMISSION_DENIED,
                "the caller may not call this method",
                diagnosis="no --allow-caller has one of the caller's names",
            )


def _read(entry: str) -> tuple[str, re.Pattern[str]]:
    """The method of an entry, and the pattern for a caller's name."""
    parts = _ENTRY.fullmatch(entry)
    pattern = name_pattern(parts["name"]) if parts else None
    if parts is None or pattern is None:
        raise UsageError(
            f"--allow-caller {entry!r} is no DNS name or URI, nor /package.Service/Method= with one"
            " behind it; * stands for one whole label, or one whole segment of a path"
        )
    return parts["method"] or _ANY_METHOD, pattern
