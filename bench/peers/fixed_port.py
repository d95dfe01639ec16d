"""Starts a server with the reference's fixed port and none of our options.

`fixed_port ROLE BINARY …`: the process becomes the binary, so the measurement is the binary's. A
child stays behind until the port accepts connections, and writes the ready file.
"""

import os
import socket
import sys
import time
from pathlib import Path

from bench.peers.listening import announce

PORTS = {"orc1": 9000, "orc2": 9001, "mock_data": 10000}

_SECONDS = 20


def wait_for(port: int) -> None:
    """Returns once something listens on the port of loopback. Gives up after a while."""
    give_up = time.monotonic() + _SECONDS
    while time.monotonic() < give_up:
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    sys.exit(f"nothing listens on port {port}")


def main() -> None:
    """Forks the watcher, becomes the binary."""
    role, binary = sys.argv[1:3]
    ready_file = Path(sys.argv[sys.argv.index("--ready-file") + 1])
    if os.fork() == 0:
        wait_for(PORTS[role])
        announce(ready_file, "127.0.0.1:0", PORTS[role])
        return
    os.execv(binary, [binary])  # noqa: S606


if __name__ == "__main__":
    main()
