"""What signals do while modules are loaded. Imported for its effect, by programs, and first."""

import os
import signal
import sys
from types import TracebackType

# The kernel keeps a signal that has no handler from process 1, which a program is in a container:
# it could not be stopped before it has set up its own.
if os.getpid() == 1:
    signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))

# Ctrl-C while modules are loaded: the signal ends the process, and a traceback helps nobody.
_hook_before = sys.excepthook


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if kind is not KeyboardInterrupt:
        _hook_before(kind, error, trace)


sys.excepthook = _hook
