"""Binding: the bound address, or the reason for a failure."""

import socket
from pathlib import Path

from rpc.transports.grpcio.binding import bind
from rpc.transports.transport import BindError

import grpc
import pytest


async def test_the_port_that_the_kernel_chose_is_logged() -> None:
    host, _, port = bind(grpc.aio.server(), "127.0.0.1:0", None).rpartition(":")
    assert host == "127.0.0.1"
    assert int(port) > 0


async def test_ipv6_keeps_its_brackets() -> None:
    assert bind(grpc.aio.server(), "[::1]:0", None).startswith("[::1]:")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_taken_port_is_an_error(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        port = other.getsockname()[1]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        with pytest.raises(BindError, match=r"Address already in use\. Choose another with"):
            bind(grpc.aio.server(), address, None)


async def test_a_name_that_is_no_host_is_an_error() -> None:
    with pytest.raises(BindError, match=r"cannot listen on no\.\.such:0: "):
        bind(grpc.aio.server(), "no..such:0", None)


class TestUnixSocket:
    @pytest.fixture(autouse=True)
    def _in_its_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The whole path can be longer than the kernel takes.
        monkeypatch.chdir(tmp_path)

    async def test_is_bound(self) -> None:
        server = grpc.aio.server()
        assert bind(server, "unix:socket", None) == "unix:socket"
        await server.start()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("socket")

    async def test_with_a_server_behind_it_is_left_alone(self) -> None:
        with socket.socket(socket.AF_UNIX) as other:
            other.bind("socket")
            other.listen()
            with pytest.raises(BindError, match="another process serves on this socket"):
                bind(grpc.aio.server(), "unix:socket", None)

    async def test_in_a_missing_folder_is_an_error(self) -> None:
        with pytest.raises(BindError, match="No such file or directory"):
            bind(grpc.aio.server(), "unix:missing/socket", None)
