"""Pauses between attempts to connect."""

from wire.channel.backoff import Backoff


def test_pauses_grow_to_their_bound_and_begin_anew() -> None:
    backoff = Backoff(0.1, 0.5)
    expected = [0.1, 0.16, 0.256, 0.4096, 0.5, 0.5]

    for pause in expected:
        assert 0.8 * pause <= backoff.next() <= 1.2 * pause
    backoff.reset()

    assert backoff.next() <= 0.12


def test_callers_do_not_come_back_in_step() -> None:
    assert len({Backoff(0.1, 0.5).next() for _ in range(10)}) > 1
