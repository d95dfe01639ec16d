"""The servers' command-line options; each is an environment variable too."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from rpc.cli.option_types import (
    COLLECTOR_URL,
    FILE,
    HOST_PORT,
    LISTEN,
    SECONDS,
    SECONDS_ABOVE_ZERO,
    TARGET,
)
from rpc.server.settings import ServerSettings
from rpc.tls.credentials import ChannelTls, ServerTls, TlsError
from rpc.upstream.channel import ChannelSettings

import click

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

OTLP_ENDPOINT: Option = click.option(
    "--otlp-endpoint",
    type=COLLECTOR_URL,
    envvar="OTEL_EXPORTER_OTLP_ENDPOINT",
    metavar="URL",
    help="OTLP/gRPC collector to send traces to, as http://127.0.0.1:4317.",
)
"""Turns traces on, in servers and clients alike."""


def server_options(port: int, upstream_port: int | None) -> list[Option]:
    """The options of a server.

    Args:
        port: that it listens on by default.
        upstream_port: that its upstream listens on by default; None if it has no upstream.
    """
    upstream = [] if upstream_port is None else _upstream_options(upstream_port)
    return [*_listening_options(port), *upstream, *_life_cycle_options(), *_insight_options()]


def channel_options(option: str, default: str, what: str, prefix: str = "") -> list[Option]:
    """The options that say where and how to reach a server.

    Args:
        option: name of the option for the target.
        default: target by default.
        what: what is at the target, for the help texts.
        prefix: what the names of the options for TLS begin with.
    """
    return [
        click.option(
            f"--{option}",
            type=TARGET,
            default=default,
            help=f"Where {what} is: HOST:PORT, dns:///HOST:PORT, unix:PATH or, for several"
            " replicas, ipv4:ADDRESS:PORT,… .",
        ),
        click.option(
            f"--{prefix}tls",
            is_flag=True,
            help=f"Speak TLS to {what}; implied by the options below.",
        ),
        click.option(
            f"--{prefix}tls-ca",
            type=FILE,
            help=f"PEM file of the authorities for {what}; the machine's own by default.",
        ),
        click.option(
            f"--{prefix}tls-certificate",
            type=FILE,
            help=f"PEM certificate chain to show to {what} (mTLS).",
        ),
        click.option(f"--{prefix}tls-key", type=FILE, help="PEM key of that certificate."),
        click.option(
            f"--{prefix}tls-server-name",
            metavar="NAME",
            help="Name that the certificate must bear, where it is not the target's.",
        ),
    ]


def channel_settings(
    option: str, values: dict[str, Any], *, insecure: bool, prefix: str = ""
) -> ChannelSettings:
    """Takes what `channel_options` gave out of a command's values."""
    target: str = values.pop(option)
    start = f"{prefix}tls".replace("-", "_")
    wanted: bool = values.pop(start)
    parts = ("ca", "certificate", "key", "server_name")
    given = {part: values.pop(f"{start}_{part}") for part in parts}
    tls = ChannelTls(**given) if wanted or any(given.values()) else None
    return ChannelSettings(target=target, tls=tls, insecure=insecure)


def server_settings(name: str, values: dict[str, Any]) -> ServerSettings:
    """Takes what `server_options` gave out of a command's values; what is left is the command's.

    Raises:
        TlsError: a certificate without its key, or client authorities without a certificate.
    """
    tls = _server_tls(values)
    if "upstream" in values:
        insecure: bool = values["insecure"]
        values["upstream"] = channel_settings(
            "upstream", values, insecure=insecure, prefix="upstream-"
        )
    names = [field.name for field in fields(ServerSettings) if field.name in values]
    return ServerSettings(name=name, tls=tls, **{name: values.pop(name) for name in names})


def _server_tls(values: dict[str, Any]) -> ServerTls | None:
    certificate, key = values.pop("tls_certificate"), values.pop("tls_key")
    client_ca = values.pop("tls_client_ca")
    if certificate and key:
        return ServerTls(certificate=certificate, key=key, client_ca=client_ca)
    if certificate or key or client_ca:
        raise TlsError("--tls-certificate and --tls-key go together, --tls-client-ca with both")
    return None


def _listening_options(port: int) -> list[Option]:
    return [
        click.option(
            "--listen",
            type=LISTEN,
            default=f"127.0.0.1:{port}",
            help="HOST:PORT or unix:PATH to listen on; port 0 lets the kernel choose.",
        ),
        click.option(
            "--reuse-port",
            is_flag=True,
            help="Share the port with other processes that say so too.",
        ),
        click.option(
            "--tls-certificate",
            type=FILE,
            help="PEM certificate chain; read again when the file changes.",
        ),
        click.option("--tls-key", type=FILE, help="PEM key of that certificate."),
        click.option(
            "--tls-client-ca",
            type=FILE,
            help="PEM file of authorities; callers must show a certificate of theirs (mTLS).",
        ),
        click.option(
            "--insecure",
            is_flag=True,
            help="Allow plaintext beyond loopback: to listen, for metrics, and to the upstream.",
        ),
    ]


def _upstream_options(port: int) -> list[Option]:
    return [
        *channel_options("upstream", f"127.0.0.1:{port}", "the upstream", "upstream-"),
        click.option(
            "--default-timeout",
            type=SECONDS_ABOVE_ZERO,
            default=5.0,
            help="Time for an upstream call whose caller brought no deadline.",
        ),
    ]


def _life_cycle_options() -> list[Option]:
    return [
        click.option(
            "--max-concurrent-rpcs",
            type=click.IntRange(min=1),
            default=1000,
            help="Calls answered at once; past it RESOURCE_EXHAUSTED.",
        ),
        click.option(
            "--max-connection-age",
            type=SECONDS_ABOVE_ZERO,
            help="Time after which callers are asked to connect anew, and so find new replicas.",
        ),
        click.option(
            "--grace",
            type=SECONDS,
            default=5.0,
            help="Time that calls in flight get to finish on SIGTERM or SIGINT.",
        ),
        click.option(
            "--drain-delay",
            type=SECONDS,
            default=0.0,
            help="Time between saying NOT_SERVING and taking no more calls.",
        ),
        click.option(
            "--ready-file", type=FILE, help="File to write the bound address to once serving."
        ),
    ]


def _insight_options() -> list[Option]:
    return [
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            help="Form of the log on stderr.",
        ),
        click.option(
            "--metrics-address",
            type=HOST_PORT,
            help="Address to serve Prometheus metrics on, at /metrics.",
        ),
        OTLP_ENDPOINT,
        click.option("--reflection/--no-reflection", default=True, help="Offer grpc.reflection."),
        click.option("--channelz/--no-channelz", default=True, help="Offer grpc.channelz."),
    ]
