"""Corrections of one clip: frames pinned by hand, and what of its frames, pictures and face shall not count.

Kept as JSON: beside a track, in a .blend, in a job's settings and in the header of the track that was made with it.
Frames are those of the source video, as in `Track.frame_index`, so that corrections outlive another range or step.
Pixels are those of the track's intrinsics; areas of the picture are in shares of its width and height, from top left.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from ..checks import (
    is_number,
    is_object,
    is_path,
    is_text,
    is_whole,
    is_yes_or_no,
    list_of,
    maybe,
    object_with,
    parse_json,
)
from ..failure import Failure

SCHEMA: Final = 2
"""Highest that is read. Files in which an area has `without` have 2: programs of schema 1 would pass that over."""
_PLAIN_SCHEMA: Final = 1
"""Of all other files, which programs of schema 1 read too."""
ENTRY: Final = "corrections"
"""Entry of a track's header: what it was corrected with, as `Corrections.to_plain` gives it."""
SUFFIX: Final = ".corrections.json"
"""End of the name of a file of corrections beside a track: ``track.corrections.json``."""
HARD: Final = "hard"
SOFT: Final = "soft"
HARDNESS: Final = (HARD, SOFT)
AUTOMATIC_REACH: Final = -1
DEEPEST_AREA: Final = 16
"""Areas within each other's `without` at most, so that no file can exhaust a program that reads it."""
FACE_REGIONS: Final = ("brows", "left eye", "right eye", "nose", "mouth", "jaw line", "cheeks", "forehead")
"""Regions of the face that can be left out, by the landmarks in them; left and right are the subject's."""


@dataclass(frozen=True)
class Pin:
    """A point of the head's surface and the pixel at which it is to be seen.

    Attributes:
        triangle: Row of the track's faces.
        barycentric: Of the point in that triangle, three shares that add up to 1.
        pixel: x and y, in pixels of the track's intrinsics.
    """

    triangle: int
    barycentric: tuple[float, float, float]
    pixel: tuple[float, float]


@dataclass(frozen=True)
class KeyPose:
    """All that the head does on one frame, in the units and axes of `Track`.

    Attributes:
        head_rotation, head_translation: Head to camera, axis-angle and metres.
        neck_pose, jaw_pose, left_eye_pose, right_eye_pose: Axis-angle.
        eyelids: Left, right.
        expression: One coefficient for each mode of the track.
    """

    head_rotation: tuple[float, ...]
    head_translation: tuple[float, ...]
    neck_pose: tuple[float, ...]
    jaw_pose: tuple[float, ...]
    left_eye_pose: tuple[float, ...]
    right_eye_pose: tuple[float, ...]
    eyelids: tuple[float, ...]
    expression: tuple[float, ...]


@dataclass(frozen=True)
class PinnedFrame:
    """A frame that was put right by hand: a key that the track passes through.

    Attributes:
        frame: Of the source video.
        pose: What the head does there, the pins' answer included.
        pins: The points that were dragged there, to go on from; none where only the pose was changed.
        hardness: ``hard``: the track passes through the pose exactly; ``soft``: it is drawn to it.
        reach: Frames to both sides over which the change fades out; `AUTOMATIC_REACH` as far as the track is bad
            there. Between two pinned frames that reach each other the change goes from one to the other.
    """

    frame: int
    pose: KeyPose
    pins: tuple[Pin, ...] = ()
    hardness: str = HARD
    reach: int = AUTOMATIC_REACH


@dataclass(frozen=True)
class FrameRange:
    """Frames of the source video, both included."""

    first: int
    last: int


@dataclass(frozen=True)
class AreaKey:
    """The outline of an area on one frame: corners (x, y) in shares of the picture, in order around it."""

    frame: int
    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Area:
    """A part of the picture that shall not count: a hand, a microphone, hair.

    Attributes:
        name: For people.
        keys: Its outline on some frames, in their order, each with as many corners; between them corners move
            straight, before the first and after the last they stay.
        first, last: Frames between which it is there; -1 as `last` is the end.
        without: Areas that count all the same, taken out of this one alone: the hole between two fingers. All but the
            inside of an outline is the whole picture without it. They may have areas taken out of them in turn.
    """

    name: str
    keys: tuple[AreaKey, ...]
    first: int = 0
    last: int = -1
    without: tuple[Area, ...] = ()


@dataclass(frozen=True)
class Matte:
    """Pictures that say where the footage counts: white does, black does not.

    Attributes:
        path: First picture of a sequence, a single picture, or a video, as large as the footage or of its shape.
        inverted: Whether black counts instead.
        first_frame: Frame of the source video to which the first picture belongs.
    """

    path: str
    inverted: bool = False
    first_frame: int = 0


@dataclass(frozen=True)
class Corrections:
    """Everything that was put right by hand in one clip.

    Attributes:
        pinned: In the order of their frames, one for each frame at most.
        frames: Ranges whose landmarks do not count; they are carried by their neighbours.
        areas: Of the picture.
        face_regions: Of the face, for the whole clip: members of `FACE_REGIONS`.
        matte: Of the whole clip, or None.
    """

    pinned: tuple[PinnedFrame, ...] = ()
    frames: tuple[FrameRange, ...] = ()
    areas: tuple[Area, ...] = ()
    face_regions: tuple[str, ...] = ()
    matte: Matte | None = None

    @property
    def excludes(self) -> bool:
        """Whether anything of the clip shall not count."""
        return bool(self.frames or self.areas or self.face_regions or self.matte)

    def pinned_at(self, frame: int) -> PinnedFrame | None:
        """Return the pinned frame of a frame of the source video, or None."""
        return next((each for each in self.pinned if each.frame == frame), None)

    def with_pinned(self, pinned: PinnedFrame) -> Corrections:
        """Return the same with one more pinned frame, in the place of the one that its frame had."""
        others = [each for each in self.pinned if each.frame != pinned.frame]
        return replace(self, pinned=tuple(sorted([*others, pinned], key=lambda each: each.frame)))

    def without_pinned(self, first: int, last: int) -> Corrections:
        """Return the same without the pinned frames of a range, both ends included."""
        return replace(self, pinned=tuple(each for each in self.pinned if not first <= each.frame <= last))

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON gives it back: with lists, so that `corrections_of` understands it at once."""
        schema = SCHEMA if any(area.without for area in self.areas) else _PLAIN_SCHEMA
        plain: dict[str, Any] = json.loads(json.dumps({"schema": schema, **asdict(self)}))
        return {**plain, "areas": [_plain_area(area) for area in plain["areas"]]}

    def to_json(self) -> str:
        """Return it as JSON text, readable by `parse_corrections`."""
        return json.dumps(self.to_plain(), indent=1)


def parse_corrections(text: str | bytes) -> Corrections | Failure:
    """Read corrections from JSON text; the failure says what cannot be understood."""
    data = parse_json(text, is_object)
    return Failure("corrections-not-json", *_NOT_OURS) if data is None else corrections_of(data)


def corrections_of(data: Any) -> Corrections | Failure:
    """Return the corrections that plain data describe, as `Corrections.to_plain` gives them."""
    if not isinstance(data, dict) or not is_whole(data.get("schema"), 1):
        return Failure("corrections-not-json", *_NOT_OURS)
    if data["schema"] > SCHEMA:
        return Failure(
            "corrections-newer",
            f"These corrections have schema {data['schema']}; this program reads {SCHEMA}.",
            "Use the version of the program that wrote them.",
        )
    for name, is_right in _CHECKS.items():
        if not is_right(data.get(name, _EMPTY[name])):
            return Failure(
                "corrections-damaged",
                f"In the corrections, '{name}' cannot be understood.",
                "Write them again from Blender, or mend that part of the file.",
            )
    made = Corrections(
        pinned=tuple(sorted(map(_pinned, data.get("pinned", ())), key=lambda each: each.frame)),
        frames=tuple(FrameRange(each["first"], each["last"]) for each in data.get("frames", ())),
        areas=tuple(map(_area, data.get("areas", ()))),
        face_regions=tuple(data.get("face_regions", ())),
        matte=_matte(data.get("matte")),
    )
    frames = [each.frame for each in made.pinned]
    if len(set(frames)) < len(frames):
        return Failure(
            "corrections-damaged", "The corrections pin one frame twice.", "Remove one of the two from the file."
        )
    return made


def read_corrections(path: Path) -> Corrections | Failure:
    """Read a file of corrections."""
    try:
        return parse_corrections(path.read_bytes())
    except OSError as error:
        return Failure(
            "corrections-not-read",
            f"{path} cannot be read: {error.strerror or error}.",
            "Check the name, or leave the corrections away.",
        )


_NOT_OURS: Final = (
    "This is not a file of corrections.",
    f"Give the file that Blender writes beside a track: its name ends in {SUFFIX}.",
)
_VECTOR: Final = list_of(is_number, 3)
_POINT: Final = list_of(is_number, 2)
_PIN: Final = object_with({"triangle": is_whole, "barycentric": _VECTOR, "pixel": _POINT})
_POSE: Final = object_with(
    {
        **dict.fromkeys(
            ("head_rotation", "head_translation", "neck_pose", "jaw_pose", "left_eye_pose", "right_eye_pose"), _VECTOR
        ),
        "eyelids": _POINT,
        "expression": list_of(is_number),
    }
)


def _is_area(value: Any, room: int = DEEPEST_AREA) -> bool:
    """Whether this is an area with outlines of as many corners each, and not too many areas within each other."""
    if room == 0 or not _AREA(value) or len({len(key["corners"]) for key in value["keys"]}) != 1:
        return False
    return list_of(lambda inner: _is_area(inner, room - 1))(value.get("without", []))


_CHECKS: Final = {
    "pinned": list_of(
        object_with(
            {"frame": is_whole, "pose": _POSE},
            {
                "pins": list_of(_PIN),
                "hardness": lambda value: value in HARDNESS,
                "reach": lambda value: is_whole(value, AUTOMATIC_REACH),
            },
        )
    ),
    "frames": list_of(lambda value: _RANGE(value) and value["first"] <= value["last"]),
    "areas": list_of(_is_area),
    "face_regions": list_of(lambda value: value in FACE_REGIONS),
    "matte": maybe(object_with({"path": is_path}, {"inverted": is_yes_or_no, "first_frame": is_whole})),
}
_RANGE: Final = object_with({"first": is_whole, "last": is_whole})
_AREA: Final = object_with(
    {
        "name": is_text,
        "keys": list_of(
            object_with({"frame": is_whole, "corners": lambda value: list_of(_POINT)(value) and len(value) >= 3})
        ),
    },
    {"first": is_whole, "last": lambda value: is_whole(value, -1)},
)
_EMPTY: Final[dict[str, Any]] = {"pinned": [], "frames": [], "areas": [], "face_regions": [], "matte": None}


def _plain_area(area: dict[str, Any]) -> dict[str, Any]:
    """Return an area of plain data as it is written: with `without` only where there is something in it."""
    inner = [_plain_area(each) for each in area.pop("without")]
    return {**area, "without": inner} if inner else area


def _pinned(data: dict[str, Any]) -> PinnedFrame:
    pose = KeyPose(**{name: tuple(map(float, data["pose"][name])) for name in KeyPose.__dataclass_fields__})
    return PinnedFrame(
        data["frame"],
        pose,
        tuple(Pin(each["triangle"], tuple(each["barycentric"]), tuple(each["pixel"])) for each in data.get("pins", ())),
        data.get("hardness", HARD),
        data.get("reach", AUTOMATIC_REACH),
    )


def _area(data: dict[str, Any]) -> Area:
    keys = [AreaKey(each["frame"], tuple((x, y) for x, y in each["corners"])) for each in data["keys"]]
    return Area(
        data["name"],
        tuple(sorted(keys, key=lambda each: each.frame)),
        data.get("first", 0),
        data.get("last", -1),
        tuple(map(_area, data.get("without", ()))),
    )


def _matte(data: dict[str, Any] | None) -> Matte | None:
    return None if data is None else Matte(data["path"], data.get("inverted", False), data.get("first_frame", 0))
