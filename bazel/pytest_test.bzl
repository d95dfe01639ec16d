"""`pytest_test`: one test target for one pytest file."""

load("@pypi//:requirements.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_test")

def pytest_test(name, srcs = None, size = "small", args = [], data = [], deps = [], **kwargs):
    """A py_test that runs one pytest file by pytest-bazel.

    `--test_filter=EXPRESSION` (pytest's -k), sharding (`shard_count`) and JUnit XML (test.xml) work;
    a file in which pytest finds no test fails.

    Args:
      name: name of the target; `test_x` for `test_x.py`.
      srcs: the one test file, `<name>.py` if not given.
      size: Bazel's test size. A test that hangs ends shortly before its target's time does
        (`size`, `timeout`, `--test_timeout`), with a traceback; `--test_arg=--timeout=SECONDS` is
        another limit.
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
        args = ["$(rootpath {})".format(srcs[0])] + args,
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
