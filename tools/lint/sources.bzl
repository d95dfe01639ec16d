"""`sources()`: the files and Python targets of a package, for the gates of //tools/lint.

What it declares holds that of all packages below too, so //:sources is the whole workspace: a gate
cannot miss a file, and a package without `sources()` is an error.
"""

load("//tools/lint:python_targets.bzl", "checked_targets", "python_targets")

_BUILD_FILES = [
    "BUILD",
    "BUILD.bazel",
    "MODULE.bazel",
    "REPO.bazel",
    "WORKSPACE",
]

# Copies for editors: the gates look at what the build generates.
_GENERATED = [
    folder + "*_pb2" + ending
    for folder in ["", "**/"]
    for ending in [".py", ".pyi", "_grpc.py", "_grpc.pyi"]
]

# Left by tools, or each developer's own.
_NO_SOURCES = [
    ".*_cache",
    ".git",
    ".venv",
    "bazel-*",
    "node_modules",
    "user.bazelrc",
    # Made by //tools:editor.
    ".vscode",
    "pyrightconfig.json",
] + _GENERATED

_SourcesInfo = provider(
    "The files of a package and of those below it.",
    fields = {"files": "depset of files by kind: proto, python, shell, starlark, other"},
)

def _kind(file, scripts):
    if file in scripts or file.extension == "sh":
        return "shell"
    if file.extension in ["py", "pyi"]:
        return "python"
    if file.extension in ["bzl", "BUILD"] or file.basename in _BUILD_FILES:
        return "starlark"
    if file.extension == "proto":
        return "proto"
    return "other"

def _sources_impl(ctx):
    below = [package[_SourcesInfo].files for package in ctx.attr.packages]
    files = {}
    for kind in ["other", "proto", "python", "shell", "starlark"]:
        files[kind] = depset(
            [file for file in ctx.files.files if _kind(file, ctx.files.scripts) == kind],
            transitive = [package[kind] for package in below],
        )
    return [
        _SourcesInfo(files = files),
        OutputGroupInfo(**files),
    ]

_sources = rule(
    implementation = _sources_impl,
    attrs = {
        "files": attr.label_list(allow_files = True),
        "packages": attr.label_list(providers = [_SourcesInfo]),
        "scripts": attr.label_list(allow_files = True),
    },
)

def sources(name = "sources", scripts = [], repositories = {}):
    """Declares `:sources` and `:python_targets`. It comes last in a BUILD file, when all Python targets are known.

    Args:
      name: name of the files' target; the macro of the package above expects this one.
      scripts: shell scripts whose names do not end in `.sh`.
      repositories: names of the local repositories among the folders below.
    """

    # `**` at the top would wander through bazel-bin and .git.
    tops = native.glob(["*"], allow_empty = True, exclude = _NO_SOURCES, exclude_directories = 0)
    everything = ["*"] + [top + "/**" for top in tops]
    files = native.glob(
        everything,
        allow_empty = True,
        exclude = _NO_SOURCES + ["**/__pycache__/**"],
    )
    packages = native.subpackages(
        include = everything,
        allow_empty = True,
        exclude = _NO_SOURCES + [folder + below for folder in repositories for below in ["", "/**"]],
    )
    below = [
        "//{}:{{}}".format("/".join([part for part in [native.package_name(), package] if part]))
        for package in packages
    ] + [repository + "//:{}" for repository in repositories.values()]
    _sources(
        name = name,
        testonly = True,
        files = files,
        packages = [label.format("sources") for label in below],
        scripts = scripts,
        visibility = ["//visibility:public"],
    )
    python_targets(
        name = "python_targets",
        testonly = True,
        packages = [label.format("python_targets") for label in below],
        targets = checked_targets(native.existing_rules()),
        visibility = ["//visibility:public"],
    )
