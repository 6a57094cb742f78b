"""Files of a photograph besides its track: mesh with texture, overlay, aligned crop, parsing, numbers."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..contract.arrays import Floats, Integers, Picture
from ..contract.atomic import Writer, write_atomically
from ..contract.camera import Intrinsics, resized_points
from ..contract.failure import Failure
from ..contract.track import Track
from ..data.context import Context
from ..head.albedo.albedo_file import space_for
from ..head.albedo.albedo_space import AlbedoSpace
from ..head.model import HeadModel
from ..landmarks.aligned_crop import SIZE, VERSION_1_SCALE, cut, dlib68, ffhq_region
from ..landmarks.crop_camera import corner_affine, full_frame_in_crop
from ..landmarks.networks import Network
from ..parsing.classes import NAMES
from ..parsing.parser import Parser, coloured, open_parser
from ..render.lit_head import Skin, blended_over, textured_head
from ..render.overlay import draw_head, draw_landmarks, head_look
from ..render.picture_light import Lit, estimate_light
from .mesh_file import write_mesh
from .portraits import SeenHead, seen_head

_DRAWING: Final = threading.Lock()
"""The overlay's rasteriser keeps its buffers from one picture to the next, so that one is drawn at a time."""
_OVERLAY: Final = (1024, 2048)
"""Longer side of the overlay in pixels: smaller photographs are enlarged to the first, larger ones reduced."""


@dataclass(frozen=True)
class Studio:
    """What all photographs of a run share.

    Attributes:
        head: The head model.
        space: Space of the texture code.
        parser: Parses portraits.
        texture: Where the texture lies, seen from the folder of a photograph.
        baked: The texture itself.
        write: Writes a file.
    """

    head: HeadModel
    space: AlbedoSpace
    parser: Parser
    texture: str
    baked: Skin
    write: Writer = write_atomically

    @property
    def skin(self) -> Integers:
        """Vertices whose colour tells of the light: the face, or all of a head that does not name it."""
        return np.asarray(self.head.regions.get("face", np.arange(self.head.vertex_count)))


def space_and_parser(head: HeadModel, person: Network | None, context: Context) -> tuple[AlbedoSpace, Parser] | Failure:
    """Return the space of texture codes of a head and the parser of its portraits.

    Args:
        head: The head model.
        person: The network that tells the person from the background, None where it is not there.
        context: For the models, and for notices about them.
    """
    space, unfit = space_for(head, context.models)
    if unfit is not None:
        context.notice(unfit)
    parser = open_parser(head, person, context.models, None, torch.device("cpu"), context.notice)
    return parser if isinstance(parser, Failure) else (space, parser)


def write_portrait(folder: Path, track: Track, frame: int, picture: Picture, studio: Studio) -> dict[str, Path]:
    """Write everything of one frame of a track, which is a photograph, and return the files by name."""
    folder.mkdir(parents=True, exist_ok=True)
    head, seen = studio.head, seen_head(track, frame)
    vertices = track.vertices[frame].astype(np.float64)
    region = ffhq_region(dlib68(seen.landmarks), VERSION_1_SCALE)
    camera, turn = full_frame_in_crop(region, SIZE, track.intrinsics)
    aligned = cut(picture, region)
    posed_head = (vertices, head.faces, turn @ seen.rotation, turn @ seen.translation)
    lit = estimate_light(aligned, camera, *posed_head, studio.space, studio.skin)
    points = np.concatenate([seen.landmarks, np.zeros((len(seen.landmarks), 1))], axis=1)
    parsing = studio.parser.parse_square(picture, region, points, camera, seen.in_camera @ turn.T)
    files = {"mesh": write_mesh(folder, head, vertices, studio.texture, studio.write)}
    files["overlay"] = save_picture(folder / "overlay.png", _overlay(picture, track, frame, seen), studio.write)
    files["aligned"] = save_picture(folder / "aligned.png", aligned, studio.write)
    files["rendered"] = save_picture(
        folder / "rendered.png", _rendered(aligned, camera, posed_head, studio), studio.write
    )
    # Grey, because some readers return the colours of a palette instead of its numbers.
    files["parsing"] = save_picture(folder / "parsing.png", parsing.astype(np.uint8), studio.write)
    files["parsing_colours"] = save_picture(folder / "parsing_colours.png", coloured(parsing), studio.write)
    numbers = _numbers(track, frame, lit, studio, corner_affine(region.to_image(SIZE)), parsing)
    text = json.dumps(numbers, indent=1, allow_nan=False)
    files["numbers"] = studio.write(folder / "photo.json", lambda path: path.write_text(text, "utf-8"))
    return files


def save_picture(path: Path, picture: Picture, write: Writer = write_atomically) -> Path:
    """Write a PNG, whole."""
    return write(path, lambda partial: Image.fromarray(picture).save(partial, compress_level=3))


def _rendered(
    aligned: Picture, camera: Intrinsics, posed_head: tuple[Floats, Integers, Floats, Floats], studio: Studio
) -> Picture:
    """The textured head in the light of the photograph, over the aligned square."""
    vertices, faces = posed_head[:2]
    space = studio.baked.space(faces, len(vertices))
    lit = estimate_light(aligned, camera, *posed_head, space, studio.skin, np.zeros(0))
    return blended_over(aligned, *textured_head(camera, *posed_head, lit, studio.baked), opacity=1.0)


def _overlay(picture: Picture, track: Track, frame: int, seen: SeenHead) -> Picture:
    longer = max(picture.shape[:2])
    factor = min(_OVERLAY[1] / longer, max(1.0, _OVERLAY[0] / longer))
    camera = track.intrinsics.scaled(factor)
    points = resized_points(seen.landmarks, track.intrinsics, camera)
    if factor != 1:
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(picture, (camera.width, camera.height), interpolation=how).astype(np.uint8, copy=False)
    look = head_look(track.neutral_vertices, track.regions)
    with _DRAWING:
        drawn = draw_head(picture, seen.in_camera, track.faces, camera, look)
    radius = max(0.9, 0.0015 * max(picture.shape[:2]))
    return draw_landmarks(drawn, points, track.landmark_visibility[frame], radius=radius)


def _numbers(
    track: Track, frame: int, lit: Lit, studio: Studio, crop: Floats, parsing: NDArray[np.int64]
) -> dict[str, Any]:
    camera, size, header = track.intrinsics, parsing.size, track.header
    present = {NAMES[number]: float((parsing == number).sum() / size) for number in np.unique(parsing)}
    error = float(track.reprojection_error[frame])
    names = header["video"].get("photographs")
    return {
        "photo": names[int(track.frame_index[frame])] if names else header["video"].get("name", ""),
        "width": camera.width,
        "height": camera.height,
        "focal": {"pixels": camera.focal_x, **header["focal"]},
        "landmark_error_px": error if np.isfinite(error) else None,
        "confidence": float(track.confidence[frame]),
        "start": header["report"]["fit"].get("start", ""),
        "head_model": studio.head.name,
        "licence": studio.head.licence,
        "aligned_to_photo": crop.tolist(),
        "light": lit.light.tolist(),
        "tex": lit.code.tolist(),
        "tex_space": studio.space.name,
        "parsing": {"source": studio.parser.source, "shares": present},
    }
