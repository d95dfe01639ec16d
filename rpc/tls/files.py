"""The files that TLS is set up with: which there are, and whether they can be used."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from rpc.core.errors import UsageError
from rpc.core.option_types import FILE
from rpc.core.setting import setting


class TlsError(UsageError):
    """Certificates or keys that cannot be used. The message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """What a server shows its callers and asks of them.

    Attributes:
        certificate: PEM file with the server's certificate chain, its own certificate first.
        key: PEM file with the certificate's private key.
        client_ca: PEM file with the authorities whose client certificates are accepted. With
            it a caller without such a certificate is refused (mTLS). Without it none is asked.
    """

    certificate: Path = setting(
        "PEM certificate chain; read again when the file changes.", type=FILE, default=None
    )
    key: Path = setting("PEM key of that certificate.", type=FILE, default=None)
    client_ca: Path | None = setting(
        "PEM file of authorities; callers must show a certificate of theirs (mTLS).",
        type=FILE,
        default=None,
    )

    def __post_init__(self) -> None:
        """Refuses one file without the other."""
        if not self.certificate or not self.key:
            raise TlsError("--tls-certificate and --tls-key go together, --tls-client-ca with both")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTls:
    """What a channel asks of a server and shows it.

    Attributes:
        ca: PEM file with the authorities that may have signed the server's certificate. None
            for the machine's own list.
        certificate: PEM file with the certificate chain to show (mTLS). None for none.
        key: PEM file with that certificate's private key.
        server_name: the name that the server's certificate must bear, where it is not the
            target's own.
    """

    ca: Path | None = setting(
        "PEM file of the authorities for {peer}; the machine's own by default.",
        type=FILE,
        default=None,
    )
    certificate: Path | None = setting(
        "PEM certificate chain to show to {peer} (mTLS).", type=FILE, default=None
    )
    key: Path | None = setting("PEM key of that certificate.", type=FILE, default=None)
    server_name: str | None = setting(
        "Name that the certificate must bear, where it is not the target's.",
        type=str,
        metavar="NAME",
        default=None,
    )

    def __post_init__(self) -> None:
        """Refuses one file without the other."""
        if (self.certificate is None) != (self.key is None):
            raise TlsError("a client certificate and its key go together; give both or neither")


def read_pair(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    """The PEM of a key and of its certificate chain, in this order.

    Raises:
        TlsError: a file cannot be read, or the two do not belong together.
    """
    pair = _read(key, "PRIVATE KEY"), _read(certificate, "CERTIFICATE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The empty password makes an encrypted key an error; without it OpenSSL asks for one.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise TlsError(
            f"{key} is not the unencrypted key of the certificate in {certificate}"
        ) from error
    return pair


def read_authorities(file: Path) -> bytes:
    """The PEM of a list of authorities.

    Raises:
        TlsError: the file cannot be read.
    """
    pem = _read(file, "CERTIFICATE")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as error:
        raise TlsError(f"{file} holds a certificate that cannot be read") from error
    return pem


def _read(file: Path, label: str) -> bytes:
    try:
        pem = file.read_bytes()
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}") from error
    if f"{label}-----".encode() not in pem:
        raise TlsError(f"{file} holds no PEM block of type {label}")
    return pem
