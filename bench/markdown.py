"""Tables as Markdown."""

from collections.abc import Sequence


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table as Markdown, its columns aligned to read well on a terminal too."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    ]
    head, *body = [f"| {' | '.join(line)} |" for line in padded]
    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return "\n".join([head, rule, *body])
