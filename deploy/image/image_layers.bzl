"""`image_layers`: programs and all that they run on, as the layers of a container image."""

load("//bazel:programs.bzl", "executables")

def _is_dependency(file):
    return file.short_path.startswith("../")

def _layer(ctx, name, files, programs):
    layer = ctx.actions.declare_file(name)
    members = ctx.actions.args()
    members.use_param_file("%s", use_always = True)
    members.set_param_file_format("multiline")
    members.add_all(files, map_each = _member, expand_directories = False)
    ctx.actions.run(
        arguments = [layer.path, ctx.workspace_name, members] + [program.short_path for program in programs],
        executable = ctx.executable._write_layer,
        # A set of names is compiled in the order of their hashes.
        env = {"PYTHONHASHSEED": "0"},
        inputs = files,
        mnemonic = "ImageLayer",
        outputs = [layer],
        progress_message = "Writing %{output}",
    )
    return layer

def _member(file):
    return "{}\t{}".format(file.short_path, file.path)

def _image_layers_impl(ctx):
    runfiles = ctx.runfiles().merge_all([
        program[DefaultInfo].default_runfiles
        for program in ctx.attr.programs
    ])
    files = runfiles.files.to_list()
    dependencies = [file for file in files if _is_dependency(file)]
    application = [file for file in files if not _is_dependency(file)]
    programs = executables(ctx.attr.programs)
    return DefaultInfo(files = depset([
        _layer(ctx, "dependencies.tar", dependencies, []),
        _layer(ctx, "application.tar", application, programs),
    ]))

image_layers = rule(
    implementation = _image_layers_impl,
    attrs = {
        "programs": attr.label_list(
            doc = "The py_binary and `programs` targets; each program is found in the image's PATH by its name.",
            mandatory = True,
        ),
        "_write_layer": attr.label(
            default = "//deploy/image:write_layer",
            cfg = "exec",
            executable = True,
        ),
    },
    doc = """Writes two tar files, the same to the byte on each machine.

`dependencies.tar` has the interpreter and the packages, and changes when a pin does;
`application.tar` has this workspace's own files. Both are layers for //deploy:Containerfile.""",
)
