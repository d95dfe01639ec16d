"""The module extension that makes the repository `cpython`."""

load("//bazel/python:host_cpython.bzl", "host_cpython")

def _cpython_impl(_ctx):
    host_cpython(
        name = "cpython",
        bootstrap_template = "@rules_python//python/private:python_bootstrap_template.txt",
        prefix = "python_3_11_",
    )

cpython = module_extension(implementation = _cpython_impl)
