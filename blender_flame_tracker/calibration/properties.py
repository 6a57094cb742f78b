"""Properties of a calibration, on the collection of an import and, for files of other programs, on the scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.performance.calibration import AS_IT_IS, LIMITS, Calibration, Response, affected
from ...backend.contract.performance.channels import CHANNELS, REGIONS, mirrored, region_of
from . import live

Holder = bpy.types.Collection | bpy.types.Scene
"""What a calibration belongs to."""

PROPERTY: Final = "flame_calibration"
"""Of collections and scenes."""
_REGION: Final = "region_"
"""Before the name of a region, in the names of properties: a channel may be called the same."""
_FIELDS: Final[Mapping[str, tuple[str, str, float]]] = {
    "gain": ("Gain", "How strongly it is played; 1 as tracked", 2.0),
    "offset": ("Offset", "What is always added, so that the face rests elsewhere", 0.5),
    "curve": ("Curve", "Above 1 small motions become quieter, below 1 stronger; rest and full strength stay", 3.0),
    "low": ("Least", "It never becomes less", 1.0),
    "high": ("Most", "It never becomes more", 1.0),
}
"""Field of `Response` -> label, help, and end of the slider."""


def _changed(part: Any, _context: bpy.types.Context | None, name: str) -> None:
    """Hand a change on to the other half of the face, if they go together, and to who plays the performance."""
    if live.is_silent():
        return
    holder = part.id_data
    calibration = of_holder(holder)
    channels = frozenset(calibration.channels_of(part))
    if calibration.both_sides and len(channels) == 1:
        channel = next(iter(channels))
        other = mirrored(channel)
        if other != channel:
            with live.silent():
                setattr(calibration.channel(other), name, getattr(part, name))
            channels |= {other}
    live.tell(holder, affected(channels))


def _update_of(name: str) -> Any:
    return lambda part, context: _changed(part, context, name)


class ResponseProperties(bpy.types.PropertyGroup):
    """How a channel or a region answers"""

    __annotations__: ClassVar = {
        name: bpy.props.FloatProperty(
            name=label,
            description=text,
            default=getattr(AS_IT_IS, name),
            min=LIMITS[name][0],
            max=LIMITS[name][1],
            soft_min=max(LIMITS[name][0], -end),
            soft_max=end,
            step=1,
            precision=2,
            options=set(),  # Keys would change it without anybody being told.
            update=_update_of(name),
        )
        for name, (label, text, end) in _FIELDS.items()
    }

    def response(self) -> Response:
        """Return it as the contract has it."""
        return Response(**{name: _rounded(getattr(self, name)) for name in _FIELDS})

    def take(self, response: Response) -> None:
        """Set all fields."""
        for name in _FIELDS:
            setattr(self, name, getattr(response, name))


def _rounded(value: float) -> float:
    """Blender keeps 32 bits: 0.7 would come back as 0.699999988."""
    return round(value, 6)


def _master_changed(calibration: Any, _context: bpy.types.Context) -> None:
    if not live.is_silent():
        live.tell(calibration.id_data, None)


class CalibrationProperties(bpy.types.PropertyGroup):
    """Calibration of a performance"""

    neutral: str
    master: float
    both_sides: bool

    __annotations__: ClassVar = {
        "neutral": bpy.props.StringProperty(
            name="Neutral",
            description="Frames of the clip that show the resting face, with commas between them",
            options={"HIDDEN"},
        ),
        "master": bpy.props.FloatProperty(
            name="Whole Face",
            description="How strongly the whole face is played; blinks and gaze stay as they are",
            default=1.0,
            min=LIMITS["gain"][0],
            max=LIMITS["gain"][1],
            soft_max=2.0,
            step=1,
            precision=2,
            options=set(),
            update=_master_changed,
        ),
        "both_sides": bpy.props.BoolProperty(
            name="Both Sides",
            description="Change left and right together, and show them as one",
            default=True,
            options=set(),
        ),
        **{f"{_REGION}{name}": bpy.props.PointerProperty(type=ResponseProperties) for name in REGIONS},
        **{name: bpy.props.PointerProperty(type=ResponseProperties) for name in CHANNELS},
    }

    def channel(self, name: str) -> ResponseProperties:
        """Return the response of a channel."""
        return getattr(self, name)

    def region(self, name: str) -> ResponseProperties:
        """Return the response of a region."""
        return getattr(self, f"{_REGION}{name}")

    def channels_of(self, part: ResponseProperties) -> Iterator[str]:
        """Yield the channels that answer by a response: one, or those of a region."""
        name = part.path_from_id().rpartition(".")[2]
        region = name.removeprefix(_REGION)
        yield from (name,) if name == region else (each for each in CHANNELS if region_of(each) == region)

    def neutral_frames(self) -> tuple[int, ...]:
        """Return the neutral frames, numbered as in the clip; none where the text is not ours."""
        parts = [part.strip() for part in self.neutral.split(",")]
        return tuple(int(part) for part in parts if part.isdecimal())

    def take_neutral(self, frames: tuple[int, ...]) -> None:
        """Let these frames of the clip be neutral; none takes weights as they are."""
        self.neutral = ", ".join(map(str, frames))
        live.tell(self.id_data, None)

    def calibration(self) -> Calibration:
        """Return it as the contract has it, but for the neutral frames, which `take` knows how to find in a file."""
        regions = {name: self._response(f"{_REGION}{name}") for name in REGIONS}
        channels = {name: self._response(name) for name in CHANNELS}
        tables = ({name: each for name, each in table.items() if each != AS_IT_IS} for table in (regions, channels))
        return Calibration((), _rounded(self.master), *tables)

    def _response(self, name: str) -> Response:
        # Asked for with every step of a slider: what was never touched need not be read field by field.
        return getattr(self, name).response() if self.is_property_set(name) else AS_IT_IS

    def take(self, calibration: Calibration) -> None:
        """Set all but the neutral frames, and tell once."""
        with live.silent():
            self.master = calibration.master
            for name in REGIONS:
                self.region(name).take(calibration.regions.get(name, AS_IT_IS))
            for name in CHANNELS:
                self.channel(name).take(calibration.channels.get(name, AS_IT_IS))
        live.tell(self.id_data, None)


def of_holder(holder: Holder) -> CalibrationProperties:
    """Return the calibration of a collection or scene: Blender gives every one this property."""
    return getattr(holder, PROPERTY)


CLASSES: Final = (ResponseProperties, CalibrationProperties)


def register() -> None:
    """Give collections and scenes a calibration."""
    for kind in (bpy.types.Collection, bpy.types.Scene):
        setattr(kind, PROPERTY, bpy.props.PointerProperty(type=CalibrationProperties))


def unregister() -> None:
    """Take it from them; what is saved in the file stays there."""
    for kind in (bpy.types.Collection, bpy.types.Scene):
        delattr(kind, PROPERTY)
