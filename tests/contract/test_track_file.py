"""The track file: whole or not there, readable by numpy alone, and refused with a sentence when it is anything else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from backend.contract.camera import Intrinsics
from backend.contract.failure import Failure
from backend.contract.quality import Quality, quality_of, read_quality
from backend.contract.shading import BUILT_IN_SPACE, Shading, light_terms
from backend.contract.track import ONE_LENS_SCHEMA, SCHEMA, Track, header_of, read_track, write_track

ROOT = Path(__file__).resolve().parents[2]
FRAMES, VERTICES, EXPRESSIONS = 4, 3, 2


def a_track() -> Track:
    """A triangle that is a head, for four frames."""
    random = np.random.default_rng(0)
    per_frame = ("head_rotation", "head_translation", "neck_pose", "jaw_pose", "left_eye_pose", "right_eye_pose")
    header = header_of(
        program_version="1.2.3",
        intrinsics=Intrinsics.centred(640, 480, 500.0),
        rate=Fraction(30000, 1001),
        focal={"source": "known", "uncertainty": 0.0},
        model={"name": "Triangle", "sha256": "00"},
        expression_names=("smile", "frown"),
        regions={"face": np.array([0, 2])},
        video={"name": "Zoë.mp4"},
        settings={"fit": {"smoothness": 1.0}},
        report={},
    )
    return Track(
        frame_index=np.arange(FRAMES),
        time=np.arange(FRAMES) / 30,
        shot=np.zeros(FRAMES, np.int64),
        status=np.array([2, 2, 1, 0], np.int8),
        confidence=np.ones(FRAMES, np.float32),
        reprojection_error=np.array([1, 2, np.nan, np.nan], np.float32),
        **{name: random.normal(size=(FRAMES, 3)) for name in per_frame},
        eyelids=np.zeros((FRAMES, 2)),
        expression=random.normal(size=(FRAMES, EXPRESSIONS)),
        vertices=random.normal(size=(FRAMES, VERTICES, 3)).astype(np.float32),
        landmarks=np.zeros((FRAMES, 478, 2), np.float32),
        landmark_visibility=np.zeros((FRAMES, 478), np.float32),
        scores=np.full((FRAMES, 52), np.nan, np.float32),
        identity=np.zeros(5),
        neutral_vertices=np.zeros((VERTICES, 3), np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        uv=np.zeros((3, 2), np.float32),
        uv_faces=np.array([[0, 1, 2]], np.int32),
        expression_basis=np.zeros((VERTICES, 3, EXPRESSIONS), np.float32),
        pose_correctives=np.zeros((VERTICES, 3, 36), np.float32),
        joints=np.zeros((5, 3)),
        joint_parents=np.array([-1, 0, 1, 1, 1], np.int32),
        skinning_weights=np.ones((VERTICES, 5), np.float32) / 5,
        landmark_triangle=np.zeros(478, np.int32),
        landmark_barycentric=np.ones((478, 3), np.float32) / 3,
        landmark_offsets=np.zeros((478, 3), np.float32),
        header=header,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Zoë, take 2" / "track.npz"


def test_a_track_comes_back_as_it_was(path: Path) -> None:
    track = a_track()
    assert write_track(path, track) is None
    again = read_track(path)
    assert isinstance(again, Track)
    for name, value in vars(track).items():
        if name != "header" and value is not None:
            np.testing.assert_array_equal(getattr(again, name), value)
            assert getattr(again, name).dtype == value.dtype
    assert again.header == json.loads(json.dumps(track.header))
    assert again.intrinsics == Intrinsics.centred(640, 480, 500.0)
    assert again.rate == Fraction(30000, 1001)
    np.testing.assert_array_equal(again.regions["face"], [0, 2])
    assert len(again) == FRAMES


def lit(track: Track, space: str = BUILT_IN_SPACE) -> Track:
    """The same head under a light."""
    random = np.random.default_rng(1)
    light, gain = random.normal(size=(FRAMES, 9, 3)), random.uniform(0.9, 1.1, (FRAMES, 3))
    return replace(
        track,
        light=light.astype(np.float32),
        gain=gain.astype(np.float32),
        albedo=random.normal(size=16).astype(np.float32),
        header={**track.header, "shading": {"space": space}},
    )


def test_light_gain_and_albedo_are_optional_and_come_back(path: Path) -> None:
    write_track(path, a_track())
    dark = read_track(path)
    assert isinstance(dark, Track) and dark.shading is None
    track = lit(a_track())
    write_track(path, track)
    again = read_track(path)
    assert isinstance(again, Track) and isinstance(again.shading, Shading)
    assert again.shading.space == BUILT_IN_SPACE
    for name in ("light", "gain", "albedo"):
        np.testing.assert_array_equal(getattr(again.shading, name), getattr(track, name))
    up = np.array([0.0, -1.0, 0.0])
    expected = track.gain[2] * (track.light[2] * np.array([1, 0, -1, 0, 0, 0, 0, -1, -1])[:, None]).sum(axis=0)
    np.testing.assert_allclose(light_terms(up) @ again.shading.at(2), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda track: replace(track, gain=None),
        lambda track: replace(track, header=a_track().header),
        lambda track: replace(track, light=track.light[:, :4]),
        lambda track: lit(track, "albedo of elsewhere"),
    ],
)
def test_half_a_light_is_refused(path: Path, wrong: Callable[[Track], Track]) -> None:
    write_track(path, wrong(lit(a_track())))
    result = read_track(path)
    assert isinstance(result, Failure) and result.code == "track-damaged"


def test_numpy_alone_can_read_it(path: Path) -> None:
    write_track(path, a_track())
    with np.load(path, allow_pickle=False) as archive:
        assert archive["vertices"].shape == (FRAMES, VERTICES, 3)
        assert json.loads(bytes(archive["header"]))["schema"] == ONE_LENS_SCHEMA


def test_writing_again_replaces_the_file(path: Path) -> None:
    write_track(path, a_track())
    assert write_track(path, a_track()) is None
    assert [entry.name for entry in path.parent.iterdir()] == ["track.npz"]


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(path: Path, keep: float) -> None:
    write_track(path, a_track())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep if keep >= 1 else keep * len(whole))])
    result = read_track(path)
    assert isinstance(result, Failure) and result.code == "track-damaged"
    assert "track.npz" in result.sentence


def test_a_flipped_bit_is_noticed(path: Path) -> None:
    write_track(path, a_track())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert isinstance(read_track(path), Failure)


def test_what_is_not_there_and_what_is_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.npz", tmp_path):
        result = read_track(path)
        assert isinstance(result, Failure) and result.code == "track-not-found"


def changed(path: Path, **changes: object) -> Track | Failure:
    """Write a track with some members changed or (None) left out, and read it."""
    write_track(path, a_track())
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files}
    header = json.loads(bytes(members["header"]))
    for name, value in changes.items():
        if value is None:
            del members[name]
        elif name == "header":
            header.update(value)  # type: ignore[call-overload]
            members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        else:
            members[name] = np.asarray(value)
    np.savez(path, **members)
    return read_track(path)


def test_a_newer_schema_is_refused_with_advice(path: Path) -> None:
    result = changed(path, header={"schema": SCHEMA + 1})
    assert isinstance(result, Failure) and result.code == "track-newer"
    assert "Update" in result.advice


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"header": None}, "header"),
        ({"vertices": None}, "vertices"),
        ({"vertices": np.zeros((FRAMES, 7, 3), np.float32)}, "neutral_vertices"),
        ({"jaw_pose": np.zeros((2, 3))}, "jaw_pose"),
        ({"faces": np.array([[0, 1, 9]])}, "faces"),
        ({"faces": np.array([[0, 1, -9]])}, "faces"),
        ({"expression": np.zeros((FRAMES, 9))}, "expression"),
        ({"head_rotation": np.zeros((FRAMES, 4))}, "head_rotation"),
        ({"header": {"rate": None}}, "rate"),
        ({"header": {"intrinsics": {"width": 3}}}, "intrinsics"),
        ({"header": {"schema": "one"}}, "schema"),
        ({"status": np.array([object()] * FRAMES)}, "status"),
        ({"status": np.full(FRAMES, 99)}, "status"),
        ({"vertices": np.full((FRAMES, VERTICES, 3), "x")}, "vertices"),
        ({"vertices": np.full((FRAMES, VERTICES, 3), np.inf)}, "vertices"),
        ({"neutral_vertices": np.full((VERTICES, 3), np.nan)}, "neutral_vertices"),
        ({"faces": np.array([[0, 1, 2.0]])}, "faces"),
        ({"landmark_triangle": np.full(478, 1)}, "landmark_triangle"),
        ({"joint_parents": np.array([-1, 2, 1, 1, 1])}, "joint_parents"),
        ({"time": np.array([0, 1, 2, np.inf])}, "time"),
        ({"time": np.array([0, 1, 2, 1e18])}, "time"),
        ({"time": np.array([0, 1, 3, 2])}, "times"),
        ({"frame_index": np.zeros(FRAMES, np.int64)}, "order"),
        ({"frame_index": np.array([-3, -2, -1, 0])}, "frame_index"),
        ({"header": {"regions": {"left_eyeball": [10**9]}}}, "region"),
        ({"header": {"regions": {"left_eyeball": "all"}}}, "regions"),
        ({"header": {"regions": {"left_eyeball": [0.5]}}}, "regions"),
        ({"header": {"expression_names": ["smile"]}}, "expressions"),
        ({"header": {"video": {"rotation": "x"}}}, "video"),
        ({"header": {"video": {"name": "\ud800.mp4"}}}, "video"),
        ({"header": {"video": {"path": "a\0b"}}}, "video"),
        ({"header": {"intrinsics": {**vars(Intrinsics.centred(640, 480, 500.0)), "width": 2**63}}}, "intrinsics"),
        ({"header": {"intrinsics": {**vars(Intrinsics.centred(640, 480, 500.0)), "focal_x": 1e308}}}, "intrinsics"),
        ({"header": {"rate": [10**400, 1]}}, "rate"),
        ({"header": {"model": {"name": ["Triangle"]}}}, "model"),
    ],
)
def test_members_that_do_not_belong_together_are_refused(path: Path, changes: dict, word: str) -> None:
    result = changed(path, **changes)
    assert isinstance(result, Failure) and result.code == "track-damaged"
    assert word in result.sentence


def test_values_of_another_width_come_back_in_their_own(path: Path) -> None:
    track = changed(path, vertices=np.ones((FRAMES, VERTICES, 3), ">f8"), frame_index=np.arange(FRAMES, dtype=np.uint8))
    assert isinstance(track, Track)
    assert (track.vertices.dtype, track.frame_index.dtype) == (np.float32, np.int64)


def test_a_video_whose_name_is_not_utf_8_has_a_track_too(path: Path) -> None:
    track = changed(path, header={"video": {"name": os.fsdecode(b"caf\xe9.mp4")}})
    assert isinstance(track, Track) and track.header["video"]["name"] == "caf\udce9.mp4"


def test_a_header_that_says_nothing_of_its_run_is_read(path: Path) -> None:
    write_track(path, a_track())
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files}
    header = json.loads(bytes(members["header"]))
    del header["report"], header["program_version"]
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **members)
    track = read_track(path)
    assert isinstance(track, Track)
    assert (track.header["report"], track.header["program_version"]) == ({}, "")


def test_what_was_not_found_may_be_unknown(path: Path) -> None:
    unknown = {"vertices": np.full((FRAMES, VERTICES, 3), np.nan), "head_rotation": np.full((FRAMES, 3), np.nan)}
    assert isinstance(changed(path, **unknown), Track)


def with_member(path: Path, name: str, content: bytes) -> None:
    """Replace one member of a good track by other bytes."""
    write_track(path, a_track())
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for each, value in {**members, name: content}.items():
            archive.writestr(each, value)


def npy(shape: str, kind: str = "<f4") -> bytes:
    """The head of an array that claims a shape and holds nothing."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vertices.npy", npy(f"({FRAMES}, {VERTICES}, 3)")),
        ("vertices.npy", npy("(4, 99999999999, 3)")),
        ("vertices.npy", npy("(-1, 3)")),
        ("vertices.npy", npy("(3,)", "(,)i4")),
        ("vertices.npy", npy("(" * 2000 + ")" * 2000)),
        ("vertices.npy", npy("(" + "-" * 3000 + "1,)")),
        ("vertices.npy", npy("(True, 3, 3)")),
        ("vertices.npy", b"x"),
        ("header.npy", npy("(60000000000,)", "|u1")),
        ("header.npy", npy("(4,)", "|u1") + b"1234"),
        ("header.npy", npy("(400000,)", "|u1") + b"[" * 400_000),
        ("header.npy", npy("(10000,)", "|u1") + b"9" * 10_000),
    ],
)
def test_members_that_claim_what_they_do_not_hold_are_refused(path: Path, name: str, content: bytes) -> None:
    with_member(path, name, content)
    result = read_track(path)
    assert isinstance(result, Failure) and result.code == "track-damaged", result


@pytest.mark.parametrize(
    ("place", "value"), [(8, 1), (8, 32), (10, 8), (10, 12), (10, 14), (10, 99), (6, 99), (16, 1), (24, 0x7F)]
)
def test_an_archive_that_cannot_be_unpacked_is_refused(path: Path, place: int, value: int) -> None:
    write_track(path, a_track())
    content = bytearray(path.read_bytes())
    for entry in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[entry.start() + place : entry.start() + place + 2] = bytes([value, 0])
    path.write_bytes(content)
    result = read_track(path)
    assert isinstance(result, Failure) and result.code == "track-damaged"


def test_what_a_file_says_of_itself_reaches_no_terminal(path: Path) -> None:
    result = changed(path, status=np.zeros(FRAMES, [("\x1b]0;owned\x07" * 900, "f4")]))
    assert isinstance(result, Failure)
    assert str(result).isprintable() and len(str(result)) < 3000


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    result = write_track(tmp_path / "taken" / "track.npz", a_track())
    assert isinstance(result, Failure) and result.code == "track-not-written"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX")
def test_a_full_disk_leaves_the_old_track_and_nothing_half_written(path: Path) -> None:
    write_track(path, a_track())
    before = path.read_bytes()
    code = (
        "import resource, signal, sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from test_track_file import a_track, write_track\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "print(write_track(Path(sys.argv[3]), a_track()).code)"
    )
    assert hasattr(signal, "SIGXFSZ")
    arguments = [sys.executable, "-c", code, str(ROOT), str(Path(__file__).parent), str(path)]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "track-not-written"
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["track.npz"]


def test_how_good_a_track_is_reads_the_same_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "track.npz"
    assert write_track(path, a_track()) is None
    read, made = read_quality(path), quality_of(a_track())
    assert isinstance(read, Quality) and read.rate == made.rate == Fraction(30000, 1001)
    for name in ("frame_index", "time", "shot", "status", "confidence", "error", "eye_distance", "tremble"):
        assert np.array_equal(getattr(read, name), getattr(made, name), equal_nan=True), name
    # What was not tracked has no error, and what is missing no confidence.
    assert np.array_equal(made.error, [1, 2, np.nan, np.nan], equal_nan=True) and made.confidence[-1] == 0
    assert read_quality(tmp_path / "nothing.npz") == read_track(tmp_path / "nothing.npz")
