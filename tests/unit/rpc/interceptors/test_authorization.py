"""Authorization: the names of a caller, and the calls they permit."""

from rpc.core.errors import UsageError
from rpc.interceptors.authorization import Authorization
from rpc.interceptors.interceptor_chain import InterceptorChain

import grpc
import pytest

from tests.support.calls import METHOD, make_call


def refused(allowed: list[str], *callers: str) -> grpc.StatusCode | None:
    """The code of the refusal of a caller with these names, or None if admitted."""
    call = make_call(callers=callers)
    InterceptorChain([Authorization(allowed)]).arrived(call)
    return None if call.refusal is None else call.refusal.code


@pytest.mark.parametrize(
    ("allowed", "caller"),
    [
        ("orc1", "orc1"),
        ("orc1.example", "ORC1.Example"),
        ("ORC1.example", "orc1.example"),
        ("*.example", "orc1.example"),
        ("orc1.*.example", "orc1.prod.example"),
        ("*", "orc1"),
        ("*.example", "*.example"),
        ("spiffe://td.example/ns/prod", "spiffe://td.example/ns/prod"),
        ("spiffe://td.example/ns/*/sa/*", "spiffe://td.example/ns/prod/sa/orc1"),
        ("urn:callers:orc1", "urn:callers:orc1"),
    ],
)
def test_a_name_that_is_allowed(allowed: str, caller: str) -> None:
    assert refused(["nobody", allowed], caller) is None
    assert refused([f"{METHOD}={allowed}"], caller) is None


@pytest.mark.parametrize(
    ("allowed", "caller"),
    [
        ("orc1", "orc2"),
        ("orc1.example", "orc1.example.org"),
        ("orc1.example", "my.orc1.example"),
        ("orc1.example", "orc1-example"),
        ("orc1.example", "orc1.example\n"),
        ("*.example", "example"),
        ("*.example", ".example"),
        ("*.example", "a.orc1.example"),
        ("orc1.example", "*.example"),
        ("*", "spiffe://td/orc1"),
        ("*", "urn:orc1"),
        ("spiffe://td.example/a", "spiffe://TD.example/a"),
        ("spiffe://td.example/a", "https://td.example/a"),
        ("spiffe://td.example/a", "spiffe://td.example/A"),
        ("spiffe://td.example/*", "spiffe://td.example/"),
        ("spiffe://td.example/*", "spiffe://td.example"),
        ("spiffe://td.example/*", "spiffe://td.example/a/b"),
        ("spiffe://td.example/*", "spiffe://td.example/a/"),
        ("spiffe://td.example/*", "spiffe://td.example/a?b"),
        ("spiffe://td.example/*", "spiffe://other.example/a"),
    ],
)
def test_a_name_that_is_not(allowed: str, caller: str) -> None:
    assert refused([allowed], caller) is grpc.StatusCode.PERMISSION_DENIED


def test_one_name_of_several_is_enough() -> None:
    assert refused(["orc1"], "other", "orc1") is None


def test_a_caller_without_a_name_is_unauthenticated() -> None:
    assert refused(["*"]) is grpc.StatusCode.UNAUTHENTICATED


def test_a_methods_own_list_is_all_it_has() -> None:
    allowed = ["orc1", f"{METHOD}=orc2"]
    assert refused(allowed, "orc1") is grpc.StatusCode.PERMISSION_DENIED
    assert refused(allowed, "orc2") is None


def test_a_method_without_a_list_has_the_list_of_all() -> None:
    allowed = ["orc1", "/user.Other/Method=orc2"]
    assert refused(allowed, "orc1") is None
    assert refused(allowed, "orc2") is grpc.StatusCode.PERMISSION_DENIED


def test_lists_of_other_methods_let_nobody_into_this_one() -> None:
    allowed = ["/user.Other/Method=orc2"]
    assert refused(allowed, "orc2") is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "a b",
        "orc*",
        "a..b",
        ".a",
        "a.",
        "a=b",
        "=a",
        "/Method",
        "/a.B/C",
        "/a.B/C=",
        "/a.B/*=orc1",
        "/a.B/C=/d",
        "*://td/a",
        "spiffe://*/a",
        "spiffe://td*/a",
        "spiffe://td/a*",
        "spiffe://td/**",
        "spiffe://td/a//b",
        "spiffe://td/a/",
    ],
)
def test_what_is_no_name_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(UsageError, match="--allow-caller"):
        Authorization([entry])
