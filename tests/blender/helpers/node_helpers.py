"""Helpers of the tests of nodes: the default tree for a video that is there, and runs made of plain events."""

from pathlib import Path

import bpy
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.supervision.process import Engine
from flame_extension.backend.contract.supervision.run_state import Run, RunState
from flame_extension.blender_flame_tracker.nodes import run_registry, state
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree

ENGINE = Engine(Path("python"), Path("nowhere"))


def make_tree(video=None):
    """The default tree as the scene's own; its video is there, but is none."""
    tree = new_default_tree("FLAME")
    bpy.context.scene.flame.tree = tree
    if video is not None:
        video.parent.mkdir(parents=True, exist_ok=True)
        video.write_bytes(b"no video")
        tree.nodes["Video"].path = str(video)
    return tree


def compiled(tree, target=None):
    """What the tree becomes; it has to work."""
    result = compile_tree(tree, bpy.context.scene, target)
    assert not isinstance(result, Failure), result
    return result


def settings(tree, name):
    """Settings of a stage in the job of the tree."""
    return compiled(tree).job.stage(name).settings


def begin(tree, folder, target=None):
    """Begin a run that goes on only by the events that it is told."""
    made = compiled(tree, target)
    run = Run(made.job, ENGINE, folder)
    run.state = RunState.RUNNING
    run_registry.tickets[tree.session_uid] = run_registry.Ticket(
        run, tree.session_uid, bpy.context.scene.session_uid, made
    )
    return run


def say(run, event, **fields):
    """Tell a run what its engine says."""
    run.take({"event": event, **fields})


def finish(tree, run):
    """End a run well, and have it remembered as `runs` does."""
    for stage in run.stages.values():
        if stage.state in ("waiting", "running"):
            say(run, "stage", name=stage.name, state="done", seconds=2.0, summary=f"{stage.name} is good")
    for files in run_registry.compiled_of(tree).written.values():
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(run.folder.name.encode())
    say(run, "done", outputs={})
    state.remember(tree, run_registry.compiled_of(tree), run)


def states(tree):
    """State of every stage's node, by its name."""
    return {node.name: state.status_of(node).state.name for node in tree.nodes if hasattr(node, "kind")}
