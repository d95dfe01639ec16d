"""The bill of materials of a release: CycloneDX 1.6, from the files with its pinned parts."""

import platform
import re
from collections.abc import Iterator
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from tools.module_route.agreement import calls

_NAME = "orchestrator"
_LOCKED = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


def bill_of_materials(
    version: str, commit: str, committed: datetime, requirements: str, workspace: str
) -> str:
    """The bill as JSON. The same arguments and interpreter make the same bytes.

    Args:
        version: of the release.
        commit: the release's.
        committed: when.
        requirements: text of requirements.txt.
        workspace: text of WORKSPACE.
    """
    url = PackageURL("generic", None, _NAME, version)
    subject = _component(url, ComponentType.APPLICATION)
    bill = Bom(
        components=[_component(url) for url in (*_packages(requirements), *_others(workspace))],
        serial_number=uuid5(NAMESPACE_URL, f"{url}#{commit}"),
        metadata=BomMetaData(component=subject, timestamp=committed),
    )
    bill.register_dependency(subject, bill.components)
    return JsonV1Dot6(bill).output_as_string(indent=2) + "\n"


def _component(url: PackageURL, kind: ComponentType = ComponentType.LIBRARY) -> Component:
    return Component(
        name=url.name,
        group=url.namespace,
        version=url.version,
        type=kind,
        purl=url,
        # Else it is random.
        bom_ref=str(url),
    )


def _packages(requirements: str) -> Iterator[PackageURL]:
    for name, version in _LOCKED.findall(requirements):
        yield PackageURL("pypi", None, canonicalize_name(name), version)


def _others(workspace: str) -> Iterator[PackageURL]:
    # The image's interpreter is this program's.
    yield PackageURL("generic", None, "cpython", platform.python_version())
    for call in calls(workspace, "http_archive"):
        owner, name, _, _, tag, _ = call.named["urls"][0].split("/")[3:]
        yield PackageURL("github", owner, name, tag)
    for call in calls(workspace, "npm_package"):
        for name in call.named["integrity"]:
            scope, _, rest = name.rpartition("/")
            yield PackageURL("npm", scope or None, rest, call.named["version"])
