"""The module extension over `npm_package`."""

load("//tools/npm:npm_package.bzl", "npm_package")

def _npm_impl(ctx):
    for module in ctx.modules:
        for package in module.tags.package:
            npm_package(
                name = package.name,
                integrity = package.integrity,
                programs = package.programs,
                version = package.version,
            )

npm = module_extension(
    implementation = _npm_impl,
    tag_classes = {"package": tag_class(attrs = {
        "integrity": attr.string_dict(mandatory = True),
        "name": attr.string(mandatory = True),
        "programs": attr.string_dict(mandatory = True),
        "version": attr.string(mandatory = True),
    })},
)
