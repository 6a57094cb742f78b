"""Films a performance of the built-in head with a known camera, and keeps the truth.

Axes and pixels as in `contract.camera`: a point x of head space lies at R x + t in camera axes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Floats
from ..contract.camera import Intrinsics, rotation_matrices
from ..contract.failure import Failure
from ..contract.marks import ENTRY, MARK, PROGRAM
from ..contract.targets import TargetRefused, Targets, problems
from ..head.model import HeadModel
from ..head.skinning import pose_vertices, shaped_template
from ..raster.normals import vertex_normals
from ..render.srgb import srgb_from_linear
from ..render.textured import Renderer, Surface
from .appearance import Appearance
from .motion import Performance, perform
from .scenery import daylight, room, shoulders

FACING: Final = np.diag([1.0, -1.0, -1.0])
"""Head-to-camera rotation of a head that looks straight into the camera."""
PIVOT: Final = np.array([0.0, -0.115, -0.055])
"""Where the head turns on the neck, head axes."""
FACE_WIDTH: Final = 0.145
COLLAR: Final = -0.150
"""Height on the neck below which the pullover hides everything (and the turned neck would poke through it)."""
CONVENTION: Final = (
    "Metres, radians. Head axes: +X subject's left, +Y up, +Z out of the face. Camera: x right, y down, z forward. "
    "A point x of head space lies at head_rotation @ x + head_translation in camera axes. Pixels: (0, 0) is the centre "
    "of the top-left pixel. jaw, left_eye, right_eye: axis-angle in the parent's axes. gaze: yaw to the subject's "
    "left, pitch downwards. blink: left, right lid, 0 open, 1 closed."
)


@dataclass(frozen=True)
class Truth:
    """What a clip of T frames shows. Arrays as described in `CONVENTION`.

    Attributes:
        intrinsics: Camera.
        rate: Frames per second.
        head_rotation, head_translation: (T, 3, 3), (T, 3).
        vertices: Head-space vertices (T, V, 3) float32.
        neutral_vertices, faces: (V, 3), (F, 3).
        identity, expression: (I,), (T, E); expression_names: (E).
        jaw, left_eye, right_eye: (T, 3).
        blink, gaze: (T, 2).
    """

    intrinsics: Intrinsics
    rate: Fraction
    head_rotation: Floats
    head_translation: Floats
    vertices: NDArray[np.float32]
    neutral_vertices: Floats
    faces: Array
    identity: Floats
    expression: Floats
    expression_names: tuple[str, ...]
    jaw: Floats
    left_eye: Floats
    right_eye: Floats
    blink: Floats
    gaze: Floats

    def __len__(self) -> int:
        return len(self.head_rotation)

    def camera_vertices(self, frame: int) -> Floats:
        """Return the vertices (V, 3) of a frame in camera axes."""
        return self.vertices[frame] @ self.head_rotation[frame].T + self.head_translation[frame]


def write_truth(path: Path, truth: Truth) -> None:
    """Write the truth as one .npz without pickles."""
    arrays = {field.name: getattr(truth, field.name) for field in dataclasses.fields(truth)}
    arrays["intrinsics"] = np.array(dataclasses.astuple(truth.intrinsics), dtype=np.float64)
    arrays["rate"] = np.array([truth.rate.numerator, truth.rate.denominator])
    np.savez(path, **{ENTRY: np.array(PROGRAM)}, convention=np.array(CONVENTION), **arrays)


def read_truth(path: Path) -> Truth:
    """Read what `write_truth` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {field.name: archive[field.name] for field in dataclasses.fields(Truth)}
    width, height, *lens = arrays["intrinsics"].tolist()
    arrays["intrinsics"] = Intrinsics(int(width), int(height), *lens)
    arrays["rate"] = Fraction(*arrays["rate"].tolist())
    arrays["expression_names"] = tuple(arrays["expression_names"].tolist())
    return Truth(**arrays)


@dataclass(frozen=True)
class ClipPlan:
    """Who is filmed how.

    Attributes:
        identity: (I,) of the head model; shorter ones are filled with zeros.
        appearance: See `appearance.painted` and `portrait.portrayed`.
        intrinsics: Camera and picture size.
        frames: Number.
        rate: Frames per second.
        face_width: Of the face in the picture, pixels: decides how far away the head is.
        seed: Of performance, room and light.
        noise: Deviation of the sensor's noise in 8-bit steps.
        turns: Yaw, pitch and roll of the head (T, 3), radians, in place of the performance's.
    """

    identity: Floats
    appearance: Appearance
    intrinsics: Intrinsics
    frames: int = 180
    rate: Fraction = Fraction(30)
    face_width: float = 190.0
    seed: int = 0
    noise: float = 1.2
    turns: Floats | None = None


def truth_of(head: HeadModel, plan: ClipPlan, performance: Performance | None = None) -> Truth:
    """Return what will be seen, before anything is drawn: a given performance, or talking as the seed wants it."""
    identity = np.zeros(head.identity_basis.shape[2])
    identity[: len(plan.identity)] = plan.identity[: len(identity)]
    performance = performance or perform(head, identity, plan.frames, float(plan.rate), plan.seed)
    if plan.turns is not None:
        performance = dataclasses.replace(performance, head_angles=plan.turns)
    rotation = head_rotations(performance)
    start = _start(plan)
    pivot = PIVOT
    translation = start + FACING @ pivot - rotation @ pivot + performance.head_shift
    return Truth(
        intrinsics=plan.intrinsics,
        rate=plan.rate,
        head_rotation=rotation,
        head_translation=translation,
        vertices=pose_vertices(head, performance.pose, dtype=np.float32),
        neutral_vertices=shaped_template(head, identity),
        faces=head.faces,
        identity=identity,
        expression=performance.pose.expression,
        expression_names=head.expression_names,
        jaw=performance.pose.jaw,
        left_eye=performance.pose.left_eye,
        right_eye=performance.pose.right_eye,
        blink=performance.blink,
        gaze=performance.gaze,
    )


def head_rotations(performance: Performance) -> Floats:
    """Return head-to-camera rotations (T, 3, 3): yaw, then pitch, then roll about the head's own axes."""
    yaw, pitch, roll = (
        rotation_matrices(performance.head_angles[:, column, None] * axis)
        for column, axis in ((0, np.array([0.0, 1, 0])), (1, np.array([1.0, 0, 0])), (2, np.array([0.0, 0, 1])))
    )
    return np.asarray(FACING @ yaw @ pitch @ roll, np.float64)


def _start(plan: ClipPlan) -> Floats:
    """Return where the origin of a head at rest is: a little above the middle of the picture."""
    camera = plan.intrinsics
    depth = camera.focal_x * FACE_WIDTH / plan.face_width
    raised = -0.06 * camera.height / camera.focal_y * depth
    return np.array([0.0, raised, depth])


def filmed(head: HeadModel, plan: ClipPlan, truth: Truth) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames (H, W, 3), 8-bit sRGB."""
    appearance, camera = plan.appearance, plan.intrinsics
    renderer = Renderer(camera, daylight(plan.seed), appearance.texture)
    background = room(camera, plan.seed)
    shown = head.template[head.faces][..., 1].max(axis=1) > COLLAR
    faces, corner_uv = head.faces[shown], head.uv[head.uv_faces[shown]]
    body = shoulders(appearance.clothes, plan.seed)
    body = dataclasses.replace(body, vertices=body.vertices @ FACING.T + _start(plan))
    random = np.random.default_rng(plan.seed)
    white = np.ones((head.vertex_count, 3))
    for frame in range(len(truth)):
        inside = truth.vertices[frame].astype(np.float64)
        inside += appearance.hair[:, None] * vertex_normals(inside, head.faces)
        vertices = inside @ truth.head_rotation[frame].T + truth.head_translation[frame]
        person = Surface(vertices, faces, white, appearance.gloss, appearance.sharpness, corner_uv)
        picture = renderer.render([person, body], background)
        grain = plan.noise / 255 * random.standard_normal((*picture.shape[:2], 1), dtype=np.float32)
        yield srgb_from_linear(picture + grain * np.sqrt(np.maximum(picture, 0.02)))


def write_video(path: Path, pictures: Iterator[NDArray[np.uint8]], intrinsics: Intrinsics, rate: Fraction) -> None:
    """Write frames as H.264 of good quality."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = MARK
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = intrinsics.width, intrinsics.height, "yuv420p"
        stream.options = {"crf": "16", "preset": "veryfast"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def make_clip(
    head: HeadModel,
    plan: ClipPlan,
    video: Path,
    truth_file: Path,
    progress: Callable[[int, int], None] | None = None,
    targets: Targets | None = None,
    performance: Performance | None = None,
) -> Truth | Failure:
    """Film a performance; write the video and, apart from it, the truth.

    Args:
        head: With ARKit shapes as expression basis (the built-in head).
        plan: Who, how and how long.
        video: File to write (.mp4).
        truth_file: File to write (.npz).
        progress: Called with frames done and their number.
        targets: What may be replaced; without it earlier samples.
        performance: What the person does; without it talking, as long as the plan says.

    Returns:
        The truth, or a failure when a file cannot be written.
    """
    targets = targets or Targets()
    taken = problems(targets, [video, truth_file])
    if taken:
        return taken[0]
    truth = truth_of(head, plan, performance)
    pictures = _counted(filmed(head, plan, truth), len(truth), progress)
    try:
        targets.write(video, lambda beside: write_video(beside, pictures, plan.intrinsics, plan.rate))
        targets.write(truth_file, lambda beside: write_truth(beside, truth))
    except TargetRefused as refused:
        return refused.failure
    except OSError as error:
        return Failure(
            "sample-not-written",
            f"The sample could not be written to {video.parent}: {error.strerror or error}.",
            "Choose a folder with free space that you may write to.",
        )
    return truth


def _counted(
    pictures: Iterator[NDArray[np.uint8]], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[NDArray[np.uint8]]:
    for done, picture in enumerate(pictures, start=1):
        yield picture
        if progress is not None:
            progress(done, total)
