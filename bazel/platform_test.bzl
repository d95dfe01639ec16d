"""A test of `platform`."""

load("//bazel:platform.bzl", "platform")

_MACHINES = {
    ("linux", "aarch64"): "linux_aarch64",
    ("linux", "amd64"): "linux_x86_64",
    ("linux", "ppc64le"): None,
    ("mac os x", "aarch64"): "macos_aarch64",
    ("mac os x", "x86_64"): "macos_x86_64",
    ("windows 11", "amd64"): None,
}

def _platform_test_impl(_ctx):
    wrong = [
        "{} on {} is {}, not {}".format(arch, os, platform(os, arch), name)
        for (os, arch), name in _MACHINES.items()
        if platform(os, arch) != name
    ]
    return [AnalysisTestResultInfo(success = not wrong, message = "\n".join(wrong))]

platform_test = rule(
    implementation = _platform_test_impl,
    analysis_test = True,
)
