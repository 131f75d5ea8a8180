from __future__ import annotations

import os

# The tests' own programs may run without a sandbox.
os.environ["CODEEVAL_ALLOW_UNSAFE"] = "1"
