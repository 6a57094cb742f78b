"""Clips of matplotlib's public-domain portrait, placed to the pixel: where every face is, is known."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import av
import cv2
import numpy as np

# Of the portrait: centre and width of the face, in its pixels.
FACE_X, FACE_Y, FACE_WIDTH = 265.0, 233.0, 160.0


def portrait() -> np.ndarray:
    """Grace Hopper, 512 x 600, public domain, from matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def placement(x: float, y: float, width: float, roll: float = 0.0) -> np.ndarray:
    """Portrait pixels -> frame pixels (2, 3): the face at (x, y), `width` pixels wide, turned by degrees."""
    scale, angle = width / FACE_WIDTH, np.radians(roll)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    matrix = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    matrix[:, 2] = np.array([x, y]) - matrix[:, :2] @ [FACE_X, FACE_Y]
    return matrix


def put(frame: np.ndarray, matrix: np.ndarray, image: np.ndarray | None = None) -> np.ndarray:
    """Lay the portrait over a frame; pixels are averaged where it shrinks, and centres stay centres."""
    image = portrait() if image is None else image
    block = max(1, int(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    rows, columns = image.shape[0] // block, image.shape[1] // block
    image = cv2.resize(image[: rows * block, : columns * block], (columns, rows), interpolation=cv2.INTER_AREA)
    # Pixel i of the shrunk portrait is at (i + 0.5) block - 0.5 of the portrait.
    coarse = np.column_stack([matrix[:, :2] * block, matrix[:, 2] + matrix[:, :2].sum(axis=1) * (block - 1) / 2])
    size = (frame.shape[1], frame.shape[0])
    layer = cv2.warpAffine(image, coarse, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(np.full((rows, columns), 255, np.uint8), coarse, size)
    share = mask[..., None].astype(float) / 255
    return np.round(layer * share + frame * (1 - share)).astype(np.uint8)


def background(height: int, width: int, seed: int = 0, base: tuple[int, int, int] = (90, 110, 120)) -> np.ndarray:
    """Soft clouds of a colour."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(max(2, height // 30), max(2, width // 30), 3)).astype(np.float32)
    clouds = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.array(base) + 12 * clouds, 0, 255).astype(np.uint8)


def film(path: Path, frames: list[np.ndarray]) -> Path:
    """Write frames without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def two_people(tmp_path: Path) -> Path:
    """A large face at the right in all frames; a smaller, darker and mirrored one at the left, not in all."""
    other = (portrait()[:, ::-1] * 0.7).astype(np.uint8)
    frames = []
    for k in range(8):
        frame = put(background(300, 640), placement(470 + k, 150, 110))
        if k >= 4:
            mirrored = placement(120, 170, 70)
            mirrored[:, 2] += mirrored[:, :2] @ [FACE_X - (511 - FACE_X), 0.0]
            frame = put(frame, mirrored, other)
            frame[:, 300:] = put(background(300, 640), placement(470 + k, 150, 110))[:, 300:]
        frames.append(frame)
    return film(tmp_path / "two.mkv", frames)
