"""Files of Live Link Face, written and read back by a parser with the rules of Unreal's importer."""

from __future__ import annotations

import datetime
import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.formats.live_link_file import live_link_text, take_text
from backend.contract.performance.formats.reading import read_performance
from backend.contract.performance.formats.take_names import TakeName
from backend.contract.performance.gaze import COLUMNS, REST, gaze_of, weights_of
from backend.contract.performance.performance import FILE, NOT_TRACKED, Performance

TAKE = Path(__file__).resolve().parents[5] / "shared" / "data" / "retarget" / "livelink_take.csv"
RATES = [
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60),
    Fraction(24000, 1001),
]
NAME = TakeName(datetime.date(2026, 3, 9), "Interview_02 (best)")


def acted(rate: Fraction = Fraction(25), frames: int = 40, gap: slice = slice(0, 0)) -> Performance:
    """A performance of random weights with a gaze by the law, a turning head, and a gap."""
    random = np.random.default_rng(1)
    gaze = np.radians(random.uniform(-20, 20, (frames, 2, 2)))
    weights = random.uniform(0, 1, (frames, len(CHANNELS)))
    weights[:, COLUMNS] = weights_of(gaze)
    weights[:, INDEX["tongueOut"]] = np.nan
    weights[gap] = np.nan
    source = tuple(NOT_TRACKED if channel == "tongueOut" else FILE for channel in CHANNELS)
    trust = np.array([each != NOT_TRACKED for each in source], dtype=np.float64)
    turned = random.uniform(-0.4, 0.4, (frames, 3))
    return Performance("clip", rate, np.arange(frames) / float(rate), weights, gaze, turned, None, source, trust)


def unreal(text: str) -> tuple[int, list[float], list[str], list[list[float]]]:
    """Read as Unreal's LiveLinkFaceImporter does: rate, seconds of the day, names, and the raw numbers of each row."""
    lines = text.splitlines()
    names = lines[0].split(",")
    assert names[0].lower() == "timecode" and names[1].lower() == "blendshapecount"
    codes, rows = [], []
    for line in lines[1:]:
        cells = line.split(",")
        code = re.fullmatch(r"(\d\d):(\d\d):(\d\d):(\d+(?:\.\d+)?)", cells[0])
        if len(cells) != len(names) or code is None:
            break  # The importer stops at such a row.
        codes.append([float(part) for part in code.groups()])
        rows.append([float(cell) for cell in cells[1:]])
    rate = 60 if any(code[3] > 30.0 for code in codes) else 30
    return rate, [h * 3600 + m * 60 + s + frame / rate for h, m, s, frame in codes], names, rows


def test_the_header_is_that_of_a_phone_but_for_case() -> None:
    lines = live_link_text(acted()).splitlines()
    assert len(lines[0].split(",")) == 63
    if TAKE.exists():
        assert lines[0].lower() == TAKE.read_text().splitlines()[0].lower()


@pytest.mark.parametrize("frames", [1, 2, 11, 40, 200])
@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.2f}")
def test_time_codes_survive_the_importer_at_every_rate_and_length(rate: Fraction, frames: int) -> None:
    performance = acted(rate, frames)
    base, seconds, _, rows = unreal(live_link_text(performance))
    assert base == 60 and len(rows) == frames
    assert np.allclose(np.array(seconds) - seconds[0], performance.time, atol=1e-4)


def test_a_frame_of_a_25_frame_clip_has_a_fraction_in_its_time_code() -> None:
    lines = live_link_text(acted(Fraction(25))).splitlines()
    assert lines[1 + 26].startswith("00:00:01:02.400,61,")


def test_every_number_comes_back(tmp_path: Path) -> None:
    performance = acted(gap=slice(5, 9))
    path = tmp_path / f"{NAME.stem}.csv"
    path.write_bytes(live_link_text(performance).encode())
    (tmp_path / "take.json").write_text(take_text(performance, NAME, "program 1"))
    read = read_performance(path)
    assert isinstance(read, Performance) and read.rate == 25
    assert read.has_face.tolist() == performance.has_face.tolist() == [not 5 <= frame < 9 for frame in range(40)]
    shown = performance.has_face
    tracked = performance.is_tracked
    assert np.abs(read.weights - performance.weights)[shown][:, tracked].max() < 1e-9
    assert (read.weights[shown][:, ~tracked] == 0).all()
    assert read.gaze is not None and performance.gaze is not None
    assert read.head_rotation is not None and performance.head_rotation is not None
    assert np.abs(read.gaze - performance.gaze)[shown].max() < 1e-9
    assert np.abs(read.head_rotation - performance.head_rotation)[shown].max() < 1e-8


def test_gaps_are_rows_of_count_zero_that_are_as_long_as_the_others() -> None:
    *_, names, rows = unreal(live_link_text(acted(gap=slice(5, 9))))
    assert [row[0] for row in rows] == [0.0 if 5 <= frame < 9 else 61.0 for frame in range(40)]
    assert all(len(row) == len(names) - 1 for row in rows) and not any(rows[6][1:])


def test_jaw_and_mouth_stand_in_the_order_of_the_file_and_are_found_by_name() -> None:
    performance = acted()
    *_, names, rows = unreal(live_link_text(performance))
    assert names.index("JawRight") < names.index("JawLeft") and names.index("MouthRight") < names.index("MouthLeft")
    for column in ("JawRight", "JawLeft", "MouthRight", "MouthLeft"):
        channel = column[0].lower() + column[1:]
        assert abs(rows[3][names.index(column) - 1] - performance.weights[3, INDEX[channel]]) < 1e-9


def test_gaze_to_weights_to_the_law_of_the_phone_is_the_same_angle() -> None:
    performance = acted()
    *_, names, rows = unreal(live_link_text(performance))
    column = {name: np.array([row[index] for row in rows]) for index, name in enumerate(names[1:])}
    # The law as measured on two takes, with the angle at which the eyes of the app rest.
    left = 0.62 * column["EyeLookInLeft"] - 0.57 * column["EyeLookOutLeft"] - 0.068
    right = -0.62 * column["EyeLookInRight"] + 0.58 * column["EyeLookOutRight"] + 0.068
    pitch = -0.445 * column["EyeLookUpLeft"] + 0.611 * column["EyeLookDownLeft"]
    assert performance.gaze is not None
    error = np.degrees([left + REST, right - REST, pitch]) - np.degrees(
        [performance.gaze[:, 0, 0], performance.gaze[:, 1, 0], performance.gaze[:, 0, 1]]
    )
    assert np.abs(error).max() < 0.3
    assert np.allclose(left, column["LeftEyeYaw"]) and np.allclose(right, column["RightEyeYaw"])


def test_eyes_follow_from_the_weights_where_no_gaze_is_known() -> None:
    performance = acted()
    without = Performance(**{**vars(performance), "gaze": None, "head_rotation": None})
    *_, names, rows = unreal(live_link_text(without))
    law = gaze_of(without.weights[:, COLUMNS], REST)
    assert np.allclose([row[names.index("LeftEyeYaw") - 1] for row in rows], law[:, 0, 0])
    assert not any(row[names.index("HeadYaw") - 1] for row in rows)


@pytest.mark.skipif(not TAKE.exists(), reason="the phone's take is not here")
def test_a_real_take_is_written_as_it_was_read(tmp_path: Path) -> None:
    take = read_performance(TAKE)
    assert isinstance(take, Performance)
    first = [line.split(",")[1:] for line in TAKE.read_text().splitlines()[1:]]
    again = [line.split(",")[1:] for line in live_link_text(take).splitlines()[1:]]
    assert len(first) == len(again) == 1499
    different = np.abs(np.array(first, dtype=float) - np.array(again, dtype=float)).max(axis=0) > 1e-9
    assert np.flatnonzero(different).tolist() == [58, 61]  # the eyes' roll, which a performance does not have


def test_the_take_says_its_rate_its_parts_and_where_channels_come_from() -> None:
    take = json.loads(take_text(acted(Fraction(30000, 1001)), NAME, "program 1"))
    assert abs(take["videoTargetFrameRate"] - 29.97) < 1e-3 and take["frames"] == 40 and take["version"] == 1
    assert take["channels"]["tongueOut"] == {"source": "not tracked", "trust": 0.0}
    assert take["startTimecode"] == "00:00:00:00.000" and take["endTimestamp"]["timescale"] == 1_000_000_000


@pytest.mark.parametrize("slate", ["Interview_02 (best)", "Ünï", "_", "a" * 300])
def test_names_have_four_parts_whatever_the_clip_is_called(slate: str) -> None:
    date, *rest = TakeName(datetime.date(2026, 3, 9), slate).stem.split("_")
    assert date == "20260309" and len(rest) == 3 and all(rest) and len("_".join(rest)) < 100
    assert rest[1:] == ["1", "Face"]
