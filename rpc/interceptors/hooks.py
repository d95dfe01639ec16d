"""The interceptors' hooks for each point of a call."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rpc.interceptors.interceptor import ServerInterceptor


class Hook(NamedTuple):
    """A method overridden by an interceptor.

    Attributes:
        place: of the interceptor in the list, outermost first.
        run: the method.
    """

    place: int
    run: Callable[..., Any]


def hooks(
    interceptors: Sequence[ServerInterceptor], name: str, *, outermost_first: bool
) -> tuple[Hook, ...]:
    """The hooks of one name. What is not overridden is left out, and so costs nothing."""
    found = [
        Hook(place, getattr(one, name))
        for place, one in enumerate(interceptors)
        if getattr(type(one), name) is not getattr(ServerInterceptor, name)
    ]
    return tuple(found if outermost_first else reversed(found))
