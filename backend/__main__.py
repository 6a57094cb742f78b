"""``python -m backend``: the command line of the engine."""

from __future__ import annotations

import os
import sys

from .cli.main import main
from .cli.streams import run_with_streams

if __name__ == "__main__":
    # Threads of torch that wait for each other shall sleep: by default they spin, and on a machine that is also busy
    # with something else (Blender) a fit then takes several times as long. Read when torch is loaded, which is later.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(run_with_streams(main, sys.argv[1:]))
