"""The interceptors of docs/interceptors.md work as documented, for all kinds of RPC."""

import json
import re
from pathlib import Path
from time import time
from typing import Any

from rpc.core.errors import RpcStatusError, StartupError

import click
import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from docs.interceptors import Permission, RateLimit, SendToken, TokenCheck, token_check
from testing.in_process import serving
from tests.support.calls import make_call
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Request
from tests.support.streams.ways import (
    EVERY_KIND,
    EVERY_WAY,
    THROUGH_HOP,
    Way,
    begin,
    failure,
    hop_of,
    responses,
    service_of,
)

REQUEST = Request(sizes=[1])


def test_the_page_shows_the_code_that_is_tested() -> None:
    page = Path("docs/interceptors.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    files = ("docs/interceptors.py", "docs/own_telemetry.py")
    code = "".join(Path(file).read_text() for file in files)
    assert len(blocks) == 7
    for block in blocks[1:]:
        assert block in code


class Issuer:
    """Signs tokens, and writes the file of public keys."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder / "keys.json"
        self._private = {"first": generate_private_key(SECP256R1())}
        self.publish()

    def publish(self) -> None:
        """Writes the public keys."""
        keys = [
            ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name, "alg": "ES256"}
            for name, key in self._private.items()
        ]
        self.keys.write_text(json.dumps({"keys": keys}))

    def rotate(self, name: str) -> None:
        """Signs with another key from now on. No file has it yet."""
        self._private = {name: generate_private_key(SECP256R1())}

    def token(self, **changed: Any) -> str:
        """A valid token with these claims changed. A value of None removes a claim."""
        claims = {"iss": "issuer", "aud": "streams", "sub": "krithik", "exp": time() + 3600}
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        ((name, key),) = self._private.items()
        return jwt.encode(claims, key, "ES256", {"kid": name})

    def check(self) -> TokenCheck:
        """An interceptor for callers with its tokens."""
        return TokenCheck(self.keys, issuer="issuer", audience="streams")


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


def bearing(token: str) -> tuple[tuple[str, str | bytes], ...]:
    return (("authorization", f"Bearer {token}"),)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_has_no_letter_case(issuer: Issuer, scheme: str) -> None:
    check = issuer.check()
    call = make_call(metadata=(("authorization", f"{scheme} {issuer.token()}"),))
    check.started(call)
    assert call.attached(check) == "krithik"


@EVERY_WAY
@EVERY_KIND
async def test_a_token_is_required(
    way: Way, kind: str, issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    check = [issuer.check()]
    first: dict[str, Any] = {"hop": hop_of(interceptors=check)} if way.through_hop else {}
    last = service_of(Streams(), interceptors=[] if first else check)
    async with way.to(last, log_format="json", **first) as path:
        for metadata in ((), bearing("☺".encode().hex()), (("x", issuer.token()),)):
            error = await failure(begin(path.stub, kind, REQUEST, metadata=metadata))
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        refused = call_lines(capsys)
        assert [line["code"] for line in refused] == ["UNAUTHENTICATED"] * 3
        assert {line["service"] for line in refused} == {path.first}
        good = bearing(issuer.token())
        assert len(await responses(begin(path.stub, kind, REQUEST, metadata=good))) == 1


def refusal(check: TokenCheck, token: str) -> str | None:
    """The log's reason for refusing a token, or None if admitted."""
    call = make_call(metadata=bearing(token))
    try:
        check.started(call)
    except RpcStatusError as error:
        assert error.code is grpc.StatusCode.UNAUTHENTICATED  # noqa: PT017
        assert token not in f"{error.message} {error.diagnosis}"  # noqa: PT017
        return error.diagnosis
    assert call.attached(TokenCheck) == "krithik"
    return None


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({}, None),
        ({"aud": ["other", "streams"]}, None),
        ({"exp": 1}, "ExpiredSignatureError"),
        ({"nbf": time() + 3600}, "ImmatureSignatureError"),
        ({"iss": "another"}, "InvalidIssuerError"),
        ({"aud": "another"}, "InvalidAudienceError"),
        *[({name: None}, "MissingRequiredClaimError") for name in TokenCheck.CLAIMS],
    ],
)
def test_a_tokens_claims_decide(issuer: Issuer, claims: dict[str, Any], reason: str | None) -> None:
    assert refusal(issuer.check(), issuer.token(**claims)) == reason


def test_a_token_that_is_not_signed_by_the_key_is_refused(issuer: Issuer, tmp_path: Path) -> None:
    check, good = issuer.check(), issuer.token()
    header, claims, signature = good.split(".")
    (other := tmp_path / "other").mkdir()
    forged = [
        Issuer(other).token(),
        f"{header}.{claims}.",
        f"{header}.{claims[:-4]}AAAA.{signature}",
        jwt.encode(jwt.decode(good, options={"verify_signature": False}), "", "none"),
        # An algorithm with a shared secret: the checking side would have to know it.
        jwt.encode({"sub": "krithik"}, "secret" * 8, "HS256", {"kid": "first"}),
        "x",
        "a.b.c",
    ]
    assert None not in [refusal(check, token) for token in forged]
    assert refusal(check, good) is None


def test_the_keys_follow_their_file(issuer: Issuer) -> None:
    check, old = issuer.check(), issuer.token()
    issuer.rotate("second")
    assert refusal(check, issuer.token()) == "KeyError"
    issuer.publish()
    assert refusal(check, issuer.token()) is None
    assert refusal(check, old) == "KeyError"
    for bad in ("no keys", "[]", "{}", '{"keys": []}', '{"keys": [{}]}', '{"keys": 1}'):
        issuer.keys.write_text(bad)
        assert refusal(check, issuer.token()) is None
        with pytest.raises(ValueError, match=r"keys\.json is no set of keys"):
            issuer.check()


async def test_the_keys_are_those_of_an_option(issuer: Issuer, tmp_path: Path) -> None:
    service = service_of(
        Streams(),
        interceptors=[token_check],
        options=[click.option("--token-keys", type=click.Path(path_type=Path), required=True)],
    )
    async with serving(service, token_keys=issuer.keys):
        pass
    with pytest.raises(StartupError, match=r"^--token-keys .*/no: .* No such file"):
        async with serving(service, token_keys=tmp_path / "no"):
            pass


@THROUGH_HOP
@EVERY_KIND
async def test_a_token_is_sent_to_the_upstream(
    way: Way, kind: str, issuer: Issuer, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(issuer.token() + "\n")
    last = service_of(Streams, interceptors=[issuer.check()])
    async with way.to(last, hop_of(upstream_interceptors=[SendToken(file)])) as path:
        assert len(await responses(begin(path.stub, kind, REQUEST))) == 1
        file.write_text(issuer.token(exp=1))
        refused = await failure(begin(path.stub, kind, REQUEST))
        assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
    async with way.to(last, hop_of()) as path:
        assert (await failure(begin(path.stub, kind, REQUEST))).code() is (
            grpc.StatusCode.UNAUTHENTICATED
        )


@EVERY_WAY
@EVERY_KIND
async def test_a_caller_is_limited(way: Way, kind: str) -> None:
    # The rate is too low for a refill before the end.
    last = service_of(Streams(), interceptors=[RateLimit(at_once=2, per_second=0.001)])
    async with way.to(last) as path:
        for _ in range(2):
            assert len(await responses(begin(path.stub, kind, REQUEST))) == 1
        for _ in range(2):
            error = await failure(begin(path.stub, kind, REQUEST))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_callers_calls_come_back_at_the_rate() -> None:
    limit = RateLimit(at_once=2, per_second=4)

    def is_let_through(at: float, peer: str = "ipv4:10.0.0.1:5000") -> bool:
        call = make_call()
        call.started, call.peer = at, peer
        try:
            limit.started(call)
        except Exception:  # noqa: BLE001  # the one that it raises
            return False
        return True

    assert [is_let_through(100.0) for _ in range(3)] == [True, True, False]
    # Another connection of the same caller, and another caller.
    assert not is_let_through(100.0, "ipv4:10.0.0.1:5001")
    assert is_let_through(100.0, "ipv4:10.0.0.2:5000")
    assert [is_let_through(100.25) for _ in range(2)] == [True, False]
    assert [is_let_through(200.0) for _ in range(3)] == [True, True, False]


def test_callers_do_not_fill_the_memory() -> None:
    limit = RateLimit(at_once=1, per_second=1)
    limit.MOST_CALLERS = 3
    for number in range(100):
        call = make_call()
        call.peer = f"ipv4:10.0.0.{number}:5000"
        limit.started(call)
    assert len(limit._used) == 3  # noqa: SLF001


@EVERY_WAY
@EVERY_KIND
async def test_permission_is_checked(way: Way, kind: str) -> None:
    asked: list[str] = []

    async def may_call(peer: str, method: str) -> bool:
        assert peer.startswith("ipv4:127.0.0.1:")
        asked.append(method)
        return len(asked) > 1

    last = service_of(Streams(), interceptors=[Permission(may_call)])
    async with way.to(last) as path:
        error = await failure(begin(path.stub, kind, REQUEST))
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
        assert len(await responses(begin(path.stub, kind, REQUEST))) == 1
    assert asked == [f"/streams.StreamService/{kind}"] * 2
