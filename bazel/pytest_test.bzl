"""`pytest_test`: one test target for one pytest file."""

load("@pypi//:requirements.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_test")

# pytest's own limit ends a test that hangs while there is still time for a traceback of it.
_TIMEOUTS = {
    "small": 60,
    "medium": 300,
    "large": 900,
    "enormous": 3600,
}
_TRACEBACK_SECONDS = 10

def pytest_test(name, srcs = None, size = "small", args = [], data = [], deps = [], **kwargs):
    """A py_test that runs one pytest file by pytest-bazel.

    `--test_filter=EXPRESSION` (pytest's -k), sharding (`shard_count`) and JUnit XML (test.xml) work;
    a file in which pytest finds no test fails.

    Args:
      name: name of the target; `test_x` for `test_x.py`.
      srcs: the one test file, `<name>.py` if not given.
      size: Bazel's test size. A single test has its time less a few seconds for a traceback.
      args: further arguments for pytest.
      data: files and programs that the test needs.
      deps: what the test imports, pytest's own plugins excepted.
      **kwargs: further attributes of py_test.
    """
    srcs = srcs or [name + ".py"]
    if len(srcs) != 1:
        fail("pytest_test {} has {} files; one target a file".format(name, len(srcs)))
    py_test(
        name = name,
        size = size,
        srcs = srcs + [Label("//bazel/pytest:run.py")],
        main = Label("//bazel/pytest:run.py"),
        args = [
            "$(rootpath {})".format(srcs[0]),
            "--timeout={}".format(_TIMEOUTS[size] - _TRACEBACK_SECONDS),
        ] + args,
        data = data + srcs + [Label("//:pytest.ini")],
        deps = deps + [
            requirement("pytest"),
            requirement("pytest-asyncio"),
            requirement("pytest-bazel"),
            requirement("pytest-shard"),
            requirement("pytest-timeout"),
        ],
        **kwargs
    )
