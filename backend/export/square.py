"""One square view of the whole clip, for trainers that know no other pictures: what the real camera sees through a
window around all places of the head.

The window is seen by the same camera, turned towards it and zoomed: a homography whatever the depth, so that nothing is
approximated, and the principal point is in the middle, where some of these trainers expect it unasked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Picture
from ..contract.camera import project
from ..contract.track import Track
from ..landmarks.aligned_crop import SIZE, cut_view
from ..landmarks.crop import Region
from ..landmarks.crop_camera import TurnedView, corner_homography, view_of
from ..parsing.geometric_parser import Portrait
from ..parsing.parser import Parser, moved_points
from .portraits import person_in, seen_head
from .torso import NeckLine, above_neck_line

_HAIR: Final = 0.25
"""How far above the head the window reaches, as a share of the head's height: FLAME is bald."""
_ROOM: Final = 1.1
"""How much larger than the head's places the window is."""


@dataclass(frozen=True)
class SquareFrame:
    """A frame in the clip's window.

    Attributes:
        picture: RGB (512, 512, 3), white outside of the footage.
        share: How surely each pixel is the person (512, 512), 0..1; None where nobody knows.
        rotation, translation: Head to the window's camera (3, 3), (3,).
        in_camera: Vertices in its axes (V, 3).
        landmarks: Detected, or where the head has them (478, 2), pixels of the window.
    """

    picture: Picture
    share: Floats | None
    rotation: Floats
    translation: Floats
    in_camera: Floats
    landmarks: Floats


@dataclass(frozen=True)
class SquareClip:
    """The window of a clip.

    Attributes:
        track: The track.
        frames: Those that are exported.
        parser: Parses pictures and holds what tells the person from the background.
        neck: Where the person ends, None to keep the shoulders.
    """

    track: Track
    frames: Integers
    parser: Parser
    neck: NeckLine | None

    @cached_property
    def view(self) -> TurnedView:
        """The window's camera."""
        low, high = np.full(2, np.inf), np.full(2, -np.inf)
        for frame in self.frames:
            pixels = project(seen_head(self.track, frame).in_camera, self.track.intrinsics)
            height = float(np.ptp(pixels[:, 1]))
            low = np.minimum(low, pixels.min(axis=0) - [0, _HAIR * height])
            high = np.maximum(high, pixels.max(axis=0))
        centre = (low + high) / 2
        return view_of(
            Region(float(centre[0]), float(centre[1]), float(_ROOM * (high - low).max()), 0.0),
            self.track.intrinsics,
            SIZE,
        )

    def into_window(self, frame: int) -> Floats:
        """Return the homography (3, 3) from a frame into the window, whose lens is the same for all."""
        camera = self.track.intrinsics
        unzoomed = camera.matrix() @ np.linalg.inv(self.track.intrinsics_at(frame).matrix())
        return np.asarray(self.view.homography @ unzoomed)

    def frame(self, frame: int, picture: Picture) -> SquareFrame:
        """Return what the window shows of a frame."""
        view, head, into_window = self.view, seen_head(self.track, frame), self.into_window(frame)
        in_camera = head.in_camera @ view.turn.T
        share = None
        if self.parser.person is not None:
            kept = None if self.neck is None else above_neck_line(self.neck, in_camera, view.intrinsics)
            share = person_in(self.parser.person, picture, head.landmarks, into_window, kept)
        return SquareFrame(
            cut_view(picture, into_window),
            share,
            view.turn @ head.rotation,
            view.turn @ head.translation,
            in_camera,
            moved_points(head.landmarks, into_window),
        )

    def write_about(self, folder: Path) -> None:
        """Write whose codes the folder's files hold, and where the window lies in the footage."""
        about = {
            "head_model": str(self.track.header["model"].get("name", "")),
            "window_to_frame": corner_homography(np.linalg.inv(self.view.homography)).tolist(),
            **self._zoomed_windows(),
            "frame_index": [int(self.track.frame_index[frame]) for frame in self.frames],
        }
        (folder / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")

    def _zoomed_windows(self) -> dict[str, Any]:
        """Where the window lies in each frame, if that is not the same in all."""
        if self.track.zoom is None:
            return {}
        homographies = [
            corner_homography(np.linalg.inv(self.into_window(int(frame)))).tolist() for frame in self.frames
        ]
        return {"window_to_each_frame": homographies}

    def parsing(self, square: SquareFrame) -> NDArray[np.int64]:
        """Return the classes of the pixels of a frame in the window."""
        portrait = Portrait(square.picture, self.view.intrinsics, square.in_camera, square.landmarks, square.share)
        return self.parser.parse(portrait)
