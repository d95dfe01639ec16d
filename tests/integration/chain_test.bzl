"""`chain_test`: one test file over the real servers, once on each transport."""

load("//bazel:both_transports.bzl", "both_transports")
load("//bazel:pytest_test.bzl", "pytest_test")

def chain_test(name, deps = [], data = []):
    """Declares the test on each transport.

    Args:
      name: name of the file, without `.py`.
      deps: what the test imports, //testing excepted.
      data: what the test needs, the servers excepted.
    """
    both_transports(
        name = name,
        size = "medium",
        data = ["//services"] + data,
        test = pytest_test,
        deps = ["//testing"] + deps,
    )
