"""`programs`: several programs as one target, which has all that they run on."""

ProgramsInfo = provider(
    "Programs.",
    fields = {"executables": "list of their files"},
)

def executables(targets):
    """The programs among targets, each of which is a program or a `programs`.

    Args:
      targets: the targets.

    Returns:
      The files that one starts.
    """
    return [
        file
        for target in targets
        for file in (
            target[ProgramsInfo].executables if ProgramsInfo in target else [target[DefaultInfo].files_to_run.executable]
        )
    ]

def _programs_impl(ctx):
    targets = ctx.attr.programs
    files = executables(targets)
    return [
        DefaultInfo(
            files = depset(files),
            runfiles = ctx.runfiles().merge_all([target[DefaultInfo].default_runfiles for target in targets]),
        ),
        OutputGroupInfo(python_zip_file = depset(
            transitive = [target[OutputGroupInfo].python_zip_file for target in targets],
        )),
        ProgramsInfo(executables = files),
        # Else `bazel coverage` would not count the lines that these programs run.
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["programs"]),
    ]

programs = rule(
    implementation = _programs_impl,
    attrs = {"programs": attr.label_list(doc = "py_binary targets.", mandatory = True)},
)
