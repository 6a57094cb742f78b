"""Flags and job files of the command line: each setting once, and what is wrong is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import backend
from fake_stages import ROOT

from backend.cli.flags import GIVEN, SHARED, flag_name, settings_of
from backend.cli.main import COMMANDS, main
from backend.cli.track import checked_settings, parser
from backend.contract.events import decode
from backend.contract.failure import Failure
from backend.contract.job import STAGES, Job, parse_job
from backend.contract.options import options_of


def test_the_program_answers_without_loading_what_computes() -> None:
    heavy = "torch|mediapipe|cv2|av|numba|matplotlib|scipy|ai_edge_litert"
    code = (
        "import sys; from backend.cli import run, session, track; track.parser().format_help();"
        f"print([name for name in '{heavy}'.split('|') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_help_and_version_and_what_is_no_command(capsys: pytest.CaptureFixture) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    assert main([]) == 2
    assert main(["trakc"]) == 2
    assert "trakc" in capsys.readouterr().err


def test_every_setting_has_one_flag_of_its_own() -> None:
    flags = [
        flag_name(kind, option)
        for kind, spec in STAGES.items()
        for option in options_of(spec.settings)
        if (kind, option.name) not in {*GIVEN, *SHARED}
    ]
    assert len(flags) == len(set(flags))
    shown = parser().format_help()
    assert all(f"--{flag}" in shown for flag in flags)


def test_one_file_of_corrections_is_for_the_stages_that_are_in_the_run() -> None:
    flags = ["clip.mp4", "--out", "o", "--corrections", "a.corrections.json"]
    both = checked_settings(parser().parse_args([*flags, "--add", "pins", "--add", "exclude"]), {})
    pins = checked_settings(parser().parse_args([*flags, "--add", "pins"]), {})
    neither = checked_settings(parser().parse_args(flags), {})
    assert isinstance(both, dict) and isinstance(pins, dict)
    assert both["pins"].corrections == both["exclude"].corrections == str(Path("a.corrections.json").absolute())
    assert pins["pins"].corrections == both["pins"].corrections and not pins["exclude"].corrections
    assert isinstance(neither, Failure) and "--add exclude" in neither.advice


def test_flags_become_settings() -> None:
    flags = "--quality best --stride 2 --smooth-pose 0.25 --no-overlay --head builtin --focal-mode angle"
    arguments = parser().parse_args(["clip.mp4", "--out", "o", *flags.split()])
    settings = settings_of(arguments, {("video", "path"): "clip.mp4"})
    assert not isinstance(settings, Failure)
    assert settings["landmarks"].quality == "best"
    assert settings["video"].path == "clip.mp4" and settings["video"].stride == 2
    assert settings["smooth"].pose == 0.25
    assert settings["report"].overlay is False and settings["report"].sheet is True
    assert settings["head"].source == "builtin" and settings["camera"].focal_mode == "angle"


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--stride", "0"], "--stride"),
        (["--quality", "perfect"], "--quality"),
        (["--frist-frame", "1"], "--frist-frame"),
        (["--smooth-pose", "much"], "--smooth-pose"),
    ],
)
def test_a_wrong_flag_is_named(flags: list[str], word: str, tmp_path: Path) -> None:
    result = backend("track", "clip.mp4", "--out", tmp_path, *flags)
    assert result.returncode == 2
    assert word in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("flags", "kind", "name", "choice"),
    [
        ("--head-file flame.pkl", "head", "source", "file"),
        ("--focal-pixels 900", "camera", "focal_mode", "pixels"),
        ("--angle-of-view 60", "camera", "focal_mode", "angle"),
        ("--face-number 0", "face", "choose", "number"),
        ("--face-point-x 0.2 --face-point-y 0.5", "face", "choose", "nearest"),
        ("--focal-mode millimetres --focal-millimetres 50", "camera", "focal_mode", "millimetres"),
    ],
)
def test_a_flag_makes_the_choice_with_which_it_counts(flags: str, kind: str, name: str, choice: str) -> None:
    settings = settings_of(parser().parse_args(["clip.mp4", "--out", "o", *flags.split()]), {})
    assert not isinstance(settings, Failure)
    assert getattr(settings[kind], name) == choice


def test_flags_that_contradict_each_other_are_named() -> None:
    arguments = parser().parse_args(["clip.mp4", "--out", "o", "--head", "builtin", "--head-file", "flame.pkl"])
    result = settings_of(arguments, {})
    assert isinstance(result, Failure)
    assert "--head-file" in result.sentence and "--head builtin" in result.sentence


@pytest.mark.parametrize("name", ["skin", "skin.xyz", "skin.jpg", "png"])
def test_a_texture_that_would_be_no_png_is_refused_before_the_work(name: str) -> None:
    result = settings_of(parser().parse_args(["clip.mp4", "--out", "o", "--texture-path", name]), {})
    assert isinstance(result, Failure)
    assert "--texture-path" in result.sentence and ".png" in result.sentence
    good = settings_of(parser().parse_args(["clip.mp4", "--out", "o", "--texture-path", "Skin.PNG"]), {})
    assert not isinstance(good, Failure)


@pytest.mark.parametrize("flag", ["--out", "--cache", "--models", "--log", "--write-job"])
@pytest.mark.parametrize("path", ["a" * 5000, "b/" * 3000, "~nobody of this name/x"])
def test_paths_that_no_disk_can_have_are_not_understood(
    flag: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["clip.mp4", "--out", "o", flag, path])
    told = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2 and f"argument {flag}:" in told and len(told) < 300


def test_the_job_of_a_command_can_be_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    result = backend("track", "clip é.mp4", "--out", tmp_path / "out", "--quality", "draft", "--write-job", path)
    assert result.returncode == 0
    job = parse_job(path.read_text("utf-8"))
    assert isinstance(job, Job)
    assert job.stage("landmarks").settings.quality == "draft"
    assert Path(job.stage("video").settings.path).name == "clip é.mp4"


def test_jobs_that_cannot_be_run(tmp_path: Path) -> None:
    broken = tmp_path / "job.json"
    broken.write_text(json.dumps({"schema": 1, "stages": [{"name": "v", "kind": "video", "settings": {"strid": 1}}]}))
    for job, word in (
        (broken, "strid"),
        (tmp_path / "absent.json", "absent.json"),
        (tmp_path, "could not be read"),
        (Path("/dev/zero"), "zero"),
    ):
        result = backend("run", job, "--events")
        assert result.returncode == 1
        assert word in result.stderr
        (event,) = [decode(line) for line in result.stdout.splitlines()]
        assert event is not None and event["event"] == "error" and word in event["sentence"]
