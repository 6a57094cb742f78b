"""Operators that choose the face to follow: found by the engine in a few frames, chosen by its picture."""

from __future__ import annotations

from typing import ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..engine.quick_look import SeenFace
from ..engine.session import RunState
from ..nodes import run_registry
from ..nodes.scene_state import active_tree, node_of
from ..nodes.tree import FlameTree
from ..tracking import all_faces, availability, footage, runs
from .track import can_start, start_for


class FindFaces(bpy.types.Operator):
    """Look at a few frames of the video to see who is in it. It takes a few seconds, and nothing waits for it"""

    bl_idname = "flame.find_faces"
    bl_label = "Find Faces"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a video and an engine."""
        path, problem = footage.path_of(context), availability.problem()
        if path is None:
            cls.poll_message_set("Choose a video first")
        elif footage.faces_of(path).going:
            cls.poll_message_set("Faces are being looked for already")
        elif problem is not None:
            cls.poll_message_set(problem.sentence)
        else:
            return True
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        path = footage.path_of(context)
        assert path is not None
        problem = footage.look_for_faces(path, again=True)
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Look, and wait until it is done."""
        path = footage.path_of(context)
        assert path is not None
        problem = footage.look_for_faces(path, again=True)
        seen = problem if problem is not None else footage.wait_for_faces(path)
        if isinstance(seen, Failure):
            self.report({"ERROR"}, str(seen))
            return {"CANCELLED"}
        count = len(seen.faces)
        self.report({"INFO"}, f"{count} face{'' if count == 1 else 's'} found.")
        return {"FINISHED"}


class ChooseFace(bpy.types.Operator):
    """Follow this face"""

    bl_idname = "flame.choose_face"
    bl_label = "Choose Face"
    # No REGISTER: changing it afterwards would take back all that was done since, the imported head too.
    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    number: int
    __annotations__: ClassVar = {
        "number": bpy.props.IntProperty(
            name="Number",
            description="Number of the face, counted from 0 by size",
            min=0,
            options={"SKIP_SAVE", "HIDDEN"},
        )
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a Face node."""
        if node_of(active_tree(context), "face", context.scene) is None:
            cls.poll_message_set("There is no Face node in the node tree")
            return False
        return True

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Say which one it is, and how much is seen of it."""
        face = _face(context, properties.number)
        seen = f". It is seen in {100 * face.share:.0f} % of the frames that were looked at" if face is not None else ""
        return f"Follow face {properties.number + 1} when the video is tracked{seen}"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the Face node to the place where this face was seen, which holds however faces are counted."""
        node = node_of(active_tree(context), "face", context.scene)
        face = _face(context, self.number)
        assert node is not None
        if face is None:
            node.choose, node.number = "number", self.number
            return {"FINISHED"}
        node.follow(face.number, face.point, face.frame)
        return {"FINISHED"}


class TrackAllFaces(bpy.types.Operator):
    """Track everyone who was found in the video, one after the other: each has a head and results of its own"""

    bl_idname = "flame.track_all_faces"
    bl_label = "Track All Faces"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need several faces, and a tree that is not running."""
        path = footage.path_of(context)
        look = footage.faces_of(path).found if path is not None else None
        if not can_start(cls, context):
            return False
        if look is None or len(look.faces) < 2:
            cls.poll_message_set("Several faces have to be found in the video first")
            return False
        if node_of(active_tree(context), "face", context.scene) is None:
            cls.poll_message_set("There is no Face node in the node tree")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start with the first face and return."""
        tree = self._prepared(context)
        done = start_for(self, tree, context.scene)
        if done != {"FINISHED"}:
            all_faces.give_up(tree, context.scene)
        all_faces.begun(tree)
        return done

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Track all, and wait."""
        tree = self._prepared(context)
        run = runs.start(tree, context.scene)
        if isinstance(run, Failure):
            all_faces.give_up(tree, context.scene)
            self.report({"ERROR"}, str(run))
            return {"CANCELLED"}
        all_faces.begun(tree)
        failures = all_faces.wait(tree)
        for sentence in failures:
            self.report({"WARNING"}, sentence)
        last = run_registry.run_of(tree)
        return {"FINISHED"} if last is None or last.state is not RunState.CANCELLED else {"CANCELLED"}

    def _prepared(self, context: bpy.types.Context) -> FlameTree:
        tree, path = active_tree(context), footage.path_of(context)
        assert tree is not None and path is not None
        look = footage.faces_of(path).found
        assert look is not None
        all_faces.prepare(tree, context.scene, look.faces)
        return tree


def _face(context: bpy.types.Context, number: int) -> SeenFace | None:
    """Return the face of that number of those that were found."""
    path = footage.path_of(context)
    look = footage.faces_of(path).found if path is not None else None
    return next((each for each in look.faces if each.number == number), None) if look is not None else None


CLASSES: Final = (FindFaces, ChooseFace, TrackAllFaces)
