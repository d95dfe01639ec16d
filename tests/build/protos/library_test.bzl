"""`library_test`: a python_grpc_library of greeting.proto can be imported and is as it was asked for."""

load("//bazel:pytest_test.bzl", "pytest_test")
load("//bazel:python_grpc_library.bzl", "python_grpc_library")

def library_test(name, modules = ["greeting_pb2_grpc"], hint = "", **kwargs):
    """Makes a library and tests it.

    Args:
      name: name of the test.
      modules: the names by which the library's gRPC module can be imported.
      hint: what its .pyi file of messages says of a name; nothing: there is no such file.
      **kwargs: attributes of the library.
    """
    library = name.removeprefix("test_")
    python_grpc_library(
        name = library,
        testonly = True,
        protos = [":greeting_proto"],
        **kwargs
    )
    pytest_test(
        name = name,
        srcs = ["test_library.py"],
        env = {
            "HINT": hint,
            "MODULES": " ".join(modules),
        },
        # By names that are in MODULES.
        tags = ["unimported-deps"],
        deps = [":" + library],
    )
