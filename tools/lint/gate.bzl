"""`gate`: a program that looks at all files of one kind and fails if it does not like them."""

load("@rules_python//python:defs.bzl", "py_test")

# For a test that reads the workspace itself, and finds there what no BUILD file names. Bazel does
# not know what it reads, so it runs each time, and where the workspace is.
READS_WORKSPACE = [
    "external",
    "no-remote-exec",
]

def gate(name, arguments, data = [], advice = "", **kwargs):
    """A test that runs programs over files of the workspace.

    Args:
      name: name of the test.
      arguments: the command, or commands divided by `;`. A word as `{python}` stands for all files
        of the kind.
      data: the programs.
      advice: what to do about what the gate finds.
      **kwargs: further attributes of py_test.
    """
    py_test(
        name = name,
        size = "small",
        srcs = ["run.py"],
        args = arguments,
        data = data,
        env = {"ADVICE": advice},
        main = "run.py",
        tags = READS_WORKSPACE,
        deps = [Label("//tools/lint:workspace")],
        **kwargs
    )
