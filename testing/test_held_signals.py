"""Signals wait, and come when the context is left."""

import signal
import threading
from collections.abc import Iterator

import pytest

from testing.held_signals import held_signals


class ArrivedError(Exception):
    """What this file's handler of signals raises."""


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def handled(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal for which a handler raises."""

    def handler(number: int, _: object) -> None:
        raise ArrivedError(number)

    before = signal.signal(request.param, handler)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_comes_when_the_context_is_left(handled: signal.Signals) -> None:
    done = False
    with pytest.raises(ArrivedError), held_signals():  # noqa: PT012  # it is raised at the end
        signal.raise_signal(handled)
        done = True
    assert done


def test_no_signal_means_no_exception(handled: signal.Signals) -> None:
    handler = signal.getsignal(handled)
    with held_signals():
        pass
    assert signal.getsignal(handled) is handler


def test_an_exception_inside_restores_the_handlers(handled: signal.Signals) -> None:
    handler = signal.getsignal(handled)
    with pytest.raises(ValueError, match="inside"), held_signals():
        raise ValueError("inside")
    assert signal.getsignal(handled) is handler


def test_a_signal_that_is_ignored_stays_so(handled: signal.Signals) -> None:
    signal.signal(handled, signal.SIG_IGN)
    with held_signals():
        signal.raise_signal(handled)
    assert signal.getsignal(handled) is signal.SIG_IGN


def test_nothing_is_held_on_another_thread() -> None:
    ran = []

    def work() -> None:
        with held_signals():
            ran.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [signal.getsignal(signal.SIGINT)]
