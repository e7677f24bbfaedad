"""Tests play on loopback, which is closed to addresses of users inside a cluster.

Where CI runs them in a pod they have to be told that this is none of theirs, before anything of
burgee is imported.
"""

import os

os.environ.pop("KUBERNETES_SERVICE_HOST", None)
