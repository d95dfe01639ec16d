"""`cc_symbols`: what Bazel 7 has for C++ as symbols of its own, and Bazel 9 in rules_cc alone.

The rules_cc of WORKSPACE, which Debian has too, does not have them yet.
"""

_OF_BAZEL = """\
symbols = struct(cc_common = cc_common, CcToolchainConfigInfo = CcToolchainConfigInfo)
"""

_OF_RULES = """\
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")

symbols = struct(cc_common = cc_common, CcToolchainConfigInfo = CcToolchainConfigInfo)
"""

def _cc_symbols_impl(ctx):
    ctx.file("BUILD.bazel")
    ctx.file("symbols.bzl", _OF_RULES if ctx.attr.of_rules_cc else _OF_BAZEL)

cc_symbols = repository_rule(
    implementation = _cc_symbols_impl,
    attrs = {"of_rules_cc": attr.bool(doc = "Whether rules_cc has them.")},
)
