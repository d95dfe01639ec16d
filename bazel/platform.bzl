"""The names by which this workspace knows platforms: OS_CPU, as Bazel's constraints call both."""

_CPUS = {
    "aarch64": "aarch64",
    "amd64": "x86_64",
    "arm64": "aarch64",
    "x86_64": "x86_64",
}

def platform(os, arch):
    """The platform of a machine.

    Args:
      os: `repository_ctx.os.name`.
      arch: `repository_ctx.os.arch`.

    Returns:
      Its name, or None if it is neither Linux nor macOS, or its processor is another.
    """
    name = {"linux": "linux", "mac os x": "macos"}.get(os.lower())
    cpu = _CPUS.get(arch.lower())
    return "{}_{}".format(name, cpu) if name and cpu else None
