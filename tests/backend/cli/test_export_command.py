"""`export` and `stream`: a finished track or a phone's take for other programs, without tracking."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import backend
from fake_stages import ROOT
from report_tracks import a_track

from backend.contract.performance.calibration import Calibration, Response
from backend.contract.performance.channels import CHANNELS
from backend.contract.performance.formats.column_names import HEADER
from backend.contract.performance.formats.packets import packet
from backend.contract.track import write_track


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """A take of half a second at 30 frames a second with a gap; each channel has a weight of its own."""
    path = tmp_path / "Zoë.csv"
    weights = ",".join(f"{HEADER.index(name) / 100:.4f}" for name in HEADER[2:54])
    rows = [
        f"10:00:00:{20 + 2 * frame:02d}.000,{0 if frame == 3 else 61},{weights},0.1,0.2,0.3,{','.join(['0.05'] * 6)}"
        for frame in range(16)
    ]
    path.write_text("\n".join([",".join(HEADER), *rows, "broken"]) + "\n", "utf-8")
    return path


def test_a_take_becomes_other_formats_and_its_faults_are_said(tmp_path: Path, take: Path) -> None:
    done = backend("export", take, "--out", tmp_path / "out", "--vrma", "--metahuman", "--live-link")
    assert done.returncode == 0, done.stderr
    assert {Path(line).name for line in done.stdout.splitlines()} == {"vrma", "metahuman", "live_link"}
    assert "cannot be read, the first in line 18" in done.stderr and "no face" in done.stderr
    assert (tmp_path / "out" / "vrma" / "Zo_perfect_sync.vrma").read_bytes()[:4] == b"glTF"
    again = backend("export", take, "--out", tmp_path / "out", "--vrma")
    assert again.returncode == 0, again.stderr


def live_link(folder: Path) -> np.ndarray:
    """The weights that were written (T, 52), in the order of the file."""
    (path,) = (folder / "live_link").glob("*.csv")
    rows = [line.split(",") for line in path.read_text("utf-8").splitlines()[1:]]
    return np.array([[float(value) for value in row[2:54]] for row in rows if int(row[1])])


def test_a_take_is_calibrated_by_preset_file_and_neutral_frame(tmp_path: Path, take: Path) -> None:
    (tmp_path / "own.json").write_text(Calibration(regions={"brows": Response(gain=0.5)}).to_json(), "utf-8")
    written = {}
    for name, flags in {
        "plain": (),
        "subtle": ("--calibration", "subtle"),
        "own": ("--calibration", tmp_path / "own.json"),
        "rest": ("--neutral", "2"),
        "found": ("--neutral", "find"),
    }.items():
        done = backend("export", take, "--out", tmp_path / name, "--live-link", *flags)
        assert done.returncode == 0, done.stderr
        written[name] = live_link(tmp_path / name)
    names = [name[0].lower() + name[1:] for name in HEADER[2:54]]
    brow, funnel, blink = (names.index(name) for name in ("browInnerUp", "mouthFunnel", "eyeBlinkLeft"))
    plain = written["plain"]
    assert np.allclose(written["subtle"][:, funnel], 0.7 * plain[:, funnel], atol=1e-3)
    assert np.allclose(written["subtle"][:, blink], plain[:, blink], atol=1e-3)
    assert np.allclose(written["own"][:, brow], plain[:, brow] / 2, atol=1e-3)
    assert not written["rest"][:, funnel].any() and np.array_equal(written["rest"], written["found"])


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--neutral", "99"), 1, "There is no frame 99 in it."),
        (("--neutral", "3"), 1, "The neutral frame shows no face."),
        (("--neutral", "first"), 2, "'first' is neither a frame nor 'find'"),
        (("--calibration", "loud"), 1, "loud cannot be read"),
        (("--calibration", "{take}"), 1, "The calibration is not valid JSON."),
    ],
)
def test_a_calibration_that_cannot_be_used_is_refused(
    tmp_path: Path, take: Path, flags: tuple[str, ...], code: int, words: str
) -> None:
    given = [flag.format(take=take) for flag in flags]
    done = backend("export", take, "--out", tmp_path / "out", "--live-link", *given)
    assert done.returncode == code and words in done.stderr and not (tmp_path / "out").exists()


def test_slate_take_and_subject_can_be_named(tmp_path: Path, take: Path) -> None:
    named = ("--slate", "Kitchen", "--take", "7", "--subject", "Anna B.")
    done = backend("export", take, "--out", tmp_path, "--live-link", *named)
    assert done.returncode == 0, done.stderr
    (csv,) = (tmp_path / "live_link").glob("*.csv")
    assert csv.stem.split("_")[1:] == ["Kitchen", "7", "Anna-B"]


def test_the_camera_of_a_track_is_written(tmp_path: Path) -> None:
    write_track(tmp_path / "track.npz", a_track())
    done = backend("export", tmp_path / "track.npz", "--out", tmp_path, "--camera")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "camera" / "camera.chan").read_text().splitlines()) == len(a_track())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("{take}", "--out", "{out}"), 2, "No format is chosen"),
        (("{take}",), 2, "--out"),
        (("{take}", "--out", "{out}", "--vrma", "--take", "-1"), 2, "--take"),
        (("{take}", "--out", "{out}", "--camera"), 1, "Only a track has a camera."),
        (("{out}/no.csv", "--out", "{out}", "--vrma"), 1, "There is no file"),
        (("{out}/no.npz", "--out", "{out}", "--vrma"), 1, "There is no track file"),
        (("{bad}", "--out", "{out}", "--vrma"), 1, "is not a track file or is damaged"),
        (("{take}", "--out", "{taken}", "--vrma"), 1, "not from an export"),
        (("{take}", "--out", "{take}", "--vrma"), 1, "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, take: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 damaged")
    (tmp_path / "taken" / "vrma").mkdir(parents=True)
    (tmp_path / "taken" / "vrma" / "mine.blend").write_text("work")
    names = {"take": take, "out": tmp_path / "out", "bad": tmp_path / "bad.npz", "taken": tmp_path / "taken"}
    done = backend("export", *(argument.format(**names) for argument in arguments))
    assert done.returncode == code and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "taken" / "vrma").iterdir()] == ["mine.blend"]


def received(data: bytes) -> tuple[str, str, float, float, tuple[float, ...]]:
    """Read a packet by the description of its format: device, subject, frame, rate, the 61 numbers."""
    assert struct.unpack_from("<I", data)[0] == 6
    device = data[4:41].decode()
    (length,) = struct.unpack_from("!i", data, 41)
    subject = data[45 : 45 + length].decode("utf-8")
    frame, fraction, rate, denominator, count = struct.unpack_from("!if2ib", data, 45 + length)
    numbers = struct.unpack_from("!61f", data, 45 + length + 17)
    assert count == 61 and len(data) == 45 + length + 17 + 61 * 4
    return device, subject, frame + fraction, rate / denominator, numbers


def test_a_packet_has_the_layout_of_the_format() -> None:
    data = packet(np.arange(61) / 100, "$" + "A" * 36, "Zoë", 12.25, Fraction(30000, 1001))
    device, subject, frame, rate, numbers = received(data)
    assert (device, subject, frame) == ("$" + "A" * 36, "Zoë", 12.25) and abs(rate - 29.97) < 1e-3
    assert np.allclose(numbers, np.arange(61) / 100)


def test_a_take_is_sent_in_real_time_as_a_phone_does(take: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        command = [sys.executable, "-m", "backend", "stream", str(take), "--port", str(receiver.getsockname()[1])]
        sender = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        packets, moments = [], []
        for _ in range(15):
            packets.append(received(receiver.recv(2000)))
            moments.append(time.monotonic())
        output, _error = sender.communicate(timeout=20)
    assert sender.returncode == 0 and "15 frames" in output and "30.00 frames/s" in output
    assert [packet[2] for packet in packets] == pytest.approx([frame for frame in range(16) if frame != 3], abs=1e-3)
    assert {packet[1] for packet in packets} == {"Face"} and {packet[3] for packet in packets} == {30.0}
    assert moments[-1] - moments[0] > 0.45  # no later bound: the machine may be busy
    numbers = packets[0][4]
    order = ["JawLeft", "JawRight", "JawOpen", "MouthLeft", "MouthRight", "TongueOut"]
    for name in order:
        channel = name[0].lower() + name[1:]
        assert numbers[CHANNELS.index(channel)] == pytest.approx(HEADER.index(name) / 100)
    assert numbers[52:] == pytest.approx([0.1, 0.2, 0.3] + [0.05, 0.05, 0.0] * 2, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"), [(("--port", "0"), "no port 0"), (("--host", "no.such.host.invalid"), "no computer")]
)
def test_where_nothing_can_be_sent_to_is_said(take: Path, arguments: tuple[str, ...], words: str) -> None:
    done = backend("stream", take, *arguments)
    assert done.returncode == 1 and words in done.stderr


@pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="Blender's module is not installed here")
def test_blender_writes_head_and_camera_of_a_track(tmp_path: Path) -> None:
    write_track(tmp_path / "track.npz", a_track())
    asked = ("--gltf", "--alembic", "--camera-fbx", "--camera", "--slate", "Kitchen", "--blender", sys.executable)
    done = backend("export", tmp_path / "track.npz", "--out", tmp_path / "out", *asked)
    assert done.returncode == 0, done.stderr
    assert [Path(line).name for line in done.stdout.splitlines()] == ["camera", "gltf", "alembic", "camera_fbx"]
    starts = {"gltf/Kitchen.glb": b"glTF", "alembic/Kitchen.abc": b"Ogawa", "camera_fbx/Kitchen.fbx": b"Kaydara"}
    for name, start in starts.items():
        assert (tmp_path / "out" / name).read_bytes().startswith(start)
    assert "Alembic (.abc) holds no materials." in done.stderr and "Blender has written 3 of 3." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{take}", "--gltf"), "Only a track has a head and a camera."),
        (("{out}/no.npz", "--gltf"), "There is no track file"),
        (("{track}", "--gltf", "--blender", "{out}/blender"), "There is no Blender at"),
        (("{track}", "--camera", "--usd", "--blender", "{out}/blender"), "There is no Blender at"),
    ],
)
def test_what_blender_cannot_write_leaves_nothing(
    tmp_path: Path, take: Path, arguments: tuple[str, ...], words: str
) -> None:
    write_track(tmp_path / "track.npz", a_track())
    names = {"take": take, "out": tmp_path / "out", "track": tmp_path / "track.npz"}
    done = backend("export", *(argument.format(**names) for argument in arguments), "--out", tmp_path / "out")
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="the program that stands in for Blender is a shell script")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_export_that_is_stopped_ends_blender_and_leaves_nothing(tmp_path: Path, number: int, code: int) -> None:
    write_track(tmp_path / "track.npz", a_track())
    started, blender = tmp_path / "started.txt", tmp_path / "blender"
    blender.write_text(f"#!/bin/sh\necho $$ > {started}.new && mv {started}.new {started}\nexec sleep 300\n")
    blender.chmod(0o755)
    flags = ["--out", str(tmp_path / "out"), "--usd", "--blender", str(blender)]
    command = [sys.executable, "-m", "backend", "export", str(tmp_path / "track.npz"), *flags]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not started.exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code and "Traceback" not in errors, errors
    assert not (tmp_path / "out").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
