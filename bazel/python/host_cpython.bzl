"""`host_cpython`: the interpreter of the building machine, by one name on both routes.

rules_python names it differently in WORKSPACE and as a module, and its start script lies in Bazel
itself or in the rule set.
"""

load("//bazel:platform.bzl", "platform")

_TRIPLES = {
    "linux_aarch64": "aarch64-unknown-linux-gnu",
    "linux_x86_64": "x86_64-unknown-linux-gnu",
    "macos_aarch64": "aarch64-apple-darwin",
    "macos_x86_64": "x86_64-apple-darwin",
}

# Of this platform only: a query would download the files of all platforms.
_BUILD = """\
package(default_visibility = ["//visibility:public"])

alias(
    name = "files",
    actual = "@{repository}//:files",
)

alias(
    name = "python3",
    actual = "@{repository}//:bin/python3",
)

alias(
    name = "bootstrap_template",
    actual = "{bootstrap_template}",
)
"""

def _host_cpython_impl(ctx):
    name = platform(ctx.os.name, ctx.os.arch)
    if name not in _TRIPLES:
        fail("there is no CPython for {} on {}".format(ctx.os.name, ctx.os.arch))
    ctx.file("BUILD.bazel", _BUILD.format(
        bootstrap_template = ctx.attr.bootstrap_template,
        repository = ctx.attr.prefix + _TRIPLES[name],
    ))

host_cpython = repository_rule(
    implementation = _host_cpython_impl,
    attrs = {
        "bootstrap_template": attr.string(
            doc = "Label of the start script of a py_binary.",
            mandatory = True,
        ),
        "prefix": attr.string(
            doc = "Of rules_python's names of its repositories for each platform.",
            mandatory = True,
        ),
    },
)
