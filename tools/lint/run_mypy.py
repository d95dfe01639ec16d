"""mypy, over the packages on this program's own import path."""

from mypy.__main__ import console_entry

if __name__ == "__main__":
    console_entry()
