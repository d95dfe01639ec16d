"""`both_transports`: one test file, once on each transport."""

TRANSPORTS = ["wire", "grpcio"]

# What `--transport` is by default (rpc/server/settings.py).
DEFAULT_TRANSPORT = "grpcio"

def both_transports(test, name, env = {}, tags = [], **kwargs):
    """Declares a test on each transport: `<name>` on the default one, and `<name>_grpcio` or `<name>_wire`.

    The servers that the test starts take the transport from `TEST_TRANSPORT`
    (testing/transports.py).

    Args:
      test: the rule or macro that declares a test.
      name: name of the file, without `.py`.
      env: further variables.
      tags: further tags.
      **kwargs: further attributes of the test.
    """
    for transport in TRANSPORTS:
        test(
            name = name if transport == DEFAULT_TRANSPORT else "{}_{}".format(name, transport),
            srcs = [name + ".py"],
            env = env | {"TEST_TRANSPORT": transport},
            # Lines are counted once, with the default.
            tags = tags + [transport] + ([] if transport == DEFAULT_TRANSPORT else ["uncounted"]),
            **kwargs
        )
