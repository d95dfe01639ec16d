"""A copy of this workspace with as many services as wanted."""

import shutil
import subprocess
from pathlib import Path
from string import Template

CHAIN = 3
"""The workspace's own services: orc1, orc2, mock_data."""

_TEMPLATE = Path(__file__).with_name("template")
_SUFFIX = ".template"


def copy_checkout(checkout: Path, folder: Path) -> None:
    """Copies what is in a checkout, without what git ignores.

    Raises:
        subprocess.CalledProcessError: the folder is no git checkout.
    """
    for name in _files(checkout):
        source, copy = checkout / name, folder / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def _files(checkout: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(  # noqa: S603 (no shell, the words are fixed)
        command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name]


def add_services(folder: Path, services: int) -> None:
    """Adds services to a workspace, each in a package of its own, until it has so many.

    Each has a contract, a servicer and a test, as docs/adding-a-service.md says.

    Args:
        folder: the workspace.
        services: how many it shall have, those of the chain included.
    """
    for number in range(CHAIN + 1, services + 1):
        package = folder / f"service_{number:04}"
        if not package.exists():
            _write_service(package)


def _write_service(package: Path) -> None:
    package.mkdir()
    for template in sorted(_TEMPLATE.iterdir()):
        text = Template(template.read_text()).substitute(service=package.name)
        name = template.name.removesuffix(_SUFFIX).replace("service", package.name)
        (package / name).write_text(text)
