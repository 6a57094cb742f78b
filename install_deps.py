#!/usr/bin/env python3
"""Set up FLAME Head Tracker: `python3 install_deps.py` makes the engine's environment in `.venv`, nothing outside it.

Standard library only. `--help` lists what else it does; the parts are in `backend/setup`.
"""

import sys
from pathlib import Path

OLDEST_PYTHON = (3, 10)

if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "This is Python %d.%d, but 3.10 is the least that can start the installer. "  # noqa: UP031
            "Install Python 3.11 and start this again with it." % sys.version_info[:2]
        )
    project = Path(__file__).resolve().parent
    # Not there yet when PYTHONSAFEPATH is set or Python was started with -P or -I.
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))
    from backend.setup.command import main

    sys.exit(main(sys.argv[1:], project))
