"""`pytest_test`: one test target for one pytest file."""

load("@pypi//:requirements.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_test")

def _timeout(size, tags):
    if size in ["large", "enormous"]:
        return None  # Bazel's for that size
    return "moderate" if "slow" in tags else "short"

def pytest_test(name, srcs = None, size = "small", timeout = None, args = [], data = [], deps = [], **kwargs):
    """A py_test that runs one pytest file by pytest-bazel.

    `--test_filter=EXPRESSION` (pytest's -k, in which Class.method is a name too), sharding
    (`shard_count`) and JUnit XML (test.xml) work. A run that finds no test fails: with a filter,
    name the target too.

    Args:
      name: name of the target; `test_x` for `test_x.py`.
      srcs: the one test file, `<name>.py` if not given.
      size: Bazel's test size: what of the machine the test takes.
      timeout: how long it takes on an idle machine: "short", up to a minute, where it is small or
        medium; with the tag `slow` "moderate", up to five. A test that hangs ends shortly before
        its target's time does (.bazelrc), with a traceback; `--test_arg=--timeout=SECONDS` is
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
        timeout = timeout or _timeout(size, kwargs.get("tags") or []),
        srcs = srcs + [Label("//bazel/pytest:run.py")],
        main = Label("//bazel/pytest:run.py"),
        args = ["$(rootpath {})".format(srcs[0])] + args,
        data = data + srcs + [Label("//:pyproject.toml")],
        deps = deps + [
            requirement("pytest"),
            requirement("pytest-asyncio"),
            requirement("pytest-bazel"),
            requirement("pytest-shard"),
            requirement("pytest-timeout"),
        ],
        **kwargs
    )
