"""TLS on each hop: admission, refusal, and changes of the files."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from proto import user_pb2, user_pb2_grpc
from testing.certificates import Authority, Pair
from testing.processes import ServerProcess, run_to_end, running
from testing.waiting import LIMIT_SECONDS, wait_until

KRITHIK = user_pb2.User(name="krithik", **{"class": "7"}, roll=70)
REFUSED_SECONDS = 1.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


@pytest.fixture
def mock_data(pair: Pair) -> Iterator[ServerProcess]:
    with running("services/mock_data", *serve_with(pair)) as server:
        yield server


def serve_with(pair: Pair) -> list[str]:
    return ["--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)]


def trust(authority: Authority, client: Pair | None = None) -> grpc.ChannelCredentials:
    key, chain = (
        (client.key.read_bytes(), client.certificate.read_bytes()) if client else (None,) * 2
    )
    return grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, chain)


def get_mock_user(server: ServerProcess, credentials: grpc.ChannelCredentials) -> user_pb2.User:
    with grpc.secure_channel(server.address, credentials) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        return method(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)


def get_user(orc2: ServerProcess, timeout: float = LIMIT_SECONDS) -> user_pb2.User:
    with grpc.insecure_channel(orc2.address) as channel:
        method = user_pb2_grpc.Orchestrator2ServiceStub(channel).GetUser
        return method(user_pb2.User(name="krithik"), timeout=timeout)


def assert_refused(server: ServerProcess, credentials: grpc.ChannelCredentials) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        get_mock_user(server, credentials)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_caller_that_trusts_the_authority_is_answered(
    authority: Authority, mock_data: ServerProcess
) -> None:
    assert get_mock_user(mock_data, trust(authority)) == KRITHIK


def test_a_caller_that_trusts_another_authority_turns_away(
    mock_data: ServerProcess, tmp_path: Path
) -> None:
    assert_refused(mock_data, trust(Authority(tmp_path, "another")))


def test_plaintext_is_refused(mock_data: ServerProcess) -> None:
    with grpc.insecure_channel(mock_data.address) as channel:
        method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
        with pytest.raises(grpc.RpcError) as raised:
            method(user_pb2.UserName(name="krithik"), timeout=LIMIT_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


def test_tls_1_2_is_spoken(authority: Authority, mock_data: ServerProcess) -> None:
    shake_hands(authority, mock_data, ssl.TLSVersion.TLSv1_2)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_not(authority: Authority, mock_data: ServerProcess) -> None:
    # The text of the server's refusal depends on OpenSSL and on timing.
    with pytest.raises(OSError, match=r"EOF|reset|ALERT_PROTOCOL_VERSION"):
        shake_hands(authority, mock_data, ssl.TLSVersion.TLSv1_1)


def shake_hands(authority: Authority, server: ServerProcess, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    # Otherwise OpenSSL does not offer the old version at all.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), LIMIT_SECONDS) as connection:
        context.wrap_socket(connection, server_hostname=host).close()


class TestMutualTls:
    @pytest.fixture
    def mock_data(self, authority: Authority, pair: Pair) -> Iterator[ServerProcess]:
        client_ca = ["--tls-client-ca", str(authority.certificate)]
        with running("services/mock_data", *serve_with(pair), *client_ca) as server:
            yield server

    def test_a_caller_with_a_certificate_is_answered(
        self, authority: Authority, mock_data: ServerProcess
    ) -> None:
        assert get_mock_user(mock_data, trust(authority, authority.issue("client"))) == KRITHIK

    def test_a_caller_without_one_is_refused(
        self, authority: Authority, mock_data: ServerProcess
    ) -> None:
        assert_refused(mock_data, trust(authority))

    def test_a_caller_with_a_strangers_certificate_is_refused(
        self, authority: Authority, mock_data: ServerProcess, tmp_path: Path
    ) -> None:
        stranger = Authority(tmp_path, "stranger").issue("stranger-client")
        assert_refused(mock_data, trust(authority, stranger))

    def test_an_upstream_requests_the_certificate_and_gets_it(
        self, authority: Authority, mock_data: ServerProcess
    ) -> None:
        client = authority.issue("client")
        arguments = [
            *("--upstream", mock_data.address),
            *("--upstream-tls-ca", str(authority.certificate)),
            *("--upstream-tls-certificate", str(client.certificate)),
            *("--upstream-tls-key", str(client.key)),
        ]
        with running("services/orc2", *arguments) as orc2:
            assert get_user(orc2) == KRITHIK


class TestUpstream:
    """The upstream's side: orc2 calls a mock_data over TLS."""

    def test_the_whole_chain_speaks_tls(
        self, authority: Authority, pair: Pair, mock_data: ServerProcess
    ) -> None:
        ca = ["--upstream-tls-ca", str(authority.certificate)]
        with (
            running(
                "services/orc2", *serve_with(pair), "--upstream", mock_data.address, *ca
            ) as orc2,
            running("services/orc1", *serve_with(pair), "--upstream", orc2.address, *ca) as orc1,
            grpc.secure_channel(orc1.address, trust(authority)) as channel,
        ):
            method = user_pb2_grpc.Orchestrator1ServiceStub(channel).GetUserByName
            request = user_pb2.UserName(name="krithik")
            assert method(request, timeout=LIMIT_SECONDS) == KRITHIK

    def test_an_upstream_of_another_name_is_not_called(self, authority: Authority) -> None:
        elsewhere = authority.issue("elsewhere", names=["elsewhere.example"])
        ca = ["--upstream-tls-ca", str(authority.certificate)]
        with running("services/mock_data", *serve_with(elsewhere)) as mock_data:
            upstream = ["--upstream", mock_data.address, *ca]
            with running("services/orc2", *upstream) as orc2:
                with pytest.raises(grpc.RpcError) as raised:
                    get_user(orc2, REFUSED_SECONDS)
                assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            name = ["--upstream-tls-server-name", "elsewhere.example"]
            with running("services/orc2", *upstream, *name) as orc2:
                assert get_user(orc2) == KRITHIK

    def test_the_machines_own_authorities_are_trusted_by_default(
        self, authority: Authority, mock_data: ServerProcess
    ) -> None:
        roots = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority.certificate)}
        upstream = ["--upstream", mock_data.address, "--upstream-tls"]
        with running("services/orc2", *upstream, environment=roots) as orc2:
            assert get_user(orc2) == KRITHIK


class TestReload:
    """The certificate of a running server follows its files."""

    def test_a_new_certificate_is_shown_to_the_next_caller(
        self, pair: Pair, mock_data: ServerProcess, tmp_path: Path
    ) -> None:
        successor = Authority(tmp_path, "successor")
        pair.replace_with(successor.issue("replacement"))
        assert get_mock_user(mock_data, trust(successor)) == KRITHIK
        assert any(line["event"] == "certificate reloaded" for line in mock_data.log())

    def test_a_pair_that_does_not_match_leaves_the_old_one_in_use(
        self, authority: Authority, pair: Pair, mock_data: ServerProcess
    ) -> None:
        right_key = pair.key.read_bytes()
        pair.key.write_bytes(authority.issue("other").key.read_bytes())
        assert get_mock_user(mock_data, trust(authority)) == KRITHIK
        events = [line["event"] for line in mock_data.log() if line["level"] == "warning"]
        assert len(events) == 1
        assert events[0].startswith("keeping the old certificate: ")
        assert str(pair.key) in events[0]

        pair.key.write_bytes(right_key)
        assert get_mock_user(mock_data, trust(authority)) == KRITHIK
        wait_until(
            lambda: any(line["event"] == "certificate reloaded" for line in mock_data.log()),
            "the pair that matches again is in use",
        )

    def test_files_that_are_gone_leave_the_old_pair_in_use(
        self, authority: Authority, pair: Pair, mock_data: ServerProcess
    ) -> None:
        credentials = trust(authority)
        pair.certificate.unlink()
        pair.key.unlink()
        assert get_mock_user(mock_data, credentials) == KRITHIK


class TestUnusableFiles:
    """One line with the file's name, and exit code 2."""

    @pytest.fixture
    def files(self, authority: Authority, tmp_path: Path) -> dict[str, str]:
        pair, other = authority.issue("server"), authority.issue("other")
        (tmp_path / "empty").touch()
        (tmp_path / "garbage").write_text(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        )
        return {
            "certificate": str(pair.certificate),
            "key": str(pair.key),
            "ca": str(authority.certificate),
            "other_key": str(other.key),
            **{name: str(tmp_path / name) for name in ("empty", "garbage", "missing")},
        }

    @pytest.mark.parametrize(
        ("arguments", "blamed", "why"),
        [
            ("--tls-certificate {missing} --tls-key {key}", "missing", "No such file"),
            ("--tls-certificate {certificate} --tls-key {missing}", "missing", "No such file"),
            ("--tls-certificate {empty} --tls-key {key}", "empty", "no PEM block"),
            ("--tls-certificate {key} --tls-key {certificate}", "certificate", "no PEM block"),
            (
                "--tls-certificate {garbage} --tls-key {key}",
                "garbage",
                "is not the unencrypted key",
            ),
            ("--tls-certificate {certificate} --tls-key {other_key}", "other_key", "is not the"),
            (
                "--tls-certificate {certificate} --tls-key {key} --tls-client-ca {missing}",
                "missing",
                "No such file",
            ),
            (
                "--tls-certificate {certificate} --tls-key {key} --tls-client-ca {garbage}",
                "garbage",
                "cannot be read",
            ),
            (
                "--tls-certificate {missing} --tls-key {key} --metrics-address 127.0.0.1:0",
                "missing",
                "No such file",
            ),
            ("--upstream-tls-ca {missing}", "missing", "No such file"),
            ("--upstream-tls-ca {garbage}", "garbage", "cannot be read"),
            (
                "--upstream-tls-certificate {certificate} --upstream-tls-key {other_key}",
                "other_key",
                "is not the",
            ),
        ],
    )
    def test_are_named(self, files: dict[str, str], arguments: str, blamed: str, why: str) -> None:
        given = arguments.format(**files).split()
        ended = run_to_end("services/orc1", "--listen", "127.0.0.1:0", *given)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert files[blamed] in ended.stderr
        assert why in ended.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            "--tls-certificate {certificate}",
            "--tls-key {key}",
            "--tls-client-ca {ca}",
            "--upstream-tls-certificate {certificate}",
            "--upstream-tls-key {key}",
        ],
    )
    def test_a_half_of_a_pair_is_no_use(self, files: dict[str, str], arguments: str) -> None:
        given = arguments.format(**files).split()
        ended = run_to_end("services/orc1", "--listen", "127.0.0.1:0", *given)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "together" in ended.stderr


class TestBeyondLoopback:
    """Plaintext stays on the machine unless the operator permits more."""

    @pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "host.example:0"])
    def test_listening_in_plaintext_is_refused(self, address: str) -> None:
        ended = run_to_end("services/mock_data", "--listen", address)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "--insecure" in ended.stderr

    def test_calling_in_plaintext_is_refused(self) -> None:
        upstream = ["--upstream", "ipv4:192.0.2.1:9001"]
        ended = run_to_end("services/orc1", "--listen", "127.0.0.1:0", *upstream)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "--insecure" in ended.stderr

    def test_tls_may_listen_everywhere(self, authority: Authority, pair: Pair) -> None:
        arguments = [*serve_with(pair), "--listen", "0.0.0.0:0"]
        with running("services/mock_data", *arguments) as server:
            port = server.address.rpartition(":")[2]
            with grpc.secure_channel(f"127.0.0.1:{port}", trust(authority)) as channel:
                method = user_pb2_grpc.MockUserDataServiceStub(channel).GetMockUserData
                request = user_pb2.UserName(name="krithik")
                assert method(request, timeout=LIMIT_SECONDS) == KRITHIK

    def test_insecure_may_too(self) -> None:
        arguments = ["--insecure", "--listen", "0.0.0.0:0", "--upstream", "ipv4:192.0.2.1:9001"]
        with running("services/orc1", *arguments) as server:
            assert server.stop() == 0
