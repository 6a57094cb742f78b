"""Calibration of a performance: from which face it counts, and how strongly each channel answers. Kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

import numpy as np

from ..arrays import Array
from ..checks import is_number, is_object, is_whole, list_of, mapping_of, maybe, object_with, parse_json
from ..failure import Failure
from .channels import CHANNELS, INDEX, REGIONS, region_of
from .gaze import COLUMNS, gaze_of
from .neutral import JAW_OPEN, MOUTH_CLOSE, from_neutral, lips_after, neutral_rows, resting_values
from .performance import Performance

SCHEMA: Final = 1
MASTER_PASSES: Final = frozenset(name for name in CHANNELS if region_of(name) == "gaze" or name.startswith("eyeBlink"))
"""Channels that the master gain leaves alone: in a subtle performance, too, eyes shut and look where they look."""


@dataclass(frozen=True)
class Response:
    """How a channel answers: ``gain * w ** curve + offset``, kept within a range.

    Attributes:
        gain: Factor, 0 to 4.
        offset: What is added, -1 to 1.
        curve: Exponent, 0.2 to 5: above 1 small motions become quieter, below 1 stronger; 0 and 1 stay.
        low, high: Range that the result is kept in.
    """

    gain: float = 1.0
    offset: float = 0.0
    curve: float = 1.0
    low: float = 0.0
    high: float = 1.0

    def after(self, other: Response) -> Response:
        """Return the response of a channel within a region that answers, too: both act together."""
        return Response(
            self.gain * other.gain,
            self.offset + other.offset,
            self.curve * other.curve,
            max(self.low, other.low),
            min(self.high, other.high),
        )


LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "gain": (0.0, 4.0),
    "offset": (-1.0, 1.0),
    "curve": (0.2, 5.0),
    "low": (0.0, 1.0),
    "high": (0.0, 1.0),
}
"""Range of each field of `Response`; of `gain` also that of the master gain."""
AS_IT_IS: Final = Response()


@dataclass(frozen=True)
class Calibration:
    """What is done to a performance before it drives anything.

    Attributes:
        neutral: Rows of the frames that show the resting face; none where weights are taken as they are.
        master: Gain of all channels but `MASTER_PASSES`.
        regions: Region -> response of all its channels; those that are not named answer as they are.
        channels: Channel -> response, together with that of its region.
    """

    neutral: tuple[int, ...] = ()
    master: float = 1.0
    regions: Mapping[str, Response] = field(default_factory=dict)
    channels: Mapping[str, Response] = field(default_factory=dict)

    def response_of(self, channel: str) -> Response:
        """Return how a channel answers, with its region and the master gain.

        Not so mouthClose: it says how far lips are shut over the open jaw, and follows what becomes of that.
        """
        if channel == "mouthClose":
            return self.channels.get(channel, AS_IT_IS)
        master = AS_IT_IS if channel in MASTER_PASSES else Response(gain=self.master)
        region = self.regions.get(region_of(channel), AS_IT_IS)
        return self.channels.get(channel, AS_IT_IS).after(region).after(master)

    def without_neutral(self) -> Calibration:
        """Return what holds for other takes, too: as a preset keeps it."""
        return replace(self, neutral=())

    def to_json(self) -> str:
        """Return the calibration as JSON text, readable by `parse_calibration`; names only what differs."""
        answers = {
            name: {key: _differing(response) for key, response in table.items() if response != AS_IT_IS}
            for name, table in (("regions", self.regions), ("channels", self.channels))
        }
        data = {"schema": SCHEMA, "neutral": list(self.neutral), "master": self.master, **answers}
        return json.dumps(data, indent=2)


def _differing(response: Response) -> dict[str, float]:
    return {name: value for name, value in asdict(response).items() if value != getattr(AS_IT_IS, name)}


PRESETS: Final[Mapping[str, Calibration]] = {
    "As Tracked": Calibration(),
    "Subtle": Calibration(master=0.7),
    "Lively": Calibration(master=1.3, regions={"brows": Response(gain=1.2)}),
    "Quiet Rest": Calibration(regions={name: Response(curve=1.4) for name in REGIONS if name not in ("eyes", "gaze")}),
}
"""Calibrations to begin with, by their names for people."""


def calibrated(performance: Performance, calibration: Calibration) -> Performance:
    """Return a performance after calibration; what is not touched stays as it was, to the last bit.

    Gaze follows the look channels, so that eye bones do as the weights do.
    """
    weights = performance.weights
    resting = resting_values(performance, calibration.neutral)
    if resting is not None:
        weights = from_neutral(weights, resting)
    weights = _answered(weights, calibration)
    beyond = performance.beyond
    if beyond is not None:
        rows = neutral_rows(performance, calibration.neutral)
        if rows:
            beyond = beyond - beyond[rows].mean(axis=0)
        beyond = beyond * calibration.master
    return replace(performance, weights=weights, gaze=_following(performance, weights), beyond=beyond)


def _answered(weights: Array, calibration: Calibration) -> Array:
    result = weights.copy()
    for column, channel in enumerate(CHANNELS):
        if column != MOUTH_CLOSE:
            result[:, column] = _answer(weights[:, column], calibration.response_of(channel))
    jaw, opened = weights[:, JAW_OPEN], result[:, JAW_OPEN]
    if not np.array_equal(jaw, opened, equal_nan=True):
        # Lips that are shut over an open jaw stay shut when it opens more or less.
        result[:, MOUTH_CLOSE] = lips_after(weights[:, MOUTH_CLOSE], jaw, opened)
    result[:, MOUTH_CLOSE] = _answer(result[:, MOUTH_CLOSE], calibration.response_of("mouthClose"))
    return result


def _answer(weight: Array, response: Response) -> Array:
    if response == AS_IT_IS:
        return weight
    value = response.gain * np.maximum(weight, 0.0) ** response.curve + response.offset
    return np.clip(value, response.low, max(response.low, response.high))


def affected(channels: frozenset[str]) -> frozenset[str]:
    """Return the channels that change when the responses of some do."""
    return channels | {"mouthClose"} if "jawOpen" in channels else channels


def _following(performance: Performance, weights: Array) -> Array | None:
    """Return gaze after the look channels have changed, which says nothing of where the eyes rest."""
    before, after = performance.weights[:, COLUMNS], weights[:, COLUMNS]
    if performance.gaze is None or np.array_equal(before, after, equal_nan=True):
        return performance.gaze
    return performance.gaze + np.nan_to_num(gaze_of(after) - gaze_of(before))


def neutral_problem(performance: Performance, calibration: Calibration) -> Failure | None:
    """Return why the neutral frames cannot be used for a performance, or None."""
    if not calibration.neutral or resting_values(performance, calibration.neutral) is not None:
        return None
    return Failure(
        "neutral-no-face", "The neutral frame shows no face.", "Choose a frame in which the face is tracked."
    )


_ADVICE: Final = "Save the calibration again, or choose another preset."
_RESPONSE: Final = object_with(
    {}, {name: (lambda value, low=low, high=high: is_number(value, low, high)) for name, (low, high) in LIMITS.items()}
)
_CHECKS: Final = {
    "neutral": maybe(list_of(is_whole)),
    "master": maybe(lambda value: is_number(value, *LIMITS["gain"])),
    "regions": maybe(mapping_of(_RESPONSE)),
    "channels": maybe(mapping_of(_RESPONSE)),
}


def parse_calibration(text: str) -> Calibration | Failure:
    """Read a calibration from JSON text; the failure says what is wrong with it."""
    data: Any = parse_json(text, is_object)
    if data is None:
        return Failure("calibration-not-json", "The calibration is not valid JSON.", _ADVICE)
    if data.get("schema") != SCHEMA:
        return Failure("calibration-schema", "The calibration was written by another version.", _ADVICE)
    wrong = next((name for name, check in _CHECKS.items() if not check(data.get(name))), None)
    if wrong is not None:
        return Failure("calibration-damaged", f"'{wrong}' of the calibration is of another kind or size.", _ADVICE)
    regions, channels = data.get("regions") or {}, data.get("channels") or {}
    unknown = sorted((set(regions) - set(REGIONS)) | (set(channels) - set(INDEX)))
    if unknown:
        return Failure("calibration-name", f"The calibration names '{unknown[0]}', which does not exist.", _ADVICE)
    master = data.get("master")
    return Calibration(
        tuple(data.get("neutral") or ()),
        1.0 if master is None else float(master),
        {name: _response(values) for name, values in regions.items()},
        {name: _response(values) for name, values in channels.items()},
    )


def _response(values: Mapping[str, Any]) -> Response:
    known = {each.name for each in fields(Response)}
    return Response(**{name: float(value) for name, value in values.items() if name in known})
