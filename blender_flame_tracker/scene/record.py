"""Record of what an import was made with, kept on its collection, so that it can be renewed in the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any, Final

import bpy

from ...backend.contract.checks import is_object, parse_json
from ...backend.contract.failure import Failure
from ...backend.contract.options import from_dict, options_of
from ...backend.contract.settings import SceneSettings
from ..file_stamp import Stamp
from .fitting_scene import Fit
from .stored import stored

RECORD: Final = "flame_import"
"""Custom property of the collection: JSON of a `Record`."""


@dataclass(frozen=True)
class Record:
    """How a track came into the scene.

    Attributes:
        settings: With which it was imported.
        played: Rate at which Blender plays the footage where that is not the nominal one.
        stamp: Of the track file then; None where it came from no file.
        notices: Sentences that the user should know.
        fit: What a scene has that shows the clip frame by frame; None where an older version has imported it.
        start_at: Scene frame of its first row where that is not what the settings say.
        footage_start: Scene frame of the footage's first frame.
        retimed: Whether the scene had another rate than the clip, in whose time head and footage were put.
        users_clip: Whether the footage is a clip that the user has opened.
        shown_at: Frames of the scene for a second of footage where it was put into another time than its own; None
            where it was not, and where an older version has imported it.
    """

    settings: SceneSettings
    played: Fraction | None = None
    stamp: Stamp | None = None
    notices: tuple[str, ...] = ()
    fit: Fit | None = None
    start_at: int | None = None
    footage_start: int | None = None
    retimed: bool = False
    users_clip: bool = False
    shown_at: Fraction | None = None

    def with_motion(self, who: str) -> Record:
        """Return the record after head and camera have swapped who moves."""
        return replace(self, settings=replace(self.settings, motion=who))


def write_record(collection: bpy.types.Collection, record: Record) -> None:
    """Keep a record on the collection of the import."""
    played = None if record.played is None else [record.played.numerator, record.played.denominator]
    collection[RECORD] = json.dumps(
        {
            "settings": asdict(record.settings),
            "played": played,
            "stamp": record.stamp,
            "notices": list(record.notices),
            "start_at": record.start_at,
            "footage_start": record.footage_start,
            "retimed": record.retimed,
            "users_clip": record.users_clip,
            "shown_at": None if record.shown_at is None else str(record.shown_at),
            "fit": None if record.fit is None else {**asdict(record.fit), "rate": str(record.fit.rate)},
        }
    )


def read_record(collection: bpy.types.Collection) -> Record:
    """Return the record of an import; an older import, or one edited by hand, has the usual settings."""
    return _parsed(stored(collection, RECORD, str) or "")


def _parsed(text: str) -> Record:
    found = _PARSED.get(text)
    if found is None:
        if len(_PARSED) > 64:
            _PARSED.clear()
        found = _PARSED[text] = _parse(text)
    return found


_PARSED: Final[dict[str, Record]] = {}
"""Text -> record: panels ask on every redraw."""


def _parse(text: str) -> Record:
    content: Any = parse_json(text, is_object)
    if content is None:
        return Record(SceneSettings())
    try:
        played, stamp = content.get("played"), content.get("stamp")
        return Record(
            _settings(content.get("settings")),
            Fraction(*played) if played else None,
            (int(stamp[0]), int(stamp[1])) if stamp else None,
            tuple(str(each) for each in content.get("notices") or ()),
            _fit(content.get("fit")),
            _frame(content.get("start_at")),
            _frame(content.get("footage_start")),
            content.get("retimed") is True,
            content.get("users_clip") is True,
            Fraction(content["shown_at"]) if content.get("shown_at") else None,
        )
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return Record(SceneSettings())


def _frame(content: Any) -> int | None:
    return content if isinstance(content, int) and not isinstance(content, bool) else None


def _fit(content: Any) -> Fit | None:
    """What the clip wants, None where that is not known."""
    try:
        across, down = content["pixel_aspect"]
        first, last, width, height = (int(content[name]) for name in ("first", "last", "width", "height"))
        return Fit(Fraction(content["rate"]), first, last, width, height, (float(across), float(down)))
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return None


def _settings(content: Any) -> SceneSettings:
    """The settings as far as this version knows them; what it does not take has its default."""
    stored: Mapping[str, Any] = content if isinstance(content, dict) else {}
    taken: dict[str, Any] = {}
    if stored.get("set_scene") is False:  # Older versions had a switch.
        taken["fit_scene"] = "never"
    for each in options_of(SceneSettings):
        if each.name in stored and not isinstance(
            from_dict(SceneSettings, {each.name: stored[each.name]}, ""), Failure
        ):
            taken[each.name] = stored[each.name]
    return SceneSettings(**taken)
