"""Performances of phones and of Audio2Face, read; and what is said of files that are damaged."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from backend.contract.failure import Failure, Notice
from backend.contract.performance.channels import CHANNELS, INDEX
from backend.contract.performance.formats.column_names import HEADER
from backend.contract.performance.formats.face_cap import ORDER
from backend.contract.performance.formats.reading import read_performance
from backend.contract.performance.gaze import COLUMNS, gaze_of
from backend.contract.performance.performance import FILE, NOT_TRACKED, Performance

TAKE = Path(__file__).resolve().parents[5] / "shared" / "data" / "retarget" / "livelink_take.csv"


def row(code: str, weight: float = 0.25, count: int = 61) -> str:
    return f"{code},{count}," + ",".join([f"{weight:.10f}"] * 52 + ["0.0"] * 9)


def written(path: Path, *rows: str, header: str = ",".join(HEADER)) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def read(path: Path, notices: list[Notice] | None = None) -> Performance:
    performance = read_performance(path, (notices if notices is not None else []).append)
    assert isinstance(performance, Performance), performance
    return performance


@pytest.mark.skipif(not TAKE.exists(), reason="the phone's take is not here")
def test_a_real_take_is_read_with_its_rate_and_its_gaze_counted_from_rest() -> None:
    notices: list[Notice] = []
    take = read(TAKE, notices)
    assert len(take) == 1499 and take.rate == 30 and take.is_tracked.all() and not notices
    assert take.gaze is not None and take.head_rotation is None  # the app streamed no head
    assert np.sqrt(np.mean((gaze_of(take.weights[:, COLUMNS]) - take.gaze) ** 2)) < 0.006
    first_row = TAKE.read_text().splitlines()[1].split(",")
    assert take.weights[0, INDEX["jawRight"]] == float(first_row[HEADER.index("JawRight")])


def test_columns_are_matched_by_name_in_any_order_and_spelling(tmp_path: Path) -> None:
    names = ["tongueout", "JAWOPEN", "Mouth_Left", "eyeBlink_L", "Unknown"]
    path = written(
        tmp_path / "a.csv", "00:00:00:00,4,0.1,0.2,0.3,0.4,9", header="Timecode,BlendShapeCount," + ",".join(names)
    )
    take = read(path)
    assert [take.weights[0, INDEX[name]] for name in ("tongueOut", "jawOpen", "mouthLeft", "eyeBlinkLeft")] == [
        0.1,
        0.2,
        0.3,
        0.4,
    ]
    assert take.source[INDEX["jawOpen"]] == FILE and take.source[INDEX["cheekPuff"]] == NOT_TRACKED
    assert np.isnan(take.weights[0, INDEX["cheekPuff"]]) and take.trust[INDEX["cheekPuff"]] == 0


def test_a_row_with_count_zero_is_a_frame_without_a_face(tmp_path: Path) -> None:
    take = read(written(tmp_path / "a.csv", row("00:00:00:00"), row("00:00:00:02", 0, 0), row("00:00:00:32")))
    assert take.has_face.tolist() == [True, False, True]


def test_a_row_without_a_face_may_end_after_its_count(tmp_path: Path) -> None:
    notices: list[Notice] = []
    rows = (row("00:00:00:00"), "00:00:00:02,0", "00:00:00:04,0" + 61 * ",", row("00:00:00:06"))
    take = read(written(tmp_path / "a.csv", *rows), notices)
    assert take.has_face.tolist() == [True, False, False, True] and not notices


@pytest.mark.parametrize(("separator", "point"), [(";", ","), (";", "."), ("\t", ",")])
def test_what_a_spreadsheet_has_saved_is_read(tmp_path: Path, separator: str, point: str) -> None:
    rows = [each.replace(",", separator).replace(".", point) for each in (row("00:00:00:00.5"), row("00:00:00:02.5"))]
    take = read(written(tmp_path / "a.csv", *rows, header=separator.join(HEADER)))
    assert len(take) == 2 and take.weights[1, INDEX["jawOpen"]] == pytest.approx(0.25)


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16")])
def test_what_a_spreadsheet_has_put_in_quotation_marks_is_read(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [HEADER, *(row(code).replace(".", "_").split(",") for code in ("00:00:00:00", "00:00:00:02"))]
    text = "\n".join(separator.join(f'"{each.replace("_", ",")}"' for each in cells) for cells in rows)
    path = tmp_path / "a.csv"
    path.write_text(text, encoding)
    assert np.allclose(read(path).weights, 0.25)


def test_empty_columns_and_rows_behind_those_of_the_app_say_nothing(tmp_path: Path) -> None:
    rows = (f"{row(code)},," for code in ("00:00:00:00", "00:00:00:02"))
    notices: list[Notice] = []
    path = written(tmp_path / "a.csv", *rows, 63 * ",", header=",".join([*HEADER, "", ""]))
    assert len(read(path, notices)) == 2 and not notices


def test_times_follow_from_the_time_codes_even_over_midnight(tmp_path: Path) -> None:
    take = read(written(tmp_path / "a.csv", row("23:59:59:58.5"), row("00:00:00:00.5"), row("00:00:00:04.5")))
    assert np.allclose(take.time, np.array([0, 2, 6]) / 60)
    assert read(written(tmp_path / "b.csv", row("10:00:00:00"), row("10:00:00:01"), row("10:00:00:03"))).rate == 30


def test_the_rate_stands_in_the_file_beside_the_take(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", row("00:00:00:00"), row("00:00:00:40"))
    (tmp_path / "take.json").write_text(json.dumps({"videoTargetFrameRate": 60}))
    assert read(path).rate == 60
    (tmp_path / "take.json").write_text("[")
    assert read(path).rate == Fraction(3, 2)


def test_single_broken_rows_are_left_out_and_said(tmp_path: Path) -> None:
    bad = [
        "00:00:00:02,61,0.5",
        row("00:00:61:04"),
        row("x"),
        row("00:00:00:06").replace("0.25", "nan", 1),
        row("00:00:00:00"),
    ]
    good = [row(f"00:00:00:{frame:02d}") for frame in (0, 8, 10, 12, 14, 40)]
    notices: list[Notice] = []
    take = read(written(tmp_path / "a.csv", good[0], *bad, *good[1:]), notices)
    assert np.allclose(take.time * 60, [0, 8, 10, 12, 14, 40])
    assert [notice.code for notice in notices] == ["performance-broken-rows", "performance-order"]
    assert "4 rows" in notices[0].sentence and "line 3" in notices[0].sentence


@pytest.mark.parametrize("damaged", ["00:00:59:00", "23:00:00:00", "12:00:00:00"])
@pytest.mark.parametrize("position", [3, 18])
def test_a_damaged_time_code_takes_no_other_row_with_it(tmp_path: Path, damaged: str, position: int) -> None:
    codes = [f"00:00:01:{2 * frame:02d}" for frame in range(20)]
    codes[position] = damaged
    take = read(written(tmp_path / "a.csv", *(row(code) for code in codes)))
    assert np.allclose(take.time * 30, [frame for frame in range(20) if frame != position])


def test_rows_in_another_order_are_sorted_by_their_time_codes(tmp_path: Path) -> None:
    rows = [row(f"00:00:00:{2 * frame:02d}", frame / 20) for frame in range(20)]
    notices: list[Notice] = []
    take = read(written(tmp_path / "a.csv", *rows[::-1]), notices)
    assert np.allclose(take.time * 30, range(20)) and [notice.code for notice in notices] == ["performance-order"]
    assert np.allclose(take.weights[:, INDEX["jawOpen"]] * 20, range(20))


def test_percentages_become_weights(tmp_path: Path) -> None:
    notices: list[Notice] = []
    assert (
        read(written(tmp_path / "a.csv", row("00:00:00:00", 25), row("00:00:00:02", 80)), notices).weights.max() == 0.8
    )
    assert notices[0].code == "performance-percent"


def test_angles_too_large_for_radians_are_degrees(tmp_path: Path) -> None:
    rows = [row(f"00:00:00:{frame}").replace(",0.0,0.0,0.0,", f",{frame}.0,0.0,0.0,", 1) for frame in (20, 40)]
    notices: list[Notice] = []
    take = read(written(tmp_path / "a.csv", *rows), notices)
    assert take.head_rotation is not None and [notice.code for notice in notices] == ["performance-degrees"]
    assert np.allclose(take.head_rotation, [[0, -np.radians(20), 0], [0, -np.radians(40), 0]])


def test_face_cap_is_read_by_its_rows(tmp_path: Path) -> None:
    weights = np.linspace(0, 1, 52)
    lines = [
        f"k,{time},0.01,0.02,-0.4,10.0,-20.0,5.0,1,2,3,4," + ",".join(f"{weight:.4f}" for weight in weights)
        for time in (1000, 1017, 1033, 1050)
    ]
    path = tmp_path / "recording.txt"
    path.write_text("\n".join(["info,Face Cap", *lines, "k,1066,broken"]))
    notices: list[Notice] = []
    take = read(path, notices)
    assert (
        take.rate == 60
        and np.allclose(take.time, [0, 0.017, 0.033, 0.05])
        and notices[0].code == "performance-broken-rows"
    )
    assert np.allclose(take.weights[0, [INDEX[name] for name in ORDER]], weights, atol=1e-4)
    assert take.head_rotation is not None and abs(np.linalg.norm(take.head_rotation[0]) - np.radians(22.5)) < 0.02
    assert set(ORDER) == set(CHANNELS)


def test_audio2face_is_read_by_its_names(tmp_path: Path) -> None:
    path = tmp_path / "speech.json"
    names = ["eyeBlinkLeft", "jawOpen"]
    path.write_text(json.dumps({"exportFps": 29.97, "facsNames": names, "weightMat": [[0.1, 0.2], [0.3, 0.4]]}))
    take = read(path)
    assert take.rate == Fraction(30000, 1001) and take.weights[1, INDEX["jawOpen"]] == 0.4
    assert take.is_tracked.sum() == 2 and take.gaze is None


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "performance-unknown", "known format"),
        (b"\xff\xfe\x00", "performance-unknown", "known format"),
        (b"PK\x03\x04", "performance-unknown", "known format"),
        (b"Timecode,BlendshapeCount,JawOpen\n", "performance-damaged", "no row"),
        (b"Timecode,BlendshapeCount,JawOpen\n00:00:00:00,61\n0,1,2\n", "performance-damaged", "line 2"),
        (b"Timecode,BlendshapeCount,Nose\n00:00:00:00,1,0.5\n", "performance-no-channel", "52"),
        (b"Timecode,BlendshapeCount,JawOpen\n00:00:00:00,61,1e7\n", "performance-weights", "1e+07"),
        (b'{"weightMat": [[1]], "facsNames": ["jawOpen", "cheekPuff"]}', "performance-damaged", "2 weights"),
        (b'{"weightMat": 1}', "performance-damaged", "another kind"),
        (b'{"weightMat": [], "facsNames": []}', "performance-damaged", "0 weights"),
        (b"k,1,2\nk,x\n", "performance-damaged", "line 1"),
    ],
)
def test_files_that_are_no_performance_are_refused_with_a_sentence(
    tmp_path: Path, content: bytes, code: str, words: str
) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(content)
    failure = read_performance(path)
    assert isinstance(failure, Failure) and failure.code == code and words in failure.sentence


def test_a_file_that_is_not_there_is_said() -> None:
    failure = read_performance(Path("/nowhere/take.csv"))
    assert isinstance(failure, Failure) and failure.code == "performance-not-found"
