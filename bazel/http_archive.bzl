"""`http_archive` as Bazel has it, for the rule sets; its error names the way around GitHub.

The name is Bazel's because Renovate looks for it.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "get_auth")

_FAILED = """{name} could not be downloaded from {url}
The WARNING above says why.
  - Not reached: see to the network (HTTPS_PROXY, ~/.netrc), then run ./bazelw again.
  - Another checksum: it is not the archive that was released; leave WORKSPACE's as it is.
  - The other route needs nothing of GitHub: BAZELW_ROUTE=debian ./bazelw …"""

def _http_archive_impl(ctx):
    result = ctx.download_and_extract(
        allow_fail = True,
        auth = get_auth(ctx, ctx.attr.urls),
        sha256 = ctx.attr.sha256,
        stripPrefix = ctx.attr.strip_prefix,
        url = ctx.attr.urls,
    )
    if not result.success:
        fail(_FAILED.format(name = ctx.name, url = " or ".join(ctx.attr.urls)))

http_archive = repository_rule(
    implementation = _http_archive_impl,
    attrs = {
        "sha256": attr.string(doc = "Of the archive.", mandatory = True),
        "strip_prefix": attr.string(doc = "The folder in the archive that holds all else."),
        "urls": attr.string_list(doc = "Tried in this order.", mandatory = True),
    },
)
