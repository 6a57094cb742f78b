"""Run by tests: starts an engine as Blender does, says its number once it works, and waits to be killed.

orphan_parent.py ROOT_OF_ENGINE FOLDER_OF_RUN [VIDEO]
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import conftest  # noqa: F401 - loads the extension
from flame_extension.backend.contract.job import default_job
from flame_extension.backend.contract.settings import TrackFileSettings, VideoSettings
from flame_extension.backend.contract.supervision.process import Engine
from flame_extension.blender_flame_tracker.engine.session import Run, Session

root, folder, *videos = map(Path, sys.argv[1:])
settings = {"track": TrackFileSettings(path=str(folder / "track.npz"))}
if videos:
    settings["video"] = VideoSettings(path=str(videos[0]))
session = Session()
run = Run(default_job(settings), Engine(Path(sys.executable), root), folder, cache=folder / "cache")
session.submit(run)
# With a video: until it is in the middle of hard work.
while not (run.answered and (not videos or run.stages["landmarks"].done > 5)):
    session.poll()
    assert not run.state.final, run.failure
    time.sleep(0.01)
print(session.supervisor.pid, flush=True)
time.sleep(60)
