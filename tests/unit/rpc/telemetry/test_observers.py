"""Which observers a server has."""

from rpc.server.settings import ServerSettings
from rpc.telemetry.observers import observing

from tests.support.addresses import reserved_address


def settings(**chosen: str) -> ServerSettings:
    return ServerSettings(name="test", listen="127.0.0.1:0", **chosen)  # type: ignore[arg-type]


def names(observers: object) -> list[str]:
    assert isinstance(observers, list)
    return [type(observer).__name__ for observer in observers]


def test_by_default_calls_are_logged_and_no_more() -> None:
    with observing(settings()) as observers:
        assert names(observers.of_calls) == ["CallLog"]
        assert names(observers.of_upstream_calls) == []
        assert observers.metrics_address is None


def test_what_is_asked_for_watches_both_sides_and_the_log_comes_last() -> None:
    with (
        reserved_address() as collector,
        observing(
            settings(otlp_endpoint=f"http://{collector}", metrics_address="127.0.0.1:0")
        ) as observers,
    ):
        assert names(observers.of_calls) == ["Tracing", "Metrics", "CallLog"]
        assert names(observers.of_upstream_calls) == ["Tracing", "Metrics"]
        assert observers.metrics_address is not None
