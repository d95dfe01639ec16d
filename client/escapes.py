"""Text from servers made fit for a terminal: it moves no cursor, rings no bell, hides no letter."""

import unicodedata

_GO_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_C0_CONTROL = 0x1F
_DELETE = 0x7F
_LAST_C1_CONTROL = 0x9F
_LAST_OF_FOUR_DIGITS = 0xFFFF

# Such as U+202E, which turns what follows around, U+200B, which has no width, and line separators.
_UNSEEN = {"Cf", "Zl", "Zp"}


def is_unseen(character: str) -> bool:
    """Whether a character is not one to look at, but changes how others look."""
    return unicodedata.category(character) in _UNSEEN


def quote(text: str) -> str:
    """Quotes a string as Go's prototext does: UTF-8 as it is, control characters escaped.

    Unlike Go's, it escapes unseen characters too.
    """
    return '"' + "".join(_go_character(character) for character in text) + '"'


def _go_character(character: str) -> str:
    if character in _GO_SHORT:
        return _GO_SHORT[character]
    code = ord(character)
    if code <= _LAST_C0_CONTROL or code == _DELETE:
        return f"\\x{code:02x}"
    if _DELETE < code <= _LAST_C1_CONTROL or is_unseen(character):
        return f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else f"\\U{code:08x}"
    return character


def printable(text: str) -> str:
    """Escapes what has no shape of its own, such as control characters and line breaks."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
