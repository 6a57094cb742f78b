"""Helpers of the tests of runs: an engine that does as it is told, and a scene with a tree that it can track."""

import shutil
import sys
import time
from pathlib import Path

import bpy
from flame_extension.backend.contract.supervision.process import Engine
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.nodes import state
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree
from flame_extension.blender_flame_tracker.tracking import runs
from project import HELPERS
from synthetic_tracks import make_track


def make_engine(folder, behaviour="track"):
    """An engine whose package `backend` is the stand-in, with the track that it will deliver."""
    (folder / "backend").mkdir(parents=True)
    (folder / "backend" / "__init__.py").touch()
    shutil.copy(HELPERS / "fake_engine.py", folder / "backend" / "__main__.py")
    write_track(folder / "track.npz", make_track(8))
    behave(folder, behaviour)
    return Engine(Path(sys.executable), folder)


def behave(folder, behaviour):
    """Say what the engine of that folder will do in its next run."""
    (folder / "behaviour").write_text(behaviour)


def make_tree(scene, video):
    """The default tree for a video, as the scene's own."""
    video.parent.mkdir(parents=True, exist_ok=True)
    video.touch()
    tree = new_default_tree("FLAME")
    scene.flame.tree = tree
    tree.nodes["Video"].path = str(video)
    return tree


def look_until(condition, seconds=20.0):
    """Do what Blender's timer does until something has happened."""
    end = time.monotonic() + seconds
    while not condition():
        runs.POLLER.poll_now()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def unchanged(tree):
    """Names of the nodes whose result is up to date."""
    good = (state.NodeState.DONE, state.NodeState.CACHED)
    return {node.name for node in tree.nodes if state.status_of(node).state in good}


def heads():
    """Names of the heads in the file."""
    return [thing.name for thing in bpy.data.objects if thing.name.endswith(" head")]
