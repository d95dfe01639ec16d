"""The files of TLS: which there are, and which go together."""

from dataclasses import dataclass
from pathlib import Path

from rpc.core.errors import UsageError
from rpc.core.option_types import FILE, TEXT
from rpc.core.setting import setting


class TlsError(UsageError):
    """Unusable certificates or keys. The message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """What a server shows its callers and asks of them.

    Attributes:
        certificate: PEM file with the server's certificate chain, its own certificate first.
        key: PEM file with the certificate's private key.
        client_ca: PEM file with the authorities of accepted client certificates. With it a caller
            without such a certificate is refused (mTLS). Without it none is asked.
        crl: PEM file with the revocation lists of these authorities, one of each. A caller with a
            revoked certificate is refused. None for none.
    """

    certificate: Path = setting(
        "PEM certificate chain. Reloaded when the file changes.", type=FILE, default=None
    )
    key: Path = setting("PEM key of that certificate.", type=FILE, default=None)
    client_ca: Path | None = setting(
        "PEM file of authorities. Callers must show a certificate of theirs (mTLS).",
        type=FILE,
        default=None,
    )
    crl: Path | None = setting(
        "PEM file of these authorities' revocation lists, one of each. Needs --transport wire.",
        type=FILE,
        default=None,
    )

    def __post_init__(self) -> None:
        """Refuses one file without the other."""
        if not self.certificate or not self.key:
            raise TlsError("--tls-certificate and --tls-key go together, --tls-client-ca with both")
        if self.crl and not self.client_ca:
            raise TlsError("--tls-crl needs --tls-client-ca, whose lists it has")

    @property
    def files(self) -> tuple[Path | None, ...]:
        """All of them, with None for a missing one."""
        return self.certificate, self.key, self.client_ca, self.crl


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTls:
    """What a channel asks of a server and shows it.

    Attributes:
        ca: PEM file with the accepted authorities of the server's certificate. None for the
            machine's own list.
        certificate: PEM file with the certificate chain to show (mTLS). None for none.
        key: PEM file with the certificate's private key.
        server_name: the required name in the server's certificate, where it is not the target's
            own.
    """

    ca: Path | None = setting(
        "PEM file of the authorities for {peer}. The machine's own by default.",
        type=FILE,
        default=None,
    )
    certificate: Path | None = setting(
        "PEM certificate chain to show to {peer} (mTLS).", type=FILE, default=None
    )
    key: Path | None = setting("PEM key of that certificate.", type=FILE, default=None)
    server_name: str | None = setting(
        "Name in the certificate, if it differs from the target's.",
        type=TEXT,
        metavar="NAME",
        default=None,
    )

    def __post_init__(self) -> None:
        """Refuses one file without the other."""
        if (self.certificate is None) != (self.key is None):
            raise TlsError("a client certificate and its key go together: set both or neither")

    @property
    def files(self) -> tuple[Path | None, ...]:
        """All of them, with None for a missing one."""
        return self.ca, self.certificate, self.key
