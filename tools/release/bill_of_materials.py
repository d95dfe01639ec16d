"""The bill of materials of a release: CycloneDX 1.6, from the files with its pinned parts."""

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
    version: str, commit: str, committed: datetime, requirements: str, module: str
) -> str:
    """The bill as JSON. The same arguments make the same bytes.

    Args:
        version: of the release.
        commit: the release's.
        committed: when.
        requirements: text of requirements.txt.
        module: text of MODULE.bazel.
    """
    url = PackageURL("generic", None, _NAME, version)
    subject = _component(url, ComponentType.APPLICATION)
    bill = Bom(
        components=[_component(url) for url in (*_packages(requirements), *_modules(module))],
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


def _modules(module: str) -> Iterator[PackageURL]:
    for call in calls(module, "bazel_dep"):
        yield PackageURL("bazel", None, call.named["name"], call.named["version"])
    for call in calls(module, "npm.package"):
        for name in call.named["integrity"]:
            scope, _, rest = name.rpartition("/")
            yield PackageURL("npm", scope or None, rest, call.named["version"])
    for call in calls(module, "python.single_version_override"):
        yield PackageURL("generic", None, "cpython", call.named["python_version"])
