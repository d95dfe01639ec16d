"""The CPython of bazelw's GitHub route: python-build-standalone's newest 3.11.

The rule sets' own tables end with their release: rules_python 0.22.1 knows 3.11.1, of 2022. The
checksums are those that the publisher of these builds has in its own tool (uv's
download-metadata.json). Debian has 3.11.2 with Debian's security fixes, of which no such build is.
"""

CPYTHON_VERSION = "3.11.16"

_URL = "https://github.com/astral-sh/python-build-standalone/releases/download/20260814/cpython-{python_version}+20260814-{platform}-install_only_stripped.tar.gz"

CPYTHON = {
    CPYTHON_VERSION: {
        "sha256": {
            "aarch64-apple-darwin": "a394f2bf78a48990fc88e7c5586c7e1be5e69f0c9bd027883211b68b768e11c5",
            "aarch64-unknown-linux-gnu": "6a250f5c9326eebaa528d5d132cd66ebd1d7540cf45ac703f19e13f41d1be9b6",
            "x86_64-apple-darwin": "4d60589b702aff21379ddf6bd648e75c7023a257a078fdd71df4c148cf609cc2",
            "x86_64-unknown-linux-gnu": "3b437f08720d3ddd9c1904532476ec9fb373e800d1598c72c907dd6d5f29b79b",
        },
        "strip_prefix": "python",
        "url": _URL,
    },
}
