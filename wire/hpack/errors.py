"""What can be wrong with a header block."""


class HpackError(Exception):
    """A block breaks RFC 7541. The connection ends with COMPRESSION_ERROR (RFC 9113, 4.3)."""


class HeaderListTooLarge(Exception):  # noqa: N818 - the condition's name in RFC 9113, 10.5.1.
    """A block is sound, and its field list is larger than what was announced.

    The table has what the block put into it, so the connection continues without the stream.
    """
