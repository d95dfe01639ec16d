"""Options do as their help says, on the command line and in the environment, or are refused.

`EFFECTS` has a check for each option. Each check sets the option by its environment variable.
Tests of single features use the command line.
"""

import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from proto import user_pb2, user_pb2_grpc
from testing.addresses import reserved_address
from testing.certificates import Authority, Pair
from testing.chain import NAMES
from testing.collector import collecting
from testing.processes import ServerProcess, run_to_end, running
from testing.runfiles import command_line
from testing.waiting import LIMIT_SECONDS, wait_until
from tests.support.services import SERVICES

FOREVER = "600"
KRITHIK = user_pb2.User(name="krithik", **{"class": "7"}, roll=70)
REQUEST = user_pb2.UserName(name="krithik")
TOO_MUCH = grpc.StatusCode.RESOURCE_EXHAUSTED
ANY_PORT = ("--listen", "127.0.0.1:0")

Check = Callable[[Path], None]
EFFECTS: dict[str, Check] = {}


def effect_of(*options: str) -> Callable[[Check], Check]:
    """Registers a check of the options' effect."""

    def register(check: Check) -> Check:
        EFFECTS.update(dict.fromkeys(options, check))
        return check

    return register


@effect_of("--transport")
def carries_calls(_: Path) -> None:
    for transport in ("wire", "grpcio"):
        with running(
            "services/mock_data", environment={"MOCK_DATA_TRANSPORT": transport}
        ) as server:
            assert server.log()[0]["transport"] == transport
            assert get_mock_user(server).result() == KRITHIK


def get_mock_user(server: ServerProcess, credentials: grpc.ChannelCredentials | None = None) -> Any:
    """The future of a finished call to mock_data."""
    address = server.address
    with (
        grpc.secure_channel(address, credentials)
        if credentials
        else grpc.insecure_channel(address) as channel
    ):
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        call = method.future(REQUEST, timeout=LIMIT_SECONDS)
        call.exception()
        return call


@contextmanager
def method_of_mock_data(variables: dict[str, str]) -> Iterator[Any]:
    """Runs mock_data with these variables. Yields its method, on an open channel."""
    with (
        running("services/mock_data", environment=variables) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData


def get_user(orc2: ServerProcess, timeout: float | None = LIMIT_SECONDS) -> Any:
    """The future of a finished call to orc2."""
    with grpc.insecure_channel(orc2.address) as channel:
        method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
        call = method.future(user_pb2.User(name="krithik"), timeout=timeout)
        call.exception()
        return call


def serve_with(pair: Pair) -> dict[str, str]:
    return {
        "MOCK_DATA_TLS_CERTIFICATE": str(pair.certificate),
        "MOCK_DATA_TLS_KEY": str(pair.key),
    }


@effect_of("--listen")
def listens_where_it_is_told(_: Path) -> None:
    with running("services/orc1", environment={"ORC1_LISTEN": "localhost:0"}) as server:
        assert server.address.startswith("localhost:")


@effect_of("--reuse-port")
def shares_its_port(_: Path) -> None:
    with reserved_address() as address:
        shared = {"MOCK_DATA_LISTEN": address, "MOCK_DATA_REUSE_PORT": "1"}
        with (
            running("services/mock_data", environment=shared) as one,
            running("services/mock_data", environment=shared) as other,
        ):
            assert one.address == other.address == address


@effect_of("--tls-certificate", "--tls-key")
def speaks_tls(folder: Path) -> None:
    authority = Authority(folder)
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    variables = serve_with(authority.issue("server"))
    with running("services/mock_data", environment=variables) as server:
        assert get_mock_user(server, credentials).result() == KRITHIK


@effect_of("--tls-client-ca")
def asks_for_a_certificate(folder: Path) -> None:
    authority = Authority(folder)
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    variables = serve_with(authority.issue("server"))
    variables["MOCK_DATA_TLS_CLIENT_CA"] = str(authority.certificate)
    with running("services/mock_data", environment=variables) as server:
        assert get_mock_user(server, credentials).code() is grpc.StatusCode.UNAVAILABLE


@effect_of("--tls-crl")
def refuses_revoked_callers(folder: Path) -> None:
    authority = Authority(folder)
    variables = serve_with(authority.issue("server"))
    variables["MOCK_DATA_TLS_CLIENT_CA"] = str(authority.certificate)
    variables["MOCK_DATA_TRANSPORT"] = "wire"
    good, bad = authority.issue("good"), authority.issue("bad")
    variables["MOCK_DATA_TLS_CRL"] = str(authority.revoke(bad))
    with running("services/mock_data", environment=variables) as server:
        for pair, code in ((good, grpc.StatusCode.OK), (bad, grpc.StatusCode.UNAVAILABLE)):
            assert get_mock_user(server, showing(authority, pair)).code() is code


def showing(authority: Authority, pair: Pair) -> grpc.ChannelCredentials:
    pems = (authority.certificate, pair.key, pair.certificate)
    return grpc.ssl_channel_credentials(*(pem.read_bytes() for pem in pems))


@effect_of("--allow-caller")
def lets_in_by_name(folder: Path) -> None:
    authority = Authority(folder)
    variables = serve_with(authority.issue("server"))
    variables["MOCK_DATA_TLS_CLIENT_CA"] = str(authority.certificate)
    # A variable may have several names, separated by blanks.
    variables["MOCK_DATA_ALLOW_CALLER"] = "orc2.example *.trusted.example"
    with running("services/mock_data", environment=variables) as server:
        for name, code in (
            ("orc2.example", grpc.StatusCode.OK),
            ("any.trusted.example", grpc.StatusCode.OK),
            ("orc1.example", grpc.StatusCode.PERMISSION_DENIED),
        ):
            credentials = showing(authority, authority.issue(name, names=[name]))
            assert get_mock_user(server, credentials).code() is code


@effect_of("--insecure")
def goes_beyond_loopback(_: Path) -> None:
    variables = {"ORC1_LISTEN": "0.0.0.0:0", "ORC1_INSECURE": "true"}
    with running("services/orc1", environment=variables) as server:
        assert server.address.startswith("0.0.0.0:")


@effect_of("--upstream")
def calls_its_upstream(_: Path) -> None:
    with running("services/mock_data") as mock_data:
        upstream = {"ORC2_UPSTREAM": f"ipv4:{mock_data.address}"}
        with running("services/orc2", environment=upstream) as orc2:
            assert get_user(orc2).result() == KRITHIK


@effect_of("--upstream-tls")
def speaks_tls_to_its_upstream(folder: Path) -> None:
    authority = Authority(folder)
    variables = serve_with(authority.issue("server"))
    with running("services/mock_data", environment=variables) as mock_data:
        upstream = {
            "ORC2_UPSTREAM": mock_data.address,
            "ORC2_UPSTREAM_TLS": "yes",
            # gRPC's own variable, instead of the machine's authorities.
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority.certificate),
        }
        with running("services/orc2", environment=upstream) as orc2:
            assert get_user(orc2).result() == KRITHIK


@effect_of(
    "--upstream-tls-ca",
    "--upstream-tls-certificate",
    "--upstream-tls-key",
    "--upstream-tls-server-name",
)
def shows_its_upstream_a_certificate(folder: Path) -> None:
    authority = Authority(folder)
    variables = serve_with(authority.issue("server", names=["mock-data.example"]))
    variables["MOCK_DATA_TLS_CLIENT_CA"] = str(authority.certificate)
    client = authority.issue("client")
    with running("services/mock_data", environment=variables) as mock_data:
        upstream = {
            "ORC2_UPSTREAM": mock_data.address,
            "ORC2_UPSTREAM_TLS_CA": str(authority.certificate),
            "ORC2_UPSTREAM_TLS_CERTIFICATE": str(client.certificate),
            "ORC2_UPSTREAM_TLS_KEY": str(client.key),
            "ORC2_UPSTREAM_TLS_SERVER_NAME": "mock-data.example",
        }
        with running("services/orc2", environment=upstream) as orc2:
            assert get_user(orc2).result() == KRITHIK


@effect_of("--default-timeout")
def gives_up_on_its_upstream(_: Path) -> None:
    with reserved_address() as nobody:
        variables = {"ORC2_UPSTREAM": nobody, "ORC2_DEFAULT_TIMEOUT": "0.2"}
        with running("services/orc2", environment=variables) as orc2:
            assert get_user(orc2, timeout=None).code() is grpc.StatusCode.DEADLINE_EXCEEDED


@effect_of("--health-follows-upstream")
def follows_its_upstream(_: Path) -> None:
    with reserved_address() as nobody:
        variables = {"ORC2_UPSTREAM": nobody, "ORC2_HEALTH_FOLLOWS_UPSTREAM": "0.1"}
        with (
            running("services/orc2", environment=variables) as orc2,
            grpc.insecure_channel(orc2.address) as channel,
        ):
            stub: Any = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service="user.Orchestrator2Service")
            not_serving = health_pb2.HealthCheckResponse.NOT_SERVING

            def has_followed() -> bool:
                return bool(stub.Check(request, timeout=LIMIT_SECONDS).status == not_serving)

            wait_until(has_followed, "health follows")


@effect_of("--max-concurrent-rpcs", "--delay")
def refuses_calls_past_its_limit(_: Path) -> None:
    variables = {"MOCK_DATA_MAX_CONCURRENT_RPCS": "1", "MOCK_DATA_DELAY": FOREVER}
    with method_of_mock_data(variables) as method:
        calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(2)]
        wait_until(lambda: any(call.done() for call in calls), "one of two calls is refused")
        (refused,) = (call for call in calls if call.done())
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@effect_of("--max-message-bytes")
def refuses_a_message_past_its_size(_: Path) -> None:
    request_bytes = str(REQUEST.ByteSize() - 1)
    for limit, code in (("1000", grpc.StatusCode.OK), (request_bytes, TOO_MUCH)):
        environment = {"MOCK_DATA_MAX_MESSAGE_BYTES": limit}
        with running("services/mock_data", environment=environment) as server:
            assert get_mock_user(server).code() is code


@effect_of("--max-bytes-in-flight")
def refuses_calls_past_its_memory(_: Path) -> None:
    # Each call counts for more than this, with or without a request.
    variables = {
        "MOCK_DATA_MAX_BYTES_IN_FLIGHT": "1000",
        "MOCK_DATA_DELAY": FOREVER,
        "MOCK_DATA_TRANSPORT": "wire",
    }
    with method_of_mock_data(variables) as method:
        calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(2)]
        wait_until(lambda: any(call.done() for call in calls), "one of two calls is refused")
        assert {call.code() for call in calls if call.done()} == {TOO_MUCH}


@effect_of("--max-concurrent-streams")
def lets_callers_wait_with_further_calls(_: Path) -> None:
    variables = {"MOCK_DATA_MAX_CONCURRENT_STREAMS": "1", "MOCK_DATA_DELAY": "0.2"}
    with method_of_mock_data(variables) as method:
        method(REQUEST, timeout=LIMIT_SECONDS)
        begun = time.monotonic()
        calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(3)]
        assert [call.result() for call in calls] == [KRITHIK] * 3
        # One after the other.
        assert time.monotonic() - begun > 3 * 0.2


@effect_of("--max-connections")
def closes_a_connection_too_many(_: Path) -> None:
    environment = {"MOCK_DATA_MAX_CONNECTIONS": "1"}
    with running("services/mock_data", environment=environment) as server:
        with grpc.insecure_channel(server.address) as channel:
            method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
            assert method(REQUEST, timeout=LIMIT_SECONDS) == KRITHIK
            assert is_closed_at_once(server.address)
        wait_until(
            lambda: get_mock_user(server).code() is grpc.StatusCode.OK, "its place is free again"
        )


def is_closed_at_once(address: str) -> bool:
    host, _, port = address.rpartition(":")
    further = socket.create_connection((host, int(port)), LIMIT_SECONDS)
    with further, suppress(ConnectionError):
        while further.recv(1000):
            pass
    return True


@effect_of("--request-timeout")
def ends_a_call_without_a_request(_: Path) -> None:
    environment = {"MOCK_DATA_REQUEST_TIMEOUT": "0.2"}
    silence = threading.Event()

    def nothing() -> Iterator[bytes]:
        silence.wait()
        yield from ()

    with (
        running("services/mock_data", environment=environment) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        method: Any = channel.stream_unary("/user.MockUserDataService/GetMockUserData")
        call = method.future(nothing(), timeout=LIMIT_SECONDS)
        assert call.code() is grpc.StatusCode.CANCELLED
        silence.set()


@effect_of("--max-wait")
def refuses_calls_that_waited(_: Path) -> None:
    variables = {"MOCK_DATA_MAX_WAIT": "0.000001", "MOCK_DATA_TRANSPORT": "wire"}
    with method_of_mock_data(variables) as method:

        def one_is_refused() -> bool:
            calls = [method.future(REQUEST, timeout=LIMIT_SECONDS) for _ in range(500)]
            return any("waited too long" in (call.details() or "") for call in calls)

        wait_until(one_is_refused, "a call of many is refused")


@effect_of("--max-call-duration")
def ends_a_call_that_takes_too_long(_: Path) -> None:
    variables = {
        "MOCK_DATA_MAX_CALL_DURATION": "0.2",
        "MOCK_DATA_DELAY": FOREVER,
        "MOCK_DATA_TRANSPORT": "wire",
    }
    with running("services/mock_data", environment=variables) as server:
        assert get_mock_user(server).code() is grpc.StatusCode.DEADLINE_EXCEEDED


@effect_of("--max-connection-idle")
def closes_an_idle_connection(_: Path) -> None:
    environment = {"MOCK_DATA_MAX_CONNECTION_IDLE": "0.2"}
    with (
        running("services/mock_data", environment=environment) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        states: list[grpc.ChannelConnectivity] = []
        channel.subscribe(states.append)
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        assert method(REQUEST, timeout=LIMIT_SECONDS) == KRITHIK
        wait_until(lambda: states[-1:] == [grpc.ChannelConnectivity.IDLE], "it is closed")


@effect_of("--max-connection-age-grace")
def ends_calls_on_an_old_connection(_: Path) -> None:
    variables = {
        "MOCK_DATA_MAX_CONNECTION_AGE": "0.2",
        "MOCK_DATA_MAX_CONNECTION_AGE_GRACE": "0.2",
        "MOCK_DATA_DELAY": FOREVER,
    }
    with running("services/mock_data", environment=variables) as server:
        assert get_mock_user(server).code() is grpc.StatusCode.UNAVAILABLE


@effect_of("--max-connection-age")
def lets_its_callers_connect_anew(_: Path) -> None:
    with (
        running(
            "services/mock_data", environment={"MOCK_DATA_MAX_CONNECTION_AGE": "0.1"}
        ) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData

        def has_come_anew() -> bool:
            method(REQUEST, timeout=LIMIT_SECONDS, wait_for_ready=True)
            return len({line["peer"] for line in server.calls()}) > 1

        wait_until(has_come_anew, "calls come over another connection")


@effect_of("--grace", "--drain-delay")
def drains_for_a_while_and_then_waits_for_no_call(_: Path) -> None:
    variables = {
        "MOCK_DATA_DELAY": FOREVER,
        "MOCK_DATA_DRAIN_DELAY": "0.25",
        "MOCK_DATA_GRACE": "0",
    }
    with (
        running("services/mock_data", environment=variables) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        call = method.future(REQUEST, timeout=LIMIT_SECONDS)
        assert server.stop() == 0
        assert call.exception() is not None
        (stopping,) = (line for line in server.log() if line["event"] == "stopping")
        assert (stopping["grace_s"], stopping["drain_delay_s"]) == (0, 0.25)


@effect_of("--ready-file", "--log-format")
def writes_the_ready_file_and_json(folder: Path) -> None:
    ready, log = folder / "ready", folder / "log"
    variables = {
        "ORC1_LISTEN": "127.0.0.1:0",
        "ORC1_READY_FILE": str(ready),
        "ORC1_LOG_FORMAT": "json",
    }
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command_line("services/orc1"), env=os.environ | variables, stderr=stderr
        )
    try:
        wait_until(ready.exists, "the server serves")
        address = ready.read_text().strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
    assert f'"address":"{address}"' in log.read_text()


@effect_of("--log-level")
def logs_no_more_than_it_is_told(_: Path) -> None:
    with running("services/mock_data", environment={"MOCK_DATA_LOG_LEVEL": "warning"}) as server:
        assert get_mock_user(server).result() == KRITHIK
        assert server.stop() == 0
        assert server.log() == []


@effect_of("--metrics-address")
def serves_metrics(_: Path) -> None:
    variables = {"ORC1_METRICS_ADDRESS": "127.0.0.1:0"}
    with running("services/orc1", environment=variables) as server:
        url = f"http://{server.metrics_address}/metrics"
        with urlopen(url, timeout=LIMIT_SECONDS) as response:
            assert b"process_open_fds" in response.read()


@effect_of("--metrics-allow-caller")
def serves_metrics_by_name(folder: Path) -> None:
    authority = Authority(folder)
    variables = serve_with(authority.issue("server"))
    variables["MOCK_DATA_TLS_CLIENT_CA"] = str(authority.certificate)
    variables["MOCK_DATA_METRICS_ADDRESS"] = "127.0.0.1:0"
    variables["MOCK_DATA_METRICS_ALLOW_CALLER"] = "prometheus.example *.trusted.example"
    with running("services/mock_data", environment=variables) as server:
        url = f"https://{server.metrics_address}/metrics"
        for name, status in (("any.trusted.example", 200), ("orc2.example", 403)):
            pair = authority.issue(name, names=[name])
            context = ssl.create_default_context(cafile=authority.certificate)
            context.load_cert_chain(pair.certificate, pair.key)
            try:
                with urlopen(url, timeout=LIMIT_SECONDS, context=context) as response:
                    assert response.status == status
            except HTTPError as error:
                if error.code != status:
                    raise
        (refused,) = (line for line in server.log() if line["event"] == "metrics refused")
        assert (refused["caller"], refused["times"]) == ("orc2.example", 1)


@effect_of("--log-level-file")
def takes_its_log_level_from_a_file(folder: Path) -> None:
    file = folder / "level"
    file.write_text("warning")
    variables = {"MOCK_DATA_LOG_LEVEL_FILE": str(file)}
    with running("services/mock_data", "--log-level", "info", environment=variables) as server:
        get_mock_user(server)
        assert server.stop() == 0
        assert server.log() == []


@effect_of("--otlp-endpoint")
def sends_traces(_: Path) -> None:
    with collecting() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        with running("services/mock_data", environment=variables) as server:
            get_mock_user(server)
            assert server.stop() == 0
        assert len(collector.spans) == 1


@effect_of("--reflection")
def leaves_reflection_out(_: Path) -> None:
    with (
        running("services/orc1", environment={"ORC1_REFLECTION": "false"}) as server,
        grpc.insecure_channel(server.address) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        ProtoReflectionDescriptorDatabase(channel).get_services()
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


@effect_of("--channelz")
def offers_channelz(_: Path) -> None:
    environment = {"ORC1_CHANNELZ": "1", "ORC1_TRANSPORT": "grpcio"}
    with (
        running("services/orc1", environment=environment) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = channelz_pb2_grpc.ChannelzStub(channel)
        assert stub.GetServers(channelz_pb2.GetServersRequest(), timeout=LIMIT_SECONDS).server


@pytest.mark.parametrize("check", dict.fromkeys(EFFECTS.values()), ids=lambda check: check.__name__)
def test_a_server_configured_by_its_environment(check: Check, tmp_path: Path) -> None:
    check(tmp_path)


class TestHelp:
    @pytest.fixture(params=SERVICES)
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @staticmethod
    def options(name: str) -> dict[str, str]:
        """Each option's paragraph, on one line, by the option's first name."""
        ended = run_to_end(f"services/{name}", "--help")
        assert ended.returncode == 0
        paragraphs = re.split(r"\n  (?=--)", ended.stdout)[1:]
        options = [" ".join(paragraph.split()) for paragraph in paragraphs]
        return {re.split(r"[ /]", text, maxsplit=1)[0]: text for text in options}

    @pytest.mark.parametrize("server", NAMES)
    def test_every_option_has_a_test_of_its_effect(self, server: str) -> None:
        options = set(self.options(server)) - {"--help", "--version"}
        assert options <= set(EFFECTS)
        of_upstreams = {"--upstream", "--default-timeout", "--health-follows-upstream"}
        only = {"--delay"} if server == "mock_data" else of_upstreams
        assert only <= options

    def test_every_option_names_its_environment_variable(self, name: str) -> None:
        for option, text in self.options(name).items():
            if option not in {"--help", "--version"}:
                variable = f"{name}_{option.removeprefix('--')}".upper().replace("-", "_")
                expected = {"--otlp-endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT"}.get(option, variable)
                assert f"env var: {expected};" in text or f"env var: {expected}]" in text

    def test_no_test_is_for_an_option_that_is_gone(self) -> None:
        assert set(EFFECTS) <= {option for name in NAMES for option in self.options(name)}

    def test_the_version_is_printed(self, name: str) -> None:
        ended = run_to_end(f"services/{name}", "--version")
        assert ended.returncode == 0
        assert re.fullmatch(rf"{name}, version \d+\.\d+\.\d+( \(.+\))?\n", ended.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--listen 9000", "HOST:PORT"),
        ("--listen 127.0.0.1:65536", "0 to 65535"),
        ("--listen ::1:9000", "brackets"),
        ("--listen [::g]:9000", "IPv6"),
        ("--listen unix:", "unix:/path"),
        ("--upstream 127.0.0.1", "HOST:PORT"),
        ("--upstream 127.0.0.1:0", "port 0"),
        ("--upstream :9001", "no host"),
        ("--upstream http://127.0.0.1:9001", "unknown scheme"),
        ("--upstream ipv4:localhost:9001", "dns:///"),
        ("--default-timeout 0", "more than 0"),
        ("--default-timeout inf", "more than 0"),
        ("--grace -1", "0 or more"),
        ("--grace nan", "0 or more"),
        ("--grace soon", "number of seconds"),
        ("--drain-delay -0.1", "0 or more"),
        ("--max-connection-age 0", "more than 0"),
        ("--max-connection-age 1000001", "at most 1000000"),
        ("--max-concurrent-rpcs 0", "x>=1"),
        ("--allow-caller orc1", "--tls-client-ca"),
        ("--metrics-allow-caller prometheus", "--metrics-address"),
        ("--max-concurrent-rpcs many", "not a valid integer"),
        ("--log-format xml", "'text', 'json'"),
        ("--metrics-address unix:/m", "HOST:PORT"),
        ("--otlp-endpoint collector:4317", "http://HOST:PORT"),
        ("--otlp-endpoint ftp://collector:4317", "http://HOST:PORT"),
        ("--ready-file /", "is a directory"),
        ("--ready-file=", "the path is empty"),
        ("--tls-certificate=", "the path is empty"),
        ("--no-such-option", "No such option"),
        ("extra", "unexpected extra argument"),
        ("--insecure=maybe", "does not take a value"),
    ],
)
def test_a_wrong_value_is_one_line_and_exit_code_2(arguments: str, said: str) -> None:
    ended = run_to_end("services/orc1", *arguments.split(" "))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("orc1: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ORC1_LISTEN", "9000"), ("ORC1_GRACE", "soon"), ("ORC1_INSECURE", "maybe")],
)
def test_a_wrong_variable_is_one_line_and_exit_code_2(variable: str, value: str) -> None:
    ended = run_to_end("services/orc1", environment={variable: value})
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    option = "--" + variable.removeprefix("ORC1_").lower()
    assert option in ended.stderr


def test_the_command_line_goes_before_the_environment() -> None:
    ended = run_to_end("services/orc1", "--listen", "1", environment={"ORC1_LISTEN": "2"})
    assert "'1'" in ended.stderr


class TestCannotStart:
    """One line with the reason, and exit code 1."""

    @staticmethod
    def reason(*arguments: str, **environment: str) -> str:
        ended = run_to_end("services/orc1", *arguments, environment=environment)
        assert ended.returncode == 1, ended.stderr
        *log, line = ended.stderr.splitlines()
        assert all("level=" in logged for logged in log)
        return line

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
    def test_a_taken_port(self, host: str) -> None:
        with running("services/mock_data", "--listen", f"{host}:0") as other:
            reason = self.reason("--listen", other.address)
        said = "Address already in use. Choose another with --listen"
        assert reason == f"orc1: cannot listen on {other.address}: {said}"

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
    def test_a_name_of_two_addresses_of_which_one_is_taken(self, host: str) -> None:
        with running("services/mock_data", "--listen", f"{host}:0") as other:
            port = other.address.rpartition(":")[2]
            reason = self.reason("--listen", f"localhost:{port}")
        assert "Address already in use" in reason

    def test_a_metrics_address_that_is_none(self) -> None:
        reason = self.reason(*ANY_PORT, "--metrics-address", "no..such:0", "--insecure")
        assert reason.startswith("orc1: cannot serve metrics on no..such:0: ")

    def test_an_address_of_another_machine(self) -> None:
        reason = self.reason("--listen", "192.0.2.1:0", "--insecure")
        assert "Cannot assign requested address" in reason

    def test_a_name_that_is_no_address(self) -> None:
        reason = self.reason("--listen", "no..such:0", "--insecure")
        assert reason.startswith("orc1: cannot listen on no..such:0: ")

    def test_an_unwritable_ready_file(self, tmp_path: Path) -> None:
        ready = tmp_path / "missing" / "ready"
        reason = self.reason(*ANY_PORT, "--ready-file", str(ready))
        assert reason == f"orc1: cannot write --ready-file {ready}: No such file or directory"

    def test_an_upstream_whose_name_cannot_exist(self) -> None:
        # No resolver is needed: DNS has no empty labels.
        reason = self.reason(*ANY_PORT, "--insecure", "--upstream", "no..such:9001")
        assert reason.startswith("orc1: --upstream no..such:9001: there is no host 'no..such'")


class TestUnixSocket:
    ADDRESS = "unix:socket"

    @pytest.fixture(autouse=True)
    def _in_its_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The whole path can be longer than the kernel accepts.
        monkeypatch.chdir(tmp_path)

    def test_serves(self) -> None:
        with running("services/mock_data", "--listen", self.ADDRESS) as server:
            assert server.address == self.ADDRESS
            assert get_mock_user(server).result() == KRITHIK

    def test_is_an_upstream(self) -> None:
        with (
            running("services/mock_data", "--listen", self.ADDRESS),
            running("services/orc2", "--upstream", self.ADDRESS) as orc2,
        ):
            assert get_user(orc2).result() == KRITHIK

    def test_a_socket_left_by_a_dead_server_is_taken_over(self) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind("socket")
        with running("services/mock_data", "--listen", self.ADDRESS) as server:
            assert get_mock_user(server).result() == KRITHIK

    def test_a_socket_of_a_living_server_is_left_alone(self) -> None:
        with running("services/mock_data", "--listen", self.ADDRESS) as server:
            ended = run_to_end("services/mock_data", "--listen", self.ADDRESS)
            assert ended.returncode == 1
            assert "another process serves" in ended.stderr
            assert get_mock_user(server).result() == KRITHIK

    def test_a_file_that_is_no_socket_is_left_alone(self) -> None:
        letter = Path("letter")
        letter.write_text("dear")
        ended = run_to_end("services/mock_data", "--listen", "unix:letter")
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert letter.read_text() == "dear"


@pytest.mark.parametrize("host", ["[::1]", "localhost"])
def test_every_spelling_of_loopback_serves(host: str) -> None:
    with running("services/mock_data", "--listen", f"{host}:0") as server:
        assert get_mock_user(server).result() == KRITHIK
        with grpc.insecure_channel(server.address) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest()
            assert stub.Check(request, timeout=LIMIT_SECONDS).status == 1
