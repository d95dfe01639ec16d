"""What the peers share with the services, so a benchmark can start them: `ROLE` and options."""

import argparse
from collections.abc import Sequence
from pathlib import Path

ROLES = ("orc1", "orc2", "mock_data")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads `ROLE --listen HOST:PORT --upstream HOST:PORT --ready-file PATH`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--upstream", default="")
    parser.add_argument("--ready-file", type=Path, required=True)
    return parser.parse_args(arguments)


def announce(ready_file: Path, listen: str, port: int) -> None:
    """Writes the bound address to the ready file, whole or not at all."""
    partial = ready_file.with_suffix(".partial")
    partial.write_text(f"{listen.rpartition(':')[0]}:{port}\n")
    partial.replace(ready_file)
