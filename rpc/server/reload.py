"""SIGHUP: the certificates and the log level are read anew."""

from typing import TYPE_CHECKING

from rpc.core.errors import UsageError
from rpc.telemetry.log_setup import get_logger, set_log_level
from rpc.telemetry.settings import TelemetrySettings
from rpc.tls.file_reloader import expire_all

if TYPE_CHECKING:
    from rpc.telemetry.access_log import AccessLog


class Reload:
    """Reads anew what is in files. What cannot be used leaves the old in its place, with a line.

    Attributes:
        access_log: follows the level too. None before the server serves.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        """Takes what names the file with the level."""
        self._settings = settings
        self.access_log: AccessLog | None = None

    def run(self) -> None:
        """Does it, with a line at the old level and a line at the new one."""
        get_logger().info("reloading", signal="SIGHUP")
        expire_all()
        try:
            level = self._settings.read_log_level()
        except UsageError as error:
            get_logger().warning("keeping the old log level", reason=str(error))
            return
        set_log_level(level)
        if self.access_log is not None:
            self.access_log.set_level(level)
        get_logger().info("reloaded", log_level=level)
