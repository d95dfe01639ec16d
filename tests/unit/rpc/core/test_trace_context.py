"""The W3C trace context: adopted if well formed, else dropped."""

from rpc.core.trace_context import propagated_keys, read_trace_context, sampled_ids, trace_id

import pytest

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def test_a_parent_is_taken_over() -> None:
    context = read_trace_context({"traceparent": PARENT})
    assert context == (("traceparent", PARENT),)
    assert trace_id(context) == TRACE_ID


def test_its_state_goes_along() -> None:
    context = read_trace_context({"tracestate": "vendor=1", "traceparent": PARENT})
    assert context == (("traceparent", PARENT), ("tracestate", "vendor=1"))


def test_a_later_version_may_have_more_fields() -> None:
    assert read_trace_context({"traceparent": f"01-{PARENT[3:]}-more"}) != ()


@pytest.mark.parametrize(
    "parent",
    [
        *("", "00", PARENT.upper(), PARENT[:-1], f"{PARENT}0", f"ff{PARENT[2:]}", f" {PARENT}"),
        f"{PARENT}-more",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
    ],
)
def test_a_malformed_parent_is_dropped_with_its_state(parent: str) -> None:
    assert read_trace_context({"traceparent": parent, "tracestate": "vendor=1"}) == ()


def test_a_state_without_a_parent_is_dropped() -> None:
    assert read_trace_context({"tracestate": "vendor=1"}) == ()


def test_a_tab_in_its_state_travels_as_a_space() -> None:
    headers = {"traceparent": PARENT, "tracestate": "vendor=1,\tother=2\t"}
    assert read_trace_context(headers)[1] == ("tracestate", "vendor=1, other=2")


@pytest.mark.parametrize(
    "state",
    [
        *("v=1,,w=2", "v= 1", "t0@v=1", "0t@v/*_-=a b", "v=1 , w=2", "v=" + "1" * 256),
        ",".join(f"v{number}=1" for number in range(32)),
    ],
)
def test_a_state_of_the_grammar_goes_along(state: str) -> None:
    headers = {"traceparent": PARENT, "tracestate": state}
    assert read_trace_context(headers) == (("traceparent", PARENT), ("tracestate", state))


def test_a_state_of_512_characters_goes_along() -> None:
    state = "v=" + "1" * 253 + ",w=" + "1" * 254
    assert len(state) == 512
    headers = {"traceparent": PARENT, "tracestate": state}
    assert read_trace_context(headers) == (("traceparent", PARENT), ("tracestate", state))


@pytest.mark.parametrize(
    "state",
    [
        *("v=" + "1" * 254 + ",w=" + "1" * 254, "v=é", "v=\n1", "v=\x00", "v=\x7f", "", " ", ","),
        *(
            "v",
            "v=",
            "=1",
            "V=1",
            "v w=1",
            "v=1=2",
            "@v=1",
            "v@=1",
            "v=" + "1" * 257,
            "v=1,\x0bw=1",
        ),
        ",".join(f"v{number}=1" for number in range(33)),
    ],
)
def test_a_state_that_cannot_travel_is_dropped(state: str) -> None:
    headers = {"traceparent": PARENT, "tracestate": state}
    assert read_trace_context(headers) == (("traceparent", PARENT),)


def test_without_a_trace_there_is_no_id() -> None:
    assert trace_id(()) == ""


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("03", True)])
def test_the_ids_of_a_sampled_trace_are_known(flags: str, *, is_sampled: bool) -> None:
    context = read_trace_context({"traceparent": f"{PARENT[:-2]}{flags}"})
    assert sampled_ids(context) == ((TRACE_ID, "b7ad6b7169203331") if is_sampled else None)


def test_baggage_alone_is_no_sampled_trace() -> None:
    assert sampled_ids((("baggage", "a=1"),)) is None
    assert sampled_ids(()) is None


class TestBaggage:
    """W3C Baggage, https://www.w3.org/TR/baggage/."""

    @pytest.mark.parametrize(
        "baggage",
        [
            "tenant=blue",
            "a=1,b=%20,c=",
            "a = 1 ; secret;ttl=5 , b=2",
            "a=" + "1" * 4094,
            ",".join(f"k{number}=v" for number in range(64)),
        ],
    )
    def test_it_goes_along_unchanged(self, baggage: str) -> None:
        context = read_trace_context({"baggage": baggage, "traceparent": PARENT})
        assert context == (("traceparent", PARENT), ("baggage", baggage))

    @pytest.mark.parametrize(
        "baggage",
        [
            *("", "a", "=1", "a=1,", "a=é", 'a="1"', "a=1\n", "a b=1", "a=1 2", "a=\\"),
            "a=" + "1" * 4095,
            ",".join(f"k{number}=v" for number in range(65)),
        ],
    )
    def test_what_is_malformed_or_too_much_is_dropped(self, baggage: str) -> None:
        headers = {"baggage": baggage, "traceparent": PARENT}
        assert read_trace_context(headers) == (("traceparent", PARENT),)

    def test_it_needs_no_trace(self) -> None:
        context = read_trace_context({"baggage": "tenant=blue"})
        assert context == (("baggage", "tenant=blue"),)
        assert trace_id(context) == ""


@pytest.mark.parametrize(
    ("propagators", "keys"),
    [
        ("", {"traceparent", "tracestate", "baggage"}),
        ("tracecontext", {"traceparent", "tracestate"}),
        (" baggage ", {"baggage"}),
        ("tracecontext,b3", {"traceparent", "tracestate", "baggage"}),
        ("b3", {"traceparent", "tracestate", "baggage"}),
        ("none", set()),
        ("baggage,none", set()),
    ],
)
def test_propagators_select_the_keys_that_travel(propagators: str, keys: set[str]) -> None:
    assert propagated_keys(propagators) == keys
