"""The documentation agrees with the programs."""

from pathlib import Path

from docs.options import options_table, with_table
from docs.run_commands import commands, expected_exit_code


def test_the_table_of_options_is_that_of_the_programs() -> None:
    page = Path("docs/configuration.md").read_text()
    assert with_table(page) == page, "run ./bazelw run //docs:options"


def test_the_table_shows_defaults_and_choices() -> None:
    rows = options_table().splitlines()
    for row in (
        r"| `--log-format auto\|text\|json` | `auto` |",
        "| `--listen` | `127.0.0.1:9000` |",
        "| `--metrics-address HOST:PORT` |  |",
        "| `--reflection` `--no-reflection` | on |",
        "| `--insecure` |  |",
    ):
        assert any(line.startswith(row) for line in rows), row


def test_the_readmes_first_commands_are_the_demo_and_the_tests() -> None:
    found = commands(Path("README.md").read_text())
    assert found[:2] == ["./bazelw run //:demo", "./bazelw test //..."]


def test_the_readme_has_at_most_600_words() -> None:
    assert len(Path("README.md").read_text().split()) <= 600


def test_commands_are_the_lines_of_sh_blocks() -> None:
    page = "text\n```sh\none\n\ntwo  # exits with 3\n```\n```\nthree\n```\n"
    assert [expected_exit_code(command) for command in commands(page)] == [0, 3]
