"""One ``.npz`` per frame, as version 4 of PeizhiYan/flame-head-tracker writes them (its README, and tracker_base.py).

Beside them lie ``texture.png``, and for each a picture to look at, as that program leaves them.

That program cuts the picture around the face and gives the crop a camera of its own, as if the crop were the middle of
a picture. Here the crop is what the real camera sees when it is turned towards the face, so that angle of view and pose
are the real ones and every vertex falls exactly where the full frame has it. Pixels in these files count from the
picture's corner. Beyond the keys of that program a file says where the crop lies (``crop_to_frame``, 3 x 3), which
frame it is, and whether the face was detected in it (``status`` 2) or the head lies between neighbours (1). All of a
file are numbers, as readers turn whatever is there into tensors: whose codes these are and to which space ``tex``
belongs is told by ``about.json``. ``lmks_ears`` are places on the fitted head, see `head.ears`; a head that names no
ears has none.

Where the head has lids of its own, ``exp`` holds as much of them as expression can show; readers that have such lids
take ``own_exp`` instead, and ``eyelids``, which says how far they are closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Picture
from ..contract.camera import project
from ..contract.names import LEFT_IRIS, RIGHT_IRIS
from ..contract.track import TRACKED, Track
from ..head.albedo.albedo_space import AlbedoSpace
from ..head.ears import EarOutline, ear_in_view, ear_outlines
from ..head.flame_codes import Codes, bridged_scores, codes_of
from ..landmarks.aligned_crop import SIZE, dlib68, halved
from ..landmarks.crop_camera import angle_of_view, corner_homography, corner_matrix, edge_to_edge, six_dof
from ..parsing.geometric_parser import Portrait
from ..parsing.parser import Parser, person_share
from ..render.lit_head import Skin, blended_over, on_white, textured_head
from ..render.picture_light import Lit, estimate_light
from .lids import LidCodes
from .npz import write_npz
from .portraits import FaceView, face_view, looked_at_squares, seen_head

ABOUT: Final = "about.json"
TEXTURE_FRAMES: Final = 8
"""Frames from which the one texture code of the clip is taken."""

Pictures = Callable[[Integers], Iterable[tuple[int, Picture]]]
"""(positions in the clip) -> (position, RGB picture)."""


@dataclass(frozen=True)
class FrameWriter:
    """Writes the files of a track.

    Attributes:
        track: The track.
        space: Space of the texture code.
        parser: Parses the portraits.
        skin: Vertices whose colour tells of the light.
        baked: The texture that the head has in the renderings.
        lids: What stands for closed lids.
        roots: FLAME's root to camera in each frame (T, 3, 3), (T, 3).
    """

    track: Track
    space: AlbedoSpace
    parser: Parser
    skin: Integers
    baked: Skin
    lids: LidCodes | None
    roots: tuple[Floats, Floats]

    @cached_property
    def _scores(self) -> NDArray[np.float32]:
        """Of all frames."""
        return bridged_scores(self.track.scores)

    @cached_property
    def _ears(self) -> tuple[EarOutline, EarOutline] | None:
        return ear_outlines(self.track.neutral_vertices.astype(np.float64), self.track.regions)

    @cached_property
    def _codes(self) -> Codes:
        """Of all frames."""
        return codes_of(self.track, None if self.lids is None else self.lids.expression)

    def write_about(self, folder: Path) -> None:
        """Write what the numbers of all files mean."""
        about = {
            "head_model": str(self.track.header["model"].get("name", "")),
            "tex_space": self.space.name,
            "parsing_source": self.parser.source,
        }
        (folder / ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")

    def texture_code(self, frames: Integers, pictures: Pictures) -> Floats:
        """Return the clip's texture code (50,): the median over some tracked frames."""
        tracked = frames[self.track.status[frames] == TRACKED]
        tracked = tracked if len(tracked) else frames
        chosen = tracked[np.unique(np.linspace(0, len(tracked) - 1, TEXTURE_FRAMES).round().astype(int))]
        codes = []
        for frame, picture in pictures(chosen):
            view = face_view(self.track.intrinsics_at(int(frame)), seen_head(self.track, frame), picture)
            codes.append(self._light(frame, view, self.space, None).code)
        return np.median(codes, axis=0) if codes else np.zeros(self.space.modes)

    def write(self, folder: Path, frame: int, picture: Picture, texture: Floats) -> Path:
        """Write the file of one frame and return its path."""
        head = seen_head(self.track, frame)
        view = face_view(self.track.intrinsics_at(frame), head, picture)
        lit = self._light(frame, view, self.space, texture)
        path = folder / f"{frame}.npz"
        values = self._values(frame, view, lit, self._parsing(picture, head.landmarks, head.in_camera, view))
        write_npz(path, values)
        (folder / f"{frame}_compare.jpg").write_bytes(_compared(values))
        return path

    def _light(self, frame: int, view: FaceView, space: AlbedoSpace, texture: Floats | None) -> Lit:
        vertices = self.track.vertices[frame].astype(np.float64)
        posed_head = (self.track.faces, view.rotation, view.translation)
        return estimate_light(view.picture, view.view.intrinsics, vertices, *posed_head, space, self.skin, texture)

    def _parsing(self, picture: Picture, landmarks: Floats, in_camera: Floats, view: FaceView) -> NDArray[np.int64]:
        person = None
        if self.parser.network is None and self.parser.person is not None:
            looked_at = looked_at_squares(picture, landmarks)
            person = person_share(self.parser.person, picture, looked_at, (SIZE, SIZE), view.view.homography)
        vertices = in_camera @ view.view.turn.T
        return self.parser.parse(Portrait(view.picture, view.view.intrinsics, vertices, view.landmarks, person))

    def _values(self, frame: int, view: FaceView, lit: Lit, parsing: NDArray[np.int64]) -> dict[str, Any]:
        track = self.track
        small = view.view.intrinsics.scaled(0.5)
        vertices = track.vertices[frame].astype(np.float64)
        coloured = self.baked.space(track.faces, len(vertices))
        on_texture = self._light(frame, view, coloured, np.zeros(0))
        posed_head = (vertices, track.faces, view.rotation, view.translation)
        colour, cover = textured_head(small, *posed_head, on_texture, self.baked)
        mesh, picture, classes = on_white(colour, cover)[None], view.picture[None], parsing[None]
        tex = np.zeros((1, 50), dtype=np.float32)
        tex[0, : min(50, len(lit.code))] = lit.code[:50]
        return {
            **_parameters(self._codes, frame),
            "tex": tex,
            "light": lit.light[None].astype(np.float32),
            "cam": six_dof(*(view.view.turn @ part[frame] for part in self.roots))[None],
            "fov": np.array([angle_of_view(view.view.intrinsics)], dtype=np.float32),
            "K": corner_matrix(small)[None].astype(np.float32),
            "img_rendered": blended_over(halved(view.picture), colour, cover)[None],
            "mesh_rendered": mesh,
            "shape_rendered": mesh,
            "img": picture,
            "img_aligned": picture,
            "parsing": classes,
            "parsing_aligned": classes,
            **self._landmarks(vertices, view),
            "blendshape_scores": self._scores[frame][None],
            "crop_to_frame": corner_homography(np.linalg.inv(view.view.homography)),
            "frame_index": np.array([track.frame_index[frame]]),
            "time": np.array([track.time[frame]]),
            "status": np.array([track.status[frame]]),
        }

    def _landmarks(self, vertices: Floats, view: FaceView) -> dict[str, NDArray[np.float32]]:
        """Points of the crop (1, N, 2), -1..1 from edge to edge."""
        points = {"lmks_68": dlib68(view.landmarks), "lmks_eyes": view.landmarks[[*RIGHT_IRIS, *LEFT_IRIS]]}
        if self._ears is not None:
            ear = ear_in_view(self._ears, vertices, view.rotation, view.translation)
            points["lmks_ears"] = project(ear, view.view.intrinsics)
        return {name: edge_to_edge(values, SIZE)[None].astype(np.float32) for name, values in points.items()}


def _compared(values: dict[str, Any]) -> bytes:
    """Picture, rendering over it and the head alone beside each other as JPEG, as version 4 writes them."""
    parts = [halved(values["img"][0]), values["img_rendered"][0], values["mesh_rendered"][0]]
    done, content = cv2.imencode(".jpg", np.ascontiguousarray(np.concatenate(parts, axis=1)[..., ::-1]))
    assert done
    return content.tobytes()


def _parameters(codes: Codes, frame: int) -> dict[str, NDArray[np.float32]]:
    values = {
        "shape": codes.shape,
        "exp": codes.expression[frame],
        "head_pose": np.zeros(3),
        "jaw_pose": codes.jaw[frame],
        "neck_pose": codes.neck[frame],
        "eye_pose": codes.eyes[frame],
    }
    if codes.eyelids.any():
        values["own_exp"], values["eyelids"] = codes.expression_without_lids[frame], codes.eyelids[frame]
    return {name: value[None].astype(np.float32) for name, value in values.items()}
