"""Addresses to listen on and targets to call: are they well formed, do they leave the machine?"""

import ipaddress
import re
from urllib.parse import unquote

from rpc.core.errors import UsageError

_MAX_PORT = 65535
# The kernel's limit, less the final zero byte.
_MAX_UNIX_PATH = 107
_PORT = re.compile(r"[0-9]{1,5}")
_TARGET_SCHEMES = ("dns", "ipv4", "ipv6", "unix")
_ADDRESS_VERSIONS = {"ipv4": 4, "ipv6": 6}


class AddressError(UsageError):
    """An unusable address. The message says what a good one looks like."""


def parse_listen(text: str) -> str:
    """Checks an address to listen on and returns it in gRPC's form.

    Takes `HOST:PORT`, `[IPV6]:PORT`, `:PORT` (loopback) or `unix:PATH`. Port 0 lets the
    kernel choose.

    Raises:
        AddressError: the text is none of these.
    """
    return _unix_socket(text) if text.startswith("unix:") else parse_host_port(text)


def parse_host_port(text: str) -> str:
    """Checks a `HOST:PORT`, `[IPV6]:PORT` or `:PORT`, and returns it with the host filled in.

    Raises:
        AddressError: the text is none of these.
    """
    host, port = split_host_port(text)
    return join_host_port(host or "127.0.0.1", port)


def _unix_socket(text: str) -> str:
    path = text.removeprefix("unix:")
    if not path or len(path.encode()) > _MAX_UNIX_PATH:
        limit = f"1 to {_MAX_UNIX_PATH} bytes"
        raise AddressError(f"{text!r} is not unix:/path/to/socket with a path of {limit}")
    return text


def split_host_port(text: str) -> tuple[str, int]:
    """Splits `HOST:PORT`. An IPv6 host stands in brackets. They are taken off.

    Raises:
        AddressError: there is no port, it is not in 0 to 65535, or the host is malformed.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > _MAX_PORT:
        raise AddressError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
    if host.startswith("[") and host.endswith("]"):
        return _ipv6(host[1:-1], text), int(port)
    if ":" in host or any(character.isspace() or character == "/" for character in host):
        raise AddressError(
            f"{text!r} is not HOST:PORT. Put an IPv6 host in brackets, as in [::1]:9000"
        )
    return host, int(port)


def _ipv6(host: str, text: str) -> str:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        raise AddressError(f"{text!r} has no valid IPv6 address between its brackets") from None
    return host


def join_host_port(host: str, port: int) -> str:
    """The inverse of `split_host_port`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_target(text: str) -> str:
    """Checks a gRPC target and returns it unchanged.

    The syntax is https://github.com/grpc/grpc/blob/master/doc/naming.md: `HOST:PORT`,
    `dns:///HOST:PORT`, `ipv4:ADDRESS:PORT,…`, `ipv6:[ADDRESS]:PORT,…` or `unix:PATH`.

    Raises:
        AddressError: the text is none of these.
    """
    scheme = text.partition(":")[0]
    for endpoint in endpoints(text):
        if not endpoint.startswith("unix:"):
            _require_callable(endpoint, scheme, text)
    return text


def _require_callable(endpoint: str, scheme: str, text: str) -> None:
    host, port = split_host_port(endpoint)
    if port == 0:
        raise AddressError(f"{text!r} has port 0, on which nothing can be called")
    if not host:
        raise AddressError(f"{text!r} names no host: write HOST:PORT")
    # gRPC finds out when it resolves the target, which is at the first call.
    if scheme in _ADDRESS_VERSIONS and _ip_version(host) != _ADDRESS_VERSIONS[scheme]:
        raise AddressError(f"{text!r}: {host!r} is no {scheme} address: for a name write dns:///")


def _ip_version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


def endpoints(target: str) -> list[str]:
    """The `HOST:PORT`s (or `unix:PATH`) in a target, without resolving anything.

    Raises:
        AddressError: the target is empty, or gRPC's resolvers lack its scheme.
    """
    if target.startswith("unix:"):
        return [_unix_socket(target)]
    scheme, _, rest = target.partition(":")
    if scheme not in _TARGET_SCHEMES:
        if "://" in target:
            known = ", ".join(_TARGET_SCHEMES)
            raise AddressError(f"{target!r}: unknown scheme: use one of {known}, or HOST:PORT")
        return [target]
    if scheme == "dns":
        return [unquote(rest.rpartition("/")[2])]
    return rest.removeprefix("//").removeprefix("/").split(",")


def is_loopback(address: str) -> bool:
    """Whether everything a listen address or target names stays on this machine.

    A host name other than `localhost` counts as elsewhere: what it resolves to can change.
    """
    return all(_endpoint_is_loopback(endpoint) for endpoint in endpoints(address))


def _endpoint_is_loopback(endpoint: str) -> bool:
    if endpoint.startswith("unix:"):
        return True
    host = split_host_port(endpoint)[0]
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def explain(error: OSError | UnicodeError) -> str:
    """Why an address cannot be listened on, in the kernel's words or the resolver's."""
    return getattr(error, "strerror", None) or str(error)
