"""What a test of a service starts, makes and waits for."""

import os

# Tests call servers on this machine, not by a proxy for the web.
os.environ["no_proxy"] = "127.0.0.1,::1,localhost"
