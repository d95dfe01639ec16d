"""Validates files against check-jsonschema's built-in schemas."""

from pathlib import Path

from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner


def is_valid(file: Path, schema: str) -> bool:
    """True if a file satisfies its schema.

    Args:
        file: JSON or YAML.
        schema: name of a built-in schema, such as `vendor.renovate`.

    Raises:
        AssertionError: the check itself failed. The message says why.
    """
    result = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(file)])
    assert result.exit_code in {0, 1}, result.output
    return result.exit_code == 0
