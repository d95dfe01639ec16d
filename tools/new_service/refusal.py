"""Why a service is not written, or not removed."""


class RefusalError(Exception):
    """Nothing was changed. The message says what to do."""
