"""`resilience_test`: one test target for one case of the resilience suite."""

load("//bazel:pytest_test.bzl", "pytest_test")

def resilience_test(name, size = "medium", tags = [], alone = True, **kwargs):
    """A pytest_test over the real servers that prints its figures into the test log.

    Args:
      name: name of the target; `test_x` for `test_x.py`.
      size: Bazel's test size.
      tags: further tags.
      alone: whether its bounds are of time, so that no other test may run beside it.
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
        # Load and its bounds take the whole of a small machine.
        # And counting lines takes time that the bounds do not have.
        tags = tags + ["uncounted"] + (["cpu:2"] if alone else []),
        **kwargs
    )
