"""The command line: options, wrong usage, and the text for an unreachable server."""

import os
import re
import sys
from collections.abc import Callable

import pytest

from client.main import main
from testing.addresses import reserved_address

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the client in this process. Returns its exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["client", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bad"], "No such option '--bad'"),
        (["krithik"], "No such command 'krithik': give a name with -n"),
        (["--jobs", "0"], "--jobs"),
        (["--timeout", "never"], "--timeout"),
        (["--timeout", "inf"], "--timeout"),
        (["--output", "xml"], "--output"),
        (["--target", "127.0.0.1"], "not HOST:PORT"),
        (["--target", "orc1.example:9000"], "--insecure"),
        (["--otlp-endpoint", "nonsense"], "--otlp-endpoint"),
        (["-n", os.fsdecode(b"\xff")], "not UTF-8"),
        (["--target", os.fsdecode(b"unix:/\xff")], "not UTF-8"),
        (["--tls-server-name", os.fsdecode(b"\xff")], "not UTF-8"),
        (["--tls-ca", "/no/such/file"], "/no/such/file"),
        (["--tls-ca", "/no/such/file\r\n"], r"/no/such/file\r\n: No such file"),
        (["--tls-certificate", "/no/such/file"], "a client certificate and its key go together"),
        (["--target", "127.0.0.1:9000", "health"], "--target stands before health"),
        (["health", "-n", "krithik"], "No such option"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Run, arguments: list[str], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith("client: ")
    assert said in line


def test_a_server_that_is_not_there_is_named_with_what_to_do(run: Run) -> None:
    with reserved_address() as nobody:
        code, out, err = run("--target", nobody, "--timeout", "0.2")
    assert (code, out) == (1, "")
    assert f"code = DeadlineExceeded desc = cannot reach {nobody} within 0.2 s: " in err
    assert "Connection refused" in err
    assert "bazelw run //services:orc1" in err
    assert re.search("\nrequest id: [0-9a-f]{32}\n", err)


def test_a_host_that_does_not_exist_is_named(run: Run) -> None:
    code, _, err = run("--target", "nowhere.invalid:9000", "--insecure", "--timeout", "0.2")
    assert code == 1
    assert "cannot reach nowhere.invalid:9000" in err
    assert "is the name of the host in --target right?" in err


def test_a_server_beyond_loopback_cannot_be_started_here(run: Run) -> None:
    with reserved_address() as nobody:
        # Stands for another machine: not an address of loopback, though it leads there.
        target = nobody.replace("127.0.0.1", "0.0.0.0")  # noqa: S104  # called, not bound
        code, _, err = run("--target", target, "--insecure", "--timeout", "0.2")
    assert code == 1
    assert re.search(r"refused( \(111\))?: is the server running there\? --target says", err)


def test_health_of_a_server_that_is_not_there(run: Run) -> None:
    with reserved_address() as nobody:
        code, out, err = run("health", "--target", nobody, "--timeout", "0.2")
    assert (code, out) == (1, "")
    assert f"cannot reach {nobody}" in err


def test_the_help_names_the_commands_and_the_variables(run: Run) -> None:
    code, text, _ = run("--help")
    for heading in ("Server:", "Traces:", "Options:", "Commands:"):
        assert f"\n{heading}\n" in text
    assert code == 0
    for part in ("health", "CLIENT_NAME", "CLIENT_TARGET", "CLIENT_TLS_CA", "CLIENT_JOBS"):
        assert part in text
    assert "CLIENT_SERVICE" in run("health", "--help")[1]
    assert run("--version")[1].startswith("client, version ")


def test_the_shell_can_complete_options(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_CLIENT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "client --out")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run() == (0, "plain,--output\n", "")
