"""The interceptors of interceptors.md."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from rpc.service import (
    Call,
    FileReloader,
    Proceed,
    RpcStatusError,
    ServerInterceptor,
    StartupError,
    UpstreamCall,
    UpstreamInterceptor,
    current_call,
)

import grpc
import jwt


class TokenCheck(ServerInterceptor):
    """Lets in callers with a JSON Web Token (RFC 7519) that one of the keys in a file has signed.

    The file is a JSON Web Key Set (RFC 7517, section 5), which is read again when it changes.
    """

    # Those with a key that cannot sign: who checks tokens can make none.
    ALGORITHMS = ("ES256", "EdDSA", "RS256")
    CLAIMS = ("iss", "aud", "sub", "exp")

    def __init__(self, keys: Path, *, issuer: str, audience: str) -> None:
        self._keys = FileReloader([keys], partial(read_keys, keys), "keys of tokens")
        self._decode = partial(
            jwt.decode,
            algorithms=self.ALGORITHMS,
            issuer=issuer,
            audience=audience,
            options={"require": list(self.CLAIMS)},
        )

    def started(self, call: Call) -> None:
        self._keys.reload_if_changed()
        sent = dict(call.context.invocation_metadata() or ()).get("authorization", "")
        # The scheme in any letter case (RFC 9110 section 11.1).
        token = re.sub("^bearer +", "", str(sent), flags=re.IGNORECASE)
        try:
            key = self._keys.current[jwt.get_unverified_header(token)["kid"]]
            call.attach(TokenCheck, self._decode(token, key)["sub"])
        except (jwt.InvalidTokenError, LookupError, TypeError) as error:
            # The name of the error alone: its text may have parts of the token.
            raise RpcStatusError(
                grpc.StatusCode.UNAUTHENTICATED,
                "a valid token is needed",
                diagnosis=type(error).__name__,
            ) from error

    @staticmethod
    def subject() -> str:
        """Whose token the call in hand has. For servicers."""
        call = current_call.get()
        return "" if call is None else str(call.attached(TokenCheck))


def read_keys(file: Path) -> dict[str, jwt.PyJWK]:
    """The keys of a set, by their ids. Raises OSError or ValueError if they cannot be used."""
    try:
        found = jwt.PyJWKSet.from_json(file.read_text())
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is no set of keys: {error}") from error
    return {key.key_id: key for key in found.keys if key.key_id}


def token_check(token_keys: Path) -> TokenCheck:
    """Makes the check with the value of --token-keys."""
    try:
        return TokenCheck(token_keys, issuer="https://login.example", audience="orc1")
    except (OSError, ValueError) as error:
        raise StartupError(f"--token-keys {token_keys}: {error}") from error


class RateLimit(ServerInterceptor):
    """Lets each caller begin so many calls at once, and so many a second in the long run."""

    MOST_CALLERS = 10_000

    def __init__(self, at_once: int, per_second: float) -> None:
        self._interval = 1 / per_second
        self._ahead = at_once / per_second
        # When a caller has used up what it may, in seconds of call.started. Longest idle first.
        self._used: dict[str, float] = {}

    def started(self, call: Call) -> None:
        caller = call.peer.rpartition(":")[0]
        full = call.started - self._ahead
        used = max(self._used.pop(caller, full), full)
        allowed = used + self._interval <= call.started
        self._used[caller] = used + self._interval if allowed else used
        if len(self._used) > self.MOST_CALLERS:
            del self._used[next(iter(self._used))]
        if not allowed:
            raise RpcStatusError(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls: slow down")


class Permission(ServerInterceptor):
    """Asks somebody else who may call what."""

    def __init__(self, may_call: Callable[[str, str], Awaitable[bool]]) -> None:
        self._may_call = may_call

    async def intercept(self, call: Call, request: Any, proceed: Proceed) -> Any:
        if not await self._may_call(call.peer, call.method):
            raise RpcStatusError(grpc.StatusCode.PERMISSION_DENIED, "not for this caller")
        return await proceed(request)


class SendToken(UpstreamInterceptor):
    """Sends the token in a file to the upstream. The file is read again when it changes."""

    def __init__(self, token_file: Path) -> None:
        self._token = FileReloader([token_file], lambda: token_file.read_text().strip(), "token")

    def started(self, call: UpstreamCall) -> None:
        self._token.reload_if_changed()
        call.metadata += (("authorization", f"Bearer {self._token.current}"),)
