"""Run by `test_session.py`: starts an engine as Blender does, says its number, and waits to be killed."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import conftest  # noqa: F401 - loads the extension
from flame_extension.backend.contract.job import default_job
from flame_extension.blender_flame_tracker.process import Engine
from flame_extension.blender_flame_tracker.session import Run, Session

root, folder = map(Path, sys.argv[1:])
session = Session()
run = Run(default_job({}), Engine(Path(sys.executable), root), folder)
session.submit(run)
while not run.answered:
    session.poll()
    time.sleep(0.01)
print(session._process.pid, flush=True)
time.sleep(60)
