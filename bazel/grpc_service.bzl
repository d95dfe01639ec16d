"""`grpc_service`: the targets of a service, which has a folder of its own below //services."""

load("@rules_python//python:defs.bzl", "py_binary", "py_library")
load("//bazel:both_transports.bzl", "both_transports")
load("//bazel:pytest_test.bzl", "pytest_test")

def grpc_service(name, deps, test_deps = []):
    """Declares the program `:NAME`, its modules as `:library`, and its tests.

    `NAME.py` declares the service (`SERVICE`) and is the program's main. `test_NAME.py` tests the
    modules. `test_NAME_program.py`, where there is one, tests the program on each transport.

    Port and upstreams stand in `SERVICE` only. //services collects the services, so nothing else
    has to name this one.

    Args:
      name: name of the folder, the program and its file.
      deps: what the modules import, //rpc excepted.
      test_deps: what each test imports, `:library` excepted.
    """
    sources = native.glob(["*.py"], exclude = ["test_*.py"]) + [Label("//services:package")]
    imports = [Label("//rpc")] + deps
    py_library(
        name = "library",
        srcs = sources,
        visibility = ["//visibility:public"],
        deps = imports,
    )
    py_binary(
        name = name,
        srcs = sources,
        main = name + ".py",
        visibility = ["//visibility:public"],
        deps = imports,
    )
    pytest_test(
        name = "test_" + name,
        deps = [":library"] + test_deps,
    )
    program_test = "test_{}_program".format(name)
    if native.glob([program_test + ".py"], allow_empty = True):
        both_transports(
            name = program_test,
            size = "medium",
            data = [":" + name],
            test = pytest_test,
            deps = test_deps,
        )
