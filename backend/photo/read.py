"""Reading of photographs as they are meant to be seen: upright, 8 bits, RGB, opaque; and of their lens."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from ..contract.failure import Failure
from ..contract.file_access import access_problem, is_file, is_folder
from ..contract.footage import is_picture

LARGEST: Final = 400_000_000
"""Pixels beyond which a file is refused; medium-format cameras reach 150 million."""
_BACKGROUND: Final = (255, 255, 255, 255)
_FULL_FRAME_WIDTH: Final = 36.0


@dataclass(frozen=True)
class Photo:
    """One picture.

    Attributes:
        path: The file.
        pixels: RGB uint8 (H, W, 3), upright.
        focal_35mm: Focal length as if the longer side were 36 mm long, or None where the file does not say.
        altered: Whether the file had to be turned or converted to be seen like this, which not every program does.
    """

    path: Path
    pixels: NDArray[np.uint8]
    focal_35mm: float | None
    altered: bool = False

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.pixels.shape[0]


def read_photo(path: Path) -> Photo | Failure:
    """Return a picture file as it is meant to be seen; transparent parts become white."""
    problem = _file_problem(path)
    if problem is not None:
        return problem
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked here
            with Image.open(path) as image:
                if image.width * image.height > LARGEST:
                    megapixels = image.width * image.height / 1e6
                    return Failure(
                        "photo-too-large", f"{path.name} has {megapixels:.0f} megapixels.", "Reduce it below 400."
                    )
                focal, plain = _focal(image), _is_plain(image) and is_picture(path)
                pixels = _upright_rgb(image)
    except UnidentifiedImageError:
        return Failure(
            "photo-unreadable",
            f"{path.name} is no picture of a kind that can be read here.",
            "Save it as PNG or JPEG; phones and their galleries can send HEIC pictures as JPEG.",
        )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return Failure(
            "photo-unreadable",
            f"{path.name} is damaged or can't be read: {str(error).rstrip('.')}.",
            "Copy it again, or save it again as PNG or JPEG.",
        )
    return Photo(path, pixels, focal, altered=not plain)


def _file_problem(path: Path) -> Failure | None:
    if is_folder(path):
        return Failure("photo-not-found", f"{path} is a folder, not a picture.", "Choose a picture in it.")
    if access_problem(path):
        return Failure(
            "photo-unreadable", f"{path} can't be read: {access_problem(path)}.", "Choose one that you may read."
        )
    if not is_file(path):
        return Failure("photo-not-found", f"There is no file {path}.", "Choose an existing picture.")
    if path.stat().st_size == 0:
        return Failure("photo-unreadable", f"{path.name} is empty (0 bytes).", "Copy it again.")
    return None


def _is_plain(image: Image.Image) -> bool:
    """Whether programs that look at nothing but the stored values show the same."""
    upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
    return image.mode in ("RGB", "L", "P") and upright and "transparency" not in image.info and not _profile(image)


def _profile(image: Image.Image) -> bytes | None:
    """The colour profile of the file where it is another one than sRGB."""
    content = image.info.get("icc_profile")
    if not content:
        return None
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(content)))
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    return None if "srgb" in name.lower() else content


def _upright_rgb(image: Image.Image) -> NDArray[np.uint8]:
    profile = _profile(image)
    upright = ImageOps.exif_transpose(image)
    if profile is not None and upright.mode in ("RGB", "RGBA", "CMYK", "L"):
        upright = _in_srgb(upright, profile)
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _eight_bits(upright)
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, _BACKGROUND), layer)
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"), dtype=np.uint8))


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Other programs' colours (Display P3 of phones, Adobe RGB, printers' CMYK) as sRGB; as stored if that fails."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit greys cover 0..65535 whatever is in them; 32-bit and real ones are stretched to what they hold."""
    values = np.asarray(image, dtype=np.float64)
    if image.mode.startswith("I;16") or (values.min() >= 0 and 255 < values.max() <= 65535):
        low, high = 0.0, 65535.0
    else:
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scaled = np.nan_to_num((values - low) / max(high - low, 1e-12))
    return Image.fromarray(np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8))


def _focal(image: Image.Image) -> float | None:
    """Focal length for a longer side of 36 mm, from EXIF: stated so, or from the density of the sensor's pixels."""
    try:
        tags: Any = image.getexif().get_ifd(ExifTags.IFD.Exif)
        stated = float(tags.get(ExifTags.Base.FocalLengthIn35mmFilm, 0) or 0)
        if stated > 0:
            return stated
        focal = float(tags.get(ExifTags.Base.FocalLength, 0) or 0)
        density = float(tags.get(ExifTags.Base.FocalPlaneXResolution, 0) or 0)
        unit = {2: 25.4, 3: 10.0, 4: 1.0}.get(int(tags.get(ExifTags.Base.FocalPlaneResolutionUnit, 2) or 2), 25.4)
        columns = float(tags.get(ExifTags.Base.ExifImageWidth, 0) or 0) or max(image.size)
        rows = float(tags.get(ExifTags.Base.ExifImageHeight, 0) or 0) or min(image.size)
    except (ValueError, TypeError, ZeroDivisionError, KeyError, AttributeError):
        return None
    if focal <= 0 or density <= 0:
        return None
    sensor = max(columns, rows) / density * unit
    return focal * _FULL_FRAME_WIDTH / sensor if 1.0 < sensor < 200.0 else None
