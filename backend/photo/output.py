"""What is written of a photograph: mesh with texture, track of one frame, overlay, aligned crop, parsing, numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..aligned.albedo import AlbedoSpace
from ..aligned.camera import corner_affine, full_frame_in_crop, scaled
from ..aligned.crop import SEED_SCALE, SIZE, cut, dlib68, ffhq_region
from ..aligned.light import Lit, estimate_light, shaded
from ..contract.failure import Failure
from ..contract.track import Track, write_track
from ..head.model import Floats, HeadModel
from ..head.skinning import pose_vertices
from ..landmarks.crop import Picture, Region
from ..parsing.classes import COLOURS, FACE, HAIR, LEFT_EAR, MOUTH, NAMES, NECK, RIGHT_EAR
from ..parsing.parser import Parser
from ..render.overlay import draw_head, draw_landmarks, head_look
from ..render.shading import vertex_normals
from ..render.texture import grow_borders, project_photograph, texels
from ..stages.data import Context, Fit
from ..stages.track import track_of
from .several import Sitting

TEXTURE: Final = (512, 1024)
"""Sides of the texture: for a small face, and for one whose aligned square has more than `_LARGE` pixels."""
_LARGE: Final = 700
_ON_THE_HEAD: Final = (*FACE, LEFT_EAR, RIGHT_EAR, MOUTH, NECK, HAIR)
"""Classes whose colours go into the texture."""
_OVERLAY: Final = 2048
"""Longest side of the overlay in pixels."""


@dataclass(frozen=True)
class Studio:
    """What all photographs of a run share.

    Attributes:
        head: The head model.
        space: Space of the texture code.
        parser: Parses portraits.
        context: Of the run.
    """

    head: HeadModel
    space: AlbedoSpace
    parser: Parser
    context: Context


def write_sitting(folder: Path, sitting: Sitting, fit: Fit, studio: Studio) -> dict[str, Path] | Failure:
    """Write everything of one photograph and return the files by name."""
    folder.mkdir(parents=True, exist_ok=True)
    photo, head = sitting.photo, studio.head
    if photo.altered:
        # Blender shows files as they are stored; this one must be turned or converted first.
        upright = _beside(folder / "photo.png", lambda path: Image.fromarray(photo.pixels).save(path))
        fit.landmarks.video["path"] = str(upright.absolute())
    track = track_of(fit, head, studio.context)
    problem = write_track(folder / "track.npz", track)
    if problem is not None:
        return problem
    vertices = pose_vertices(head, fit.pose)[0]
    region = ffhq_region(dlib68(sitting.face.points), SEED_SCALE)
    camera, turn = full_frame_in_crop(region, SIZE, fit.intrinsics)
    rotation, translation = turn @ fit.rotation[0], turn @ fit.translation[0]
    aligned = cut(photo.pixels, region)
    place = (vertices, head.faces, rotation, translation)
    lit = estimate_light(aligned, camera, *place, studio.space, np.asarray(head.regions["face"]))
    in_camera = vertices @ rotation.T + translation
    parsing = studio.parser.parse_square(photo.pixels, region, sitting.face.points, camera, in_camera)
    colours = shaded(lit, vertex_normals(vertices, head.faces))
    person = np.isin(parsing, _ON_THE_HEAD).astype(np.float32)
    shown = _Shown(photo.pixels, person, region)
    texture = _texture(shown, fit, head, vertices, colours, TEXTURE[int(region.side > _LARGE)])
    files = {"track": folder / "track.npz"}
    files["mesh"] = _write_mesh(folder, head, vertices)
    files["texture"] = _save(folder / "texture.png", texture)
    files["overlay"] = _save(folder / "overlay.png", _overlay(photo.pixels, fit, track, vertices, head))
    files["aligned"] = _save(folder / "aligned.png", aligned)
    files["parsing"] = _beside(folder / "parsing.png", lambda path: _write_parsing(path, parsing))
    numbers = _numbers(fit, lit, studio, corner_affine(region.to_image(SIZE)), parsing)
    text = json.dumps(numbers, indent=1, allow_nan=False)
    files["numbers"] = _beside(folder / "photo.json", lambda path: path.write_text(text, "utf-8"))
    return files


def _beside(path: Path, write: Callable[[Path], object]) -> Path:
    """Let a file be written beside its place and renamed."""
    beside = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _save(path: Path, picture: Picture) -> Path:
    return _beside(path, lambda beside: Image.fromarray(picture).save(beside, compress_level=3))


def _write_parsing(path: Path, parsing: NDArray[np.int64]) -> None:
    """A PNG whose values are the classes' numbers, with a colour for each."""
    image = Image.fromarray(parsing.astype(np.uint8), mode="P")
    image.putpalette(np.array(COLOURS, dtype=np.uint8).tobytes())
    image.save(path)


def _overlay(picture: Picture, fit: Fit, track: Track, vertices: Floats, head: HeadModel) -> Picture:
    factor = min(1.0, _OVERLAY / max(picture.shape[:2]))
    camera, points = scaled(fit.intrinsics, factor), (track.landmarks[0] + 0.5) * factor - 0.5
    if factor < 1:
        size = (camera.width, camera.height)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    in_camera = vertices @ fit.rotation[0].T + fit.translation[0]
    drawn = draw_head(picture, in_camera, head.faces, camera, head_look(track.neutral_vertices, track.regions))
    radius = max(0.9, 0.0015 * max(picture.shape[:2]))
    return draw_landmarks(drawn, points, fit.visibility[0], radius=radius)


@dataclass(frozen=True)
class _Shown:
    """A photograph, and which pixels of its aligned square show the head."""

    picture: Picture
    on_head: NDArray[np.float32]
    region: Region

    def at(self, factor: float, width: int, height: int) -> NDArray[np.float32]:
        """Colours 0..1 and the mask (height, width, 4) at another size."""
        picture = self.picture
        if factor < 1:
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        matrix = self.region.to_image(len(self.on_head)) * factor
        matrix[:, 2] += (factor - 1) / 2
        mask = cv2.warpAffine(self.on_head, matrix, (width, height), flags=cv2.INTER_LINEAR)
        return np.dstack([picture.astype(np.float32) / 255, mask]).astype(np.float32)


def _texture(shown: _Shown, fit: Fit, head: HeadModel, vertices: Floats, colours: Floats, size: int) -> Picture:
    """The photograph's colours on the head, light included, completed by the lit albedo where nothing is seen."""
    layout = texels(head.uv, head.uv_faces, size)
    in_camera = vertices @ fit.rotation[0].T + fit.translation[0]
    factor = min(1.0, 2 * size / max(shown.picture.shape[:2]))
    camera = scaled(fit.intrinsics, factor)
    photograph = shown.at(factor, camera.width, camera.height)
    seen, weight = project_photograph(photograph, in_camera, head.faces, layout, camera)
    weight = weight * (seen[..., 3] > 0.9)
    weight = cv2.GaussianBlur(weight, (0, 0), size / 256) * (weight > 0)
    painted = layout.interpolate(np.clip(colours, 0, 1), head.faces)
    texture = seen[..., :3] * weight[..., None] + painted * (1 - weight[..., None])
    return np.rint(255 * np.clip(grow_borders(texture.astype(np.float32), layout), 0, 1)).astype(np.uint8)


def _write_mesh(folder: Path, head: HeadModel, vertices: Floats) -> Path:
    """Wavefront OBJ in the head's own axes and metres, with texture coordinates and a material."""
    lines = ["# FLAME Head Tracker: metres, +X subject's left, +Y up, +Z out of the face", "mtllib head.mtl", "o head"]
    lines += [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in vertices]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in head.uv]
    lines.append("usemtl head")
    corners = np.stack([head.faces, head.uv_faces], axis=2) + 1
    lines += ["f " + " ".join(f"{vertex}/{place}" for vertex, place in corner) for corner in corners.tolist()]
    material = "newmtl head\nKd 1 1 1\nKs 0.03 0.03 0.03\nmap_Kd texture.png\n"
    _beside(folder / "head.mtl", lambda path: path.write_text(material, "utf-8"))
    text = "\n".join(lines) + "\n"
    return _beside(folder / "head.obj", lambda path: path.write_text(text, "utf-8"))


def _numbers(fit: Fit, lit: Lit, studio: Studio, crop: Floats, parsing: NDArray[np.int64]) -> dict[str, Any]:
    camera, size = fit.intrinsics, parsing.size
    present = {NAMES[number]: float((parsing == number).sum() / size) for number in np.unique(parsing)}
    return {
        "photo": fit.landmarks.video["name"],
        "width": camera.width,
        "height": camera.height,
        "focal": {"pixels": camera.focal_x, "source": fit.focal_source, "uncertainty": fit.focal_uncertainty},
        "landmark_error_px": float(fit.reprojection_error[0]),
        "confidence": float(fit.confidence[0]),
        "start": fit.report.get("start", ""),
        "head_model": studio.head.name,
        "licence": studio.head.licence,
        "aligned_to_photo": crop.tolist(),
        "light": lit.light.tolist(),
        "tex": lit.code.tolist(),
        "tex_space": studio.space.name,
        "parsing": {"source": studio.parser.source, "shares": present},
    }
