"""Files held against published schemas: those that are inside check-jsonschema."""

from pathlib import Path

from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner


def is_valid(file: Path, schema: str) -> bool:
    """Whether a file is as its schema says.

    Args:
        file: JSON or YAML.
        schema: name of a schema of check-jsonschema's own, as `vendor.renovate`.

    Raises:
        AssertionError: it cannot be told. The message says why.
    """
    result = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(file)])
    assert result.exit_code in {0, 1}, result.output
    return result.exit_code == 0
