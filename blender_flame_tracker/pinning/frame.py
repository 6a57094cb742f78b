"""One frame that is put right by hand: its pins, the head's answer to each drag, and the way back step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import Intrinsics, project, rotation_matrices
from ...backend.contract.corrections.corrections import KeyPose, Pin, PinnedFrame
from ...backend.contract.corrections.frame_solve import solve_frame
from ...backend.contract.corrections.posed_head import PosedHead
from ...backend.contract.failure import Failure
from .picking import pick_point

_BEHIND = 1e-4


@dataclass(frozen=True)
class Step:
    """What one drag has left: pose, pins, by how many pixels the worst is missed, and why there is no better pose."""

    pose: KeyPose
    pins: tuple[Pin, ...]
    error: float = 0.0
    problem: Failure | None = None


class PinnedFrameEdit:
    """Work on one frame, until it is keyed or put back.

    Args:
        head: Of the track, with what its surface has on this frame.
        frame: Of the source video.
        pose: From which the work starts.
        intrinsics: Of the frame.
        earlier: The frame as it was keyed before, None where it was not.
        pickable: Triangles that can be clicked (F,) bool.
        tracked: What the head did before it was pinned, None where that is where the work starts.
    """

    def __init__(
        self,
        head: PosedHead,
        frame: int,
        pose: KeyPose,
        intrinsics: Intrinsics,
        earlier: PinnedFrame | None,
        pickable: NDArray[np.bool_],
        tracked: KeyPose | None = None,
    ) -> None:
        self.head = head
        self.frame = frame
        self.intrinsics = intrinsics
        self.selected: int | None = None
        self.hovered: int | None = None
        self._earlier = earlier
        self._tracked = pose if tracked is None else tracked
        self._pickable = np.flatnonzero(pickable)
        start = Step(pose, () if earlier is None else earlier.pins)
        self._steps = [replace(start, error=self._missed_by(start))]
        self._drag: Step | None = None
        self._shown: tuple[KeyPose, NDArray[np.float64]] | None = None

    @property
    def now(self) -> Step:
        """Pose and pins at the moment."""
        return self._drag or self._steps[-1]

    @property
    def changed(self) -> bool:
        """Whether there is anything to key."""
        return len(self._steps) > 1 or self._drag is not None

    @property
    def is_keyed(self) -> bool:
        """Whether the frame had been keyed before."""
        return self._earlier is not None

    @property
    def is_dragging(self) -> bool:
        """Whether a pin is held."""
        return self._drag is not None

    @property
    def points(self) -> NDArray[np.float64]:
        """The head's vertices in camera axes (V, 3), metres."""
        pose = self.now.pose
        if self._shown is None or self._shown[0] is not pose:
            self._shown = (pose, in_camera(self.head.vertices(pose), pose))
        return self._shown[1]

    @property
    def pin_points(self) -> NDArray[np.float64]:
        """Where the pins' points of the surface are seen now (N, 2), pixels."""
        return self._pixels_of(self.now)

    @property
    def pin_targets(self) -> NDArray[np.float64]:
        """Where they are to be seen (N, 2), pixels."""
        return np.array([each.pixel for each in self.now.pins]).reshape(-1, 2)

    def nearest_pin(self, pixel: tuple[float, float], within: float) -> int | None:
        """Return the pin whose point or target is nearest to a pixel, None where none is within so many pixels."""
        if not self.now.pins:
            return None
        ends = np.stack([self.pin_points, self.pin_targets])
        away = np.linalg.norm(ends - pixel, axis=2).min(axis=0)
        nearest = int(away.argmin())
        return nearest if away[nearest] <= within else None

    def press(self, pixel: tuple[float, float], within: float) -> bool:
        """Take hold of the pin at a pixel, or of a new one on the surface there; return whether there is anything."""
        held = self.nearest_pin(pixel, within)
        pins = self.now.pins
        if held is None:
            faces = np.asarray(self.head.track.faces)[self._pickable]
            picked = pick_point(self.points, faces, self.intrinsics, pixel)
            if picked is None:
                self.selected = None
                return False
            triangle = int(self._pickable[picked.triangle])
            held, pins = len(pins), (*pins, Pin(triangle, picked.barycentric, pixel))
        self.selected = self.hovered = held
        self._drag = replace(self.now, pins=pins)
        return True

    def drag(self, pixel: tuple[float, float], moves: frozenset[str]) -> None:
        """Pull the pin that is held to a pixel; the head answers.

        The answer starts at the pose that the head had when the pin was taken, so that a drag back and forth leaves
        nothing behind.

        Args:
            pixel: To which.
            moves: What of the head may follow, as in `solve_frame`.
        """
        if self._drag is None or self.selected is None:
            return
        pins = list(self._drag.pins)
        pins[self.selected] = replace(pins[self.selected], pixel=pixel)
        solved = solve_frame(self.head, self._steps[-1].pose, pins, self.intrinsics, moves, self._tracked)
        if isinstance(solved, Failure):
            self._drag = replace(self._drag, problem=solved)
        else:
            self._drag = Step(solved.pose, tuple(pins), solved.error_pixels)

    def release(self) -> None:
        """Let go of the pin: what it has done can be taken back as one step."""
        if self._drag is not None and self._drag != self._steps[-1]:
            self._steps.append(self._drag)
        self._drag = None

    def remove(self, index: int) -> None:
        """Take a pin off; the head stays as it is."""
        self._drag = None
        now = self.now
        left = replace(now, pins=now.pins[:index] + now.pins[index + 1 :])
        self._steps.append(replace(left, error=self._missed_by(left)))
        self.selected = self.hovered = None

    def step_back(self) -> bool:
        """Take the last step back; return whether there was one."""
        if self._drag is not None:
            self._drag = None
            return True
        self.selected = self.hovered = None
        if len(self._steps) == 1:
            return False
        self._steps.pop()
        return True

    def pinned(self) -> PinnedFrame:
        """Return the frame as it is keyed; hardness and reach stay as they were set before."""
        now = self.now
        if self._earlier is not None:
            return replace(self._earlier, pose=now.pose, pins=now.pins)
        return PinnedFrame(self.frame, now.pose, now.pins)

    def _pixels_of(self, step: Step) -> NDArray[np.float64]:
        if not step.pins:
            return np.zeros((0, 2))
        triangles = np.array([each.triangle for each in step.pins])
        shares = np.array([each.barycentric for each in step.pins])
        points = in_camera(self.head.points(step.pose, triangles, shares), step.pose)
        return np.asarray(project(points, self.intrinsics, nearest=_BEHIND))

    def _missed_by(self, step: Step) -> float:
        if not step.pins:
            return 0.0
        away = self._pixels_of(step) - [each.pixel for each in step.pins]
        return float(np.linalg.norm(away, axis=1).max())


def in_camera(points: NDArray[Any], pose: KeyPose) -> NDArray[np.float64]:
    """Return points of head space (N, 3) in camera axes."""
    rotation = rotation_matrices(np.array(pose.head_rotation))
    return np.asarray(points @ rotation.T + np.array(pose.head_translation), dtype=np.float64)
