"""The coreutils toolchain that rules_proto_grpc copies with; it reads `coreutils_info.bin` only."""

def _coreutils_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(coreutils_info = struct(bin = ctx.file.binary))]

coreutils_toolchain = rule(
    implementation = _coreutils_toolchain_impl,
    attrs = {"binary": attr.label(allow_single_file = True, mandatory = True)},
)
