"""The cache: what comes out is what went in, and nothing but plain data is ever read."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import fake_stages
import numpy as np
import pytest

from backend.contract.settings import FaceSettings
from backend.data.context import Context
from backend.data.types import PersonMasks
from backend.run import serialise
from backend.run.cache import Cache
from backend.run.keys import fingerprint, stage_key

KEY = "0123456789abcdef" * 2


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    result = Cache(tmp_path / "cache é")
    result.prepare()
    return result


def a_fit(tmp_path: Path):
    clip = fake_stages.make_clip(tmp_path)
    context = Context("x", lambda _event: None, lambda: False, tmp_path, tmp_path, {"video": {"path": str(clip)}})
    video = fake_stages.video(type("S", (), {"path": str(clip)}), context)
    landmarks = fake_stages.landmarks(video, FaceSettings(), None, context)
    masks = PersonMasks(np.array([1, 4]), np.full((2, 3, 5), 255, np.uint8), np.zeros((2, 2, 3)))
    return video, fake_stages.fit(dataclasses.replace(landmarks, masks=masks), None, None, None, context)


def assert_same(left: object, right: object) -> None:
    assert type(left) is type(right)
    if dataclasses.is_dataclass(left):
        for field in dataclasses.fields(left):
            assert_same(getattr(left, field.name), getattr(right, field.name))
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            assert_same(left[key], right[key])
    else:
        assert left == right or left != left


def test_outputs_come_back_as_they_were(cache: Cache, tmp_path: Path) -> None:
    for kind, value in zip(("video", "fit"), a_fit(tmp_path), strict=True):
        cache.store(kind, KEY, value, {"summary": "6 frames"})
        assert_same(cache.load(kind, KEY), value)
        assert cache.meta(kind, KEY) == {"summary": "6 frames"}


def test_numbers_of_every_kind_keep_their_value(tmp_path: Path) -> None:
    value = {"a": (1, 2.5, float("inf"), None, True), "b": [Fraction(30000, 1001), Path("é/x")], "c": {"tuple": 1}}
    with (tmp_path / "v.npz").open("wb") as stream:
        serialise.write(stream, value, {})
    assert serialise.read(tmp_path / "v.npz") == value


def test_what_has_no_stored_form_is_refused_when_written(tmp_path: Path) -> None:
    for value in (object(), {1, 2}, np.array([object()])):
        with (tmp_path / "v.npz").open("wb") as stream, pytest.raises(TypeError):
            serialise.write(stream, value, {})


def test_a_pickle_in_an_entry_is_not_opened(cache: Cache, tmp_path: Path) -> None:
    """An array of objects is a pickle inside .npy; reading it would run whatever it holds."""

    class Payload:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    cache.store("video", KEY, {"harmless": np.zeros(3)}, {})
    path = cache.entries / f"video-{KEY}.npz"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n"
    members["array_0.npy"] = header + pickle.dumps(Payload())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(serialise.Unreadable):
        cache.load("video", KEY)
    assert not (tmp_path / "ran").exists()


def test_an_unknown_class_in_an_entry_is_damage(cache: Cache) -> None:
    cache.store("video", KEY, {"a": 1}, {})
    tree = np.frombuffer(b'{"Popen": {"args": "true"}}', np.uint8)
    np.savez(cache.entries / f"video-{KEY}.npz", tree=tree, meta=tree)
    with pytest.raises(serialise.Unreadable):
        cache.load("video", KEY)
    assert cache.meta("video", KEY) is None, "a damaged entry is removed"


def test_a_write_that_fails_leaves_nothing(cache: Cache) -> None:
    with pytest.raises(TypeError):
        cache.store("video", KEY, object(), {})
    assert list(cache.entries.iterdir()) == []


def test_size_and_clear(cache: Cache) -> None:
    cache.store("video", KEY, {"a": np.zeros(1000)}, {})
    with pytest.raises(KeyboardInterrupt), cache.work("fit", KEY) as work:
        (work / "chunk").write_bytes(bytes(500))
        raise KeyboardInterrupt
    size = cache.size()
    assert size.entries == 1 and size.size > 8500
    assert cache.clear() == size
    assert cache.size().size == 0


def test_unfinished_work_is_kept_until_the_stage_is_done(cache: Cache) -> None:
    with pytest.raises(KeyboardInterrupt), cache.work("fit", KEY) as work:
        (work / "chunk").touch()
        raise KeyboardInterrupt
    with cache.work("fit", KEY) as work:
        assert (work / "chunk").exists()
    assert list((cache.root / "work").iterdir()) == []


def test_two_engines_at_the_same_work_do_not_share_a_folder(cache: Cache) -> None:
    with cache.work("fit", KEY) as mine:
        (mine / "chunk").touch()
        code = (
            "import sys; from pathlib import Path; from backend.run.cache import Cache\n"
            f"with Cache(Path(sys.argv[1])).work('fit', '{KEY}') as folder:\n"
            "    print(len(list(folder.iterdir())), folder.name)"
        )
        arguments = [sys.executable, "-c", code, str(cache.root)]
        other = subprocess.run(arguments, cwd=fake_stages.ROOT, capture_output=True, text=True, check=True)
        assert other.stdout.split()[0] == "0"
        assert other.stdout.split()[1] != mine.name
        assert (mine / "chunk").exists()


def test_forgotten_work_goes(cache: Cache) -> None:
    folder = cache.root / "work" / f"fit-{KEY}"
    folder.mkdir()
    cache.prune()
    assert folder.exists()
    os.utime(folder, (1e9, 1e9))
    cache.prune()
    assert not folder.exists()


def test_pruning_removes_what_was_unused_for_longest(cache: Cache) -> None:
    new, used, old = ("a" * 32, "b" * 32, "c" * 32)
    for age, key in enumerate((new, used, old)):
        cache.store("fit", key, {"a": np.zeros(1000)}, {})
        os.utime(cache.entries / f"fit-{key}.npz", (1e9 - age, 1e9 - age))
    cache.load("fit", used)
    cache.prune(limit=20000)
    assert sorted(path.name for path in cache.entries.iterdir()) == [f"fit-{new}.npz", f"fit-{used}.npz"]


def test_a_key_depends_on_everything_that_changes_the_output(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"one")
    same = {"kind": "fit", "settings": {"a": 1}, "inputs": {"x": "k"}, "files": [file], "module": "backend.run.keys"}
    key = stage_key(**same)
    assert key == stage_key(**same)
    for change in (
        {"kind": "smooth"},
        {"settings": {"a": 2}},
        {"inputs": {"x": "l"}},
        {"files": []},
        {"module": "backend.run.cache"},
    ):
        assert stage_key(**{**same, **change}) != key
    file.write_bytes(b"two")
    assert stage_key(**same) != key


def test_a_change_inside_a_large_file_is_seen_and_a_copy_of_it_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "large.mp4"
    file.write_bytes(bytes(300_000))
    before = fingerprint(file)
    with file.open("r+b") as stream:
        stream.seek(150_000)
        stream.write(b"x")
    assert fingerprint(file) != before
    copy = tmp_path / "elsewhere.mp4"
    copy.write_bytes(file.read_bytes())
    os.utime(copy, (2e9, 2e9))
    assert fingerprint(copy) == fingerprint(file)
    assert fingerprint(tmp_path / "absent")[1] == "not a file"


def test_an_entry_whose_directory_is_damaged_anywhere_is_removed_or_whole(cache: Cache) -> None:
    """Method, flags, versions, sizes and places of a zip's members each fail with an error of their own."""
    value = {"a": np.arange(3)}
    cache.store("fit", KEY, value, {"summary": "well"})
    path = cache.entries / f"fit-{KEY}.npz"
    whole = path.read_bytes()
    start = whole.index(b"PK\x01\x02")
    kinds: set[str] = set()
    for place in range(start, len(whole)):
        for bit in (1, 8, 128):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            try:
                assert_same(cache.load("fit", KEY), value)
            except serialise.Unreadable as damage:
                kinds.add(type(damage.__cause__).__name__)
                assert not path.exists()
    assert {"NotImplementedError", "RuntimeError", "BadZipFile"} <= kinds
