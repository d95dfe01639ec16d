"""The module extension that makes the repository `cc_symbols`."""

load("//bazel/cc:cc_symbols.bzl", _cc_symbols = "cc_symbols")

def _cc_symbols_impl(_ctx):
    _cc_symbols(
        name = "cc_symbols",
        of_rules_cc = True,
    )

cc_symbols = module_extension(implementation = _cc_symbols_impl)
