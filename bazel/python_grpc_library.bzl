"""`python_grpc_library`: messages, stubs and servicers of `proto_library` targets, for Python.

It has the attributes of rules_proto_grpc_python's rule of the same name. That one builds protoc,
the plugin and grpcio from C++ source; this one takes protoc from the grpcio-tools wheel, and the
runtime from pip, where the rest of the program has it from.
"""

load("@protobuf//bazel/common:proto_info.bzl", "ProtoInfo")
load("@pypi//:requirements.bzl", "requirement")
load(
    "@rules_proto_grpc//:defs.bzl",
    "ProtoPluginInfo",
    "bazel_build_rule_common_attrs",
    "proto_compile_attrs",
    "proto_compile_impl",
    "proto_compile_toolchains",
)
load("@rules_python//python:defs.bzl", "py_library")

_ELSEWHERE = """the code of {} is imported from the folder "{}" and would lie in "{}":
put python_grpc_library and its proto_library beside the .proto file, or set output_mode = "PREFIXED"."""

# As protoc's plugins for Python make it of the path by which a .proto file is imported.
def _module_folder(source, proto_info):
    root = proto_info.proto_source_root + "/"
    path = source.path[len(root):] if source.path.startswith(root) else source.short_path
    module = path.removesuffix(".proto").replace("-", "_").replace(".", "/")
    return module.rpartition("/")[0]

# NO_PREFIX_FLAT writes all modules into one folder, which has to be that of their imports.
def _check_flat(ctx):
    written = "/".join([part for part in [ctx.label.package, ctx.attr.prefix_path] if part])
    for proto in ctx.attr.protos:
        for source in proto[ProtoInfo].direct_sources:
            imported = _module_folder(source, proto[ProtoInfo])
            if imported != written:
                fail(_ELSEWHERE.format(source.owner, imported, written))

def _compile_impl(ctx):
    if ctx.attr.output_mode == "NO_PREFIX_FLAT":
        _check_flat(ctx)
    return proto_compile_impl(ctx)

_PLUGINS = [
    Label("//bazel/proto:python_plugin"),
    Label("//bazel/proto:grpc_python_plugin"),
]

_PYI_PLUGINS = [
    Label("//bazel/proto:mypy_plugin"),
    Label("//bazel/proto:mypy_grpc_plugin"),
]

_never_run = Label("//bazel/proto:never_run.sh")

def _compile_rule(plugins):
    return rule(
        implementation = _compile_impl,
        attrs = proto_compile_attrs | {
            "_plugins": attr.label_list(
                cfg = "exec",
                default = plugins,
                providers = [ProtoPluginInfo],
            ),
            # rules_proto_grpc hands the action protoc's executable and not its runfiles. Naming
            # protoc here adds them: generated code is made anew whenever any part of protoc changes.
            "_protoc": attr.label(
                cfg = "exec",
                default = Label("//bazel/proto:protoc"),
                executable = True,
            ),
            "_fixer": attr.label(
                allow_files = True,
                cfg = "exec",
                default = _never_run,
                executable = True,
            ),
            "_merger": attr.label(
                allow_files = True,
                cfg = "exec",
                default = _never_run,
                executable = True,
            ),
        },
        toolchains = proto_compile_toolchains,
    )

python_grpc_compile = _compile_rule(_PLUGINS)
python_grpc_pyi_compile = _compile_rule(_PLUGINS + _PYI_PLUGINS)

# A module is imported by the path of its .proto file, below a root; with `prefix_path` below that
# folder, too: the generated modules import each other without it.
def _import_roots(generated, output_mode, prefix_path):
    if output_mode == "NO_PREFIX_FLAT":
        return []  # the workspace
    root = generated if output_mode == "PREFIXED" else "."
    return [root, root + "/" + prefix_path] if prefix_path else [root]

def python_grpc_library(name, protos, generate_pyi = True, srcs = [], deps = [], data = [], **kwargs):
    """A py_library of the code that protoc generates for gRPC.

    `//proto:user_py_grpc` made of `proto/user.proto` is imported by
    `from proto import user_pb2, user_pb2_grpc`.

    Args:
      name: name of the py_library.
      protos: proto_library targets of this package, whose .proto files lie in its folder. With
        `output_mode = "PREFIXED"` any: the code is then written under a folder `<name>_pb` that is
        put on the import path, as the package itself is with "NO_PREFIX". A folder of the
        workspace that has an `__init__.py` hides one of the same name there.
      generate_pyi: also write `.pyi` files, for messages, stubs and servicers.
      srcs: Python files to go with the generated ones, such as the package's `__init__.py`.
      deps: further dependencies of the py_library, such as the python_grpc_library of an
        imported .proto file.
      data: files that the library needs when it runs.
      **kwargs: the attributes of rules_proto_grpc's compile rules (options, verbose, prefix_path,
        extra_protoc_args, extra_protoc_files, extra_plugins, output_mode) go to protoc's action
        (`options` names a plugin by `@//bazel/proto:mypy_plugin`, say); common attributes go to
        both targets, all others to the py_library.
    """
    compile_attrs = {
        attr: kwargs.pop(attr)
        for attr in proto_compile_attrs
        if attr in kwargs
    }
    common_attrs = {
        attr: kwargs[attr]
        for attr in bazel_build_rule_common_attrs
        if attr in kwargs
    }
    compile_attrs.setdefault("output_mode", "NO_PREFIX_FLAT")
    generated = name + "_pb"
    compile = python_grpc_pyi_compile if generate_pyi else python_grpc_compile
    compile(
        name = generated,
        protos = protos,
        **(compile_attrs | common_attrs)
    )
    roots = _import_roots(generated, compile_attrs["output_mode"], compile_attrs.get("prefix_path"))
    py_library(
        name = name,
        srcs = srcs + [generated],
        data = data,
        deps = deps + [
            requirement("grpcio"),
            requirement("protobuf"),
        ],
        imports = roots + kwargs.pop("imports", []),
        **kwargs
    )
