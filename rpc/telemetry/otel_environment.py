"""OpenTelemetry's environment variables: those heeded, and their values.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ has the variables.
An unusable value is taken out of the environment, before the SDK reads it. The log then has a line,
and the default counts. The specification requires this: telemetry must not stop a program.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote

from rpc.core.option_types import collector_url
from rpc.core.trace_context import PROPAGATORS

_logger = logging.getLogger(__name__)

Check = Callable[[str], str | None]
"""Returns what a value should be, where it is unusable."""

_MEMBERS = re.compile(r"\s*[^\s=,]+\s*=[^,]*(?:,\s*(?:[^\s=,]+\s*=[^,]*)?)*")

# Decoded. The SDK makes small letters of the names.
# https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md has the rule.
_HEADER_NAME = re.compile(r"[0-9A-Za-z_.-]+")
_HEADER_VALUE = re.compile(r"[ -~]*")


class Complaint(NamedTuple):
    """Why a variable is not heeded.

    Attributes:
        variable: its name.
        why: in words, without its value: it may be a secret.
    """

    variable: str
    why: str


def heed_environment() -> None:
    """Takes out of the environment what cannot be used, with a line of the log for each."""
    for complaint in take_out_unusable(os.environ):
        _logger.warning("%s is ignored: %s", complaint.variable, complaint.why)


def take_out_unusable(environment: MutableMapping[str, str]) -> list[Complaint]:
    """Takes unusable variables out of an environment, and logs why."""
    complaints = [
        Complaint(name, why)
        for name in sorted(environment)
        if name.startswith("OTEL_") and (why := _complaint(name, environment[name])) is not None
    ]
    for complaint in complaints:
        del environment[complaint.variable]
    # The specification has both, and the SDK refuses them.
    for name in [name for name in environment if name.startswith("OTEL_")]:
        value = environment[name].strip().lower()
        if not value or (value == "none" and name.endswith("_COMPRESSION")):
            del environment[name]
    return [*complaints, *_fit_batches(environment)]


_QUEUE, _BATCH = "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
_DEFAULT_QUEUE, _DEFAULT_BATCH = 2048, 512


def _fit_batches(environment: MutableMapping[str, str]) -> list[Complaint]:
    """Makes batches as small as the queue: the SDK refuses larger ones, those by default too."""
    queue = int(environment.get(_QUEUE, _DEFAULT_QUEUE))
    if int(environment.get(_BATCH, _DEFAULT_BATCH)) <= queue:
        return []
    is_set = environment.pop(_BATCH, None) is not None
    environment[_BATCH] = str(min(queue, _DEFAULT_BATCH))
    return [Complaint(_BATCH, f"{_QUEUE} is smaller")] if is_set else []


def _complaint(name: str, value: str) -> str | None:
    if not value.strip():
        return None
    for pattern, why in NOT_HEEDED.items():
        if re.fullmatch(pattern, name):
            return why
    check = HEEDED.get(name)
    return None if check is None else check(value.strip())


def _words(*words: str) -> Check:
    listed = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
    told = f"only {listed} can be had"
    return lambda value: None if value.lower() in words else told


def _whole(least: int) -> Check:
    told = f"it is no whole number from {least} on"
    return lambda value: None if re.fullmatch("[0-9]{1,9}", value) and int(value) >= least else told


def _span(value: str) -> str | None:
    is_number = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value)
    return None if is_number and float(value) > 0 else "it is no number above 0"


def _ratio(value: str) -> str | None:
    with suppress(ValueError):
        if 0 <= float(value) <= 1:
            return None
    return "it is no number from 0 to 1"


def _url(value: str) -> str | None:
    try:
        collector_url(value)
    except ValueError:
        return "it is not http://HOST:PORT or https://HOST:PORT"
    return None


def _file(value: str) -> str | None:
    try:
        with open(value, "rb"):  # noqa: PTH123  # what the SDK does
            return None
    except (OSError, ValueError) as error:
        return f"the file cannot be read: {getattr(error, 'strerror', error)}"


def _members(value: str) -> str | None:
    return None if _MEMBERS.fullmatch(value) else "it is no list of key=value"


def _headers(value: str) -> str | None:
    pairs = [member.partition("=") for member in value.split(",") if member.strip()]
    can_be_sent = all(
        _HEADER_NAME.fullmatch(unquote(name).strip()) and _HEADER_VALUE.fullmatch(unquote(text))
        for name, _, text in pairs
    )
    return _members(value) or (None if can_be_sent else "it has a header that gRPC cannot send")


def _propagators(value: str) -> str | None:
    unknown = {name.strip() for name in value.split(",")} - PROPAGATORS
    return f"only {', '.join(sorted(PROPAGATORS))} can be had" if unknown else None


def _anything(_: str) -> None:
    return None


_OF_EXPORTERS: dict[str, Check] = {
    "ENDPOINT": _url,
    "PROTOCOL": _words("grpc"),
    "COMPRESSION": _words("gzip", "none"),
    "TIMEOUT": _span,
    "INSECURE": _words("true", "false"),
    "CERTIFICATE": _file,
    "CLIENT_KEY": _file,
    "CLIENT_CERTIFICATE": _file,
    "HEADERS": _headers,
}


def _of_exporters() -> Iterator[tuple[str, Check]]:
    for signal in ("", "TRACES_", "METRICS_"):
        for name, check in _OF_EXPORTERS.items():
            yield f"OTEL_EXPORTER_OTLP_{signal}{name}", check


HEEDED: dict[str, Check] = {
    "OTEL_SDK_DISABLED": _words("true", "false"),
    "OTEL_SERVICE_NAME": _anything,
    "OTEL_RESOURCE_ATTRIBUTES": _members,
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": _anything,
    "OTEL_PROPAGATORS": _propagators,
    "OTEL_PYTHON_CONTEXT": _words("contextvars_context"),
    "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": _words("true", "false"),
    **dict(_of_exporters()),
    "OTEL_TRACES_EXPORTER": _words("otlp", "none"),
    "OTEL_TRACES_SAMPLER": _words(
        *("always_on", "always_off", "traceidratio", "parentbased_always_on"),
        *("parentbased_always_off", "parentbased_traceidratio"),
    ),
    "OTEL_TRACES_SAMPLER_ARG": _ratio,
    "OTEL_BSP_SCHEDULE_DELAY": _whole(1),
    "OTEL_BSP_EXPORT_TIMEOUT": _whole(1),
    "OTEL_BSP_MAX_QUEUE_SIZE": _whole(1),
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": _whole(1),
    "OTEL_ATTRIBUTE_COUNT_LIMIT": _whole(0),
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": _whole(0),
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": _whole(0),
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": _whole(0),
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": _whole(0),
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": _whole(0),
    "OTEL_SPAN_EVENT_COUNT_LIMIT": _whole(0),
    "OTEL_SPAN_LINK_COUNT_LIMIT": _whole(0),
    "OTEL_METRICS_EXPORTER": _words("otlp", "none"),
    "OTEL_METRICS_EXEMPLAR_FILTER": _words("always_on", "always_off", "trace_based"),
    "OTEL_METRIC_EXPORT_INTERVAL": _whole(1),
    "OTEL_METRIC_EXPORT_TIMEOUT": _whole(1),
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": _words("cumulative"),
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": _words("explicit_bucket_histogram"),
    "OTEL_LOGS_EXPORTER": _words("none"),
}
"""What is heeded, with what its values are."""

NOT_HEEDED: dict[str, str] = {
    r"OTEL_EXPORTER_OTLP_LOGS_.*|OTEL_BLRP_.*|OTEL_LOGRECORD_.*": "the log goes to stderr",
    "OTEL_LOG_LEVEL": "--log-level says it",
    "OTEL_EXPORTER_PROMETHEUS_.*": "--metrics-address says it",
    "OTEL_EXPORTER_ZIPKIN_.*": "traces go over OTLP",
    "OTEL_CONFIG_FILE": "there is no configuration by file",
    r"OTEL_PYTHON_(?!CONTEXT$|SDK_INTERNAL_METRICS_ENABLED$).*": "it means nothing here",
}
"""What the SDK knows and a program of ours does without, by pattern, with the reason."""


def traces_collector(told: str | None) -> str | None:
    """The collector of traces. None for none.

    Args:
        told: by `--otlp-endpoint`.
    """
    if _is_disabled() or _exporter("TRACES") == "none":
        return None
    return _endpoint("TRACES", told) or (_DEFAULT if _exporter("TRACES") == "otlp" else None)


def metrics_collector(told: str | None) -> str | None:
    """The collector of metrics. None for none, where `OTEL_METRICS_EXPORTER` wants none.

    Args:
        told: by `--otlp-endpoint`.
    """
    if _is_disabled() or _exporter("METRICS") != "otlp":
        return None
    return _endpoint("METRICS", told) or _DEFAULT


_DEFAULT = "http://localhost:4317"


def _endpoint(signal: str, told: str | None) -> str | None:
    general = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    own = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    # The option has the general variable's value where the command line says nothing.
    values = (own, told, general) if told == general else (told, own, general)
    return next((collector_url(value) for value in values if value and _url(value) is None), None)


def _is_disabled() -> bool:
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _exporter(signal: str) -> str:
    return os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
