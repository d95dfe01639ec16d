"""`resilience_test`: one test target for one case of the resilience suite."""

load("//bazel:pytest_test.bzl", "pytest_test")

def resilience_test(name, deps = [], size = "medium", tags = [], cpus = 4, **kwargs):
    """A pytest_test over the real servers that prints its figures into the test log.

    Args:
      name: name of the target; `test_x` for `test_x.py`.
      deps: what the test imports, //testing and //tests/support excepted.
      size: Bazel's test size.
      tags: further tags.
      cpus: what it takes of a machine of two processors, which has four (.bazelrc). A test with
        bounds of time takes all of it.
      **kwargs: further attributes of pytest_test.
    """
    pytest_test(
        name = name,
        size = size,
        # pytest keeps the output of a test that passes to itself; the figures are that output.
        args = ["--capture=no"],
        data = [
            "//client",
            "//services",
        ],
        # Counting lines takes time that the bounds do not have.
        tags = tags + [
            "cpu:{}".format(cpus),
            "uncounted",
        ],
        deps = deps + [
            "//testing",
            "//tests/support",
        ],
        **kwargs
    )
