"""A proto toolchain around any executable that takes protoc's arguments.

rules_proto's public macro works in its own repository only, and the rule behind it is private; the
struct it returns is the interface, with rules_proto and with protobuf's own rules alike.
"""

def _proto_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(proto = struct(
        allowlist_different_package = None,
        mnemonic = "GenProtoDescriptorSet",
        out_replacement_format_flag = "--descriptor_set_out=%s",
        output_files = "single",
        plugin = None,
        progress_message = "Generating Descriptor Set proto_library %{label}",
        proto_compiler = ctx.attr.proto_compiler.files_to_run,
        protoc_opts = [],
        provided_proto_sources = [],
        runtime = None,
    ))]

proto_toolchain = rule(
    implementation = _proto_toolchain_impl,
    attrs = {"proto_compiler": attr.label(cfg = "exec", executable = True, mandatory = True)},
)
