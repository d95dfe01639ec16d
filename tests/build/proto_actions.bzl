"""What a python_grpc_library and its proto_library run, as a file that a test can read."""

_ActionsInfo = provider("The actions of a target that run protoc.", fields = ["actions"])

_MNEMONICS = [
    "ProtoCompile",
    "GenProtoDescriptorSet",
]

def _proto_actions_aspect_impl(target, ctx):
    own = [
        {
            "arguments": action.argv[1:],
            "command": action.argv[0],
            "inputs": sorted([file.path for file in action.inputs.to_list()]),
            "mnemonic": action.mnemonic,
        }
        for action in target.actions
        if action.mnemonic in _MNEMONICS
    ]
    below = [
        dep[_ActionsInfo].actions
        for attribute in ["srcs", "protos"]
        for dep in getattr(ctx.rule.attr, attribute, [])
        if _ActionsInfo in dep
    ]
    return [_ActionsInfo(actions = own + [action for actions in below for action in actions])]

_proto_actions_aspect = aspect(
    implementation = _proto_actions_aspect_impl,
    attr_aspects = [
        "srcs",
        "protos",
    ],
)

def _proto_actions_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(out, json.encode_indent(ctx.attr.library[_ActionsInfo].actions))
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

proto_actions = rule(
    implementation = _proto_actions_impl,
    attrs = {"library": attr.label(aspects = [_proto_actions_aspect], mandatory = True)},
)
