"""`gate`: a program that looks at all files of one kind and fails if it does not like them."""

load("@rules_python//python:defs.bzl", "py_test")

def gate(name, arguments, sources, data = [], advice = "", **kwargs):
    """A test that runs programs over the sources of the whole workspace.

    Args:
      name: name of the test.
      arguments: the command, or commands divided by `;`.
      sources: the filegroup of the files; `arguments` has it as `$(rootpaths …)`.
      data: the programs and their configuration.
      advice: what to do about what the gate finds.
      **kwargs: further attributes of py_test.
    """
    py_test(
        name = name,
        size = "small",
        srcs = ["run.py"],
        args = arguments,
        data = data + sources,
        env = {"ADVICE": advice},
        main = "run.py",
        **kwargs
    )
