"""What the Python targets of the workspace are made of, for //tools/lint:dependencies."""

PythonTargetsInfo = provider(
    "Python targets, and those that they depend on.",
    fields = {"targets": "depset of structs: kind, label, roots, deps, tags, files"},
)

_PYTHON_RULES = [
    "py_binary",
    "py_library",
    "py_test",
]

_UNCHECKED = [
    "manual",
    # The check cannot look at itself.
    "checks-python-targets",
]

def checked_targets(rules):
    """Names of the Python targets in `native.existing_rules()`, but those out of `//...`."""
    return [
        rule["name"]
        for rule in rules.values()
        if rule["kind"] in _PYTHON_RULES and not [tag for tag in _UNCHECKED if tag in rule["tags"]]
    ]

# As one writes it in a BUILD file; a package's repository has another name as a module's.
def _text(label):
    name = label.workspace_name
    if "pypi_311_" in name:
        name = "pypi_" + name.split("pypi_311_")[-1]
    repository = "@" + name if name else ""
    return "{}//{}:{}".format(repository, label.package, label.name)

def _python_targets_aspect_impl(target, ctx):
    deps = [dep for dep in getattr(ctx.rule.attr, "deps", []) if PythonTargetsInfo in dep]
    below = [dep[PythonTargetsInfo].targets for dep in deps]
    if ctx.rule.kind not in _PYTHON_RULES:
        return [PythonTargetsInfo(targets = depset(transitive = below))]

    folder = target.label.workspace_root.replace("external/", "../") + "/" + target.label.package
    own = struct(
        kind = ctx.rule.kind,
        label = _text(target.label),
        roots = tuple([folder.strip("/") + "/" + path for path in ctx.rule.attr.imports]),
        deps = tuple([_text(dep.label) for dep in deps]),
        tags = tuple(ctx.rule.attr.tags),
        files = tuple(ctx.rule.files.srcs + [
            file
            for file in ctx.rule.files.data
            # Compiled modules, and what a plugin plugs into.
            if file.extension == "so" or file.basename == "entry_points.txt"
        ]),
    )
    return [PythonTargetsInfo(targets = depset([own], transitive = below))]

python_targets_aspect = aspect(
    implementation = _python_targets_aspect_impl,
    attr_aspects = ["deps"],
)

def _lines(target):
    return (
        ["target " + target.label, "kind " + target.kind] +
        ["dep " + dep for dep in target.deps] +
        ["root " + root for root in target.roots] +
        ["tag " + tag for tag in target.tags] +
        ["file " + file.short_path for file in target.files]
    )

def _python_targets_impl(ctx):
    targets = depset(transitive = [
        dep[PythonTargetsInfo].targets
        for dep in ctx.attr.targets + ctx.attr.packages
    ])
    return [PythonTargetsInfo(targets = targets)]

python_targets = rule(
    doc = "The Python targets of a package and of those below it.",
    implementation = _python_targets_impl,
    attrs = {
        "packages": attr.label_list(providers = [PythonTargetsInfo]),
        "targets": attr.label_list(aspects = [python_targets_aspect]),
    },
)

def _python_manifest_impl(ctx):
    targets = ctx.attr.targets[PythonTargetsInfo].targets
    manifest = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args().set_param_file_format("multiline")
    ctx.actions.write(manifest, args.add_all(targets, map_each = _lines))
    return [DefaultInfo(
        files = depset([manifest]),
        runfiles = ctx.runfiles([manifest] + [
            file
            for target in targets.to_list()
            for file in target.files
            if not file.short_path.startswith("../") or file.basename == "entry_points.txt"
        ]),
    )]

python_manifest = rule(
    doc = "A file that says what Python targets there are, and of what files and deps each is made.",
    implementation = _python_manifest_impl,
    attrs = {"targets": attr.label(mandatory = True, providers = [PythonTargetsInfo])},
)
