"""Lens files: what is known of a lens, as the export writes it in `lens.json`, for other clips of the same lens."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from .camera import Intrinsics
from .checks import is_number, is_object, list_of, object_with, parse_json
from .distortion import CurvedLens, Distortion
from .failure import Failure
from .file_access import is_file
from .footage import is_picture
from .foreign_text import shown
from .pixel_shape import focal_in_square_pixels
from .track import DISTORTION

SUFFIX: Final = ".lens.json"
"""End of the name of a lens file beside a clip: ``shot.lens.json`` or ``shot.mp4.lens.json`` beside ``shot.mp4``."""
_ALIKE: Final = 0.02
"""Share by which width over height of two pictures may differ: calibrations measure each focal length by itself."""
_LARGEST: Final = 1e6
_COEFFICIENTS: Final = ("k1", "k2", "k3", "p1", "p2")


@dataclass(frozen=True)
class LensFile:
    """What a lens file says.

    Attributes:
        lens: Focal length, principal point and distortion in the pixels of the picture that it was measured with.
        zoom: By how much longer the lens is on the first frame of a clip that it was written for.
        zooms: Whether it changes within that clip.
    """

    lens: CurvedLens
    zoom: float = 1.0
    zooms: bool = False

    def fitted(self, width: int, height: int, name: str) -> LensFile | Failure:
        """Return what is known of a clip's lens.

        Args:
            width, height: Of the clip, in square pixels.
            name: Of the file, for the failure where its picture has another shape than the clip.
        """
        measured = self.lens.intrinsics
        shape = measured.width / measured.focal_x / (measured.height / measured.focal_y)
        if abs(math.log(shape * height / width)) > _ALIKE:
            return Failure(
                "lens-file-shape",
                f"{name} is of a picture of {measured.width}×{measured.height} pixels, which is of another shape than"  # noqa: RUF001
                f" the clip's {width}×{height}.",  # noqa: RUF001
                "Give a file of the same lens that was measured with pictures of the clip's shape, held alike.",
            )
        return replace(self, lens=self.lens.resized(width, height))

    @property
    def focal(self) -> float:
        """Focal length in square pixels, that of the first frame where it zooms; once `fitted`."""
        camera = self.lens.intrinsics
        return self.zoom * math.sqrt(camera.focal_x * camera.focal_y)

    @property
    def centre(self) -> tuple[float, float] | None:
        """Principal point in pixels, as `Intrinsics` has it; None in the middle of the picture."""
        camera = self.lens.intrinsics
        return (camera.centre_x, camera.centre_y) if _is_off_middle(camera) else None


def _is_off_middle(camera: Intrinsics) -> bool:
    middle = Intrinsics.centred(camera.width, camera.height, 1.0)
    return max(abs(camera.centre_x - middle.centre_x), abs(camera.centre_y - middle.centre_y)) > 1e-6


def _is_positive(value: Any) -> bool:
    return is_number(value, 1e-3, _LARGEST)


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and is_number(value, 1, 1_000_000)


_IS_LENS: Final = object_with(
    {
        "width": _is_side,
        "height": _is_side,
        "focal_x": _is_positive,
        "focal_y": _is_positive,
        "principal_point": list_of(lambda value: is_number(value, -_LARGEST, _LARGEST), 2),
    },
    {
        DISTORTION: object_with({}, dict.fromkeys(_COEFFICIENTS, lambda value: is_number(value, -1000.0, 1000.0))),
        "zoom": object_with({"focal_x": lambda value: list_of(_is_positive)(value) and len(value) > 0}),
    },
)


def parse_lens_file(text: bytes) -> LensFile | None:
    """Read the text of a `lens.json`; None where it is none."""
    stated = parse_json(text, is_object)
    if stated is None or not _IS_LENS(stated):
        return None
    centre_x, centre_y = stated["principal_point"]
    camera = Intrinsics(
        stated["width"], stated["height"], stated["focal_x"], stated["focal_y"], float(centre_x), float(centre_y)
    )
    coefficients = stated.get(DISTORTION, {})
    distortion = Distortion(**{name: float(coefficients.get(name, 0.0)) for name in _COEFFICIENTS})
    focal = stated["zoom"]["focal_x"] if "zoom" in stated else [camera.focal_x]
    return LensFile(CurvedLens(camera, distortion), focal[0] / camera.focal_x, "zoom" in stated)


def file_problem(path: Path, why: str) -> Failure:
    """Return the failure for a lens file that says nothing that can be used."""
    return Failure(
        "lens-file-not-read",
        f"{shown(path.name)} {why}.",
        "Give the lens.json of an exported camera, or a calibration that OpenCV wrote (YAML, JSON or XML).",
    )


def lens_file_beside(video: Path) -> Path | None:
    """Return the lens file that lies beside a clip; of an image sequence also under its name without the number."""
    names = [video.name, video.stem]
    if is_picture(video):
        names += [re.sub(r"[._ -]*[0-9]+$", "", video.stem)]
    files = [video.with_name(name + SUFFIX) for name in dict.fromkeys(names) if name]
    return next((file for file in files if is_file(file)), None)


def lens_of_track(header: Mapping[str, Any], zoom: float = 1.0) -> dict[str, Any]:
    """Return the camera's settings for the lens that a track has; estimated anew, it would be another one.

    Args:
        header: Of the track.
        zoom: By how much longer the lens is on the first frame than the header says.
    """
    camera = Intrinsics(**header["intrinsics"])
    settings: dict[str, Any] = {
        "focal_mode": "pixels",
        "focal_pixels": zoom * focal_in_square_pixels(header),
        "lens_file": "",
        "principal_point": "middle",
        "distortion": "none",
    }
    if _is_off_middle(camera):
        point = {"centre_x": camera.centre_x + 0.5, "centre_y": camera.centre_y + 0.5}
        settings |= {"principal_point": "known", **point}
    if DISTORTION in header:
        coefficients = asdict(Distortion(**header[DISTORTION]).for_focal(zoom))
        settings |= {"distortion": "known", **coefficients}
    return settings
