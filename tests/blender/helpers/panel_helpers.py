"""Helpers of the tests of the panel: an engine that looks at videos, a video, and the panel drawn into a record."""

import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
from film import write_film
from flame_extension.backend.contract.supervision.process import Engine
from flame_extension.blender_flame_tracker import paths
from flame_extension.blender_flame_tracker.tracking import footage
from flame_extension.blender_flame_tracker.ui import panel
from project import HELPERS
from recording_layout import RecordingLayout


def make_looker(folder, behaviour="2"):
    """An engine that can only look: it finds as many faces as it is told, and nothing is known of earlier looks."""
    shutil.rmtree(paths.user_folder("looks"), ignore_errors=True)
    (folder / "backend").mkdir(parents=True)
    (folder / "backend" / "__init__.py").touch()
    shutil.copy(HELPERS / "fake_quick_look.py", folder / "backend" / "__main__.py")
    (folder / "look").write_text(behaviour)
    return Engine(Path(sys.executable), folder)


def make_video(folder, name="täke one.mkv", frames=5):
    """A film of some frames at 25 a second."""
    return write_film(folder / name, np.arange(frames) / 25, 25.0)


def drawn(*open_panels):
    """What the panel shows now."""
    layout = RecordingLayout(open_panels=open_panels)
    panel.FLAME_PT_view3d.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout


def work_until(condition, seconds=10.0):
    """Do what Blender's timer does until something has happened."""
    end = time.monotonic() + seconds
    while not condition():
        footage.POLLER.poll_now()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
