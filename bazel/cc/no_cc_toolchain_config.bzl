"""The configuration of a C++ toolchain that compiles nothing."""

load("@cc_symbols//:symbols.bzl", "symbols")

def _no_cc_toolchain_config_impl(ctx):
    return symbols.cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        compiler = "none",
        target_cpu = "none",
        target_libc = "none",
        target_system_name = "none",
        toolchain_identifier = "none",
    )

no_cc_toolchain_config = rule(
    implementation = _no_cc_toolchain_config_impl,
    provides = [symbols.CcToolchainConfigInfo],
)
