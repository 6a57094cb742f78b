"""Every FLAME file that cannot be used is one clear sentence, whatever is wrong with it."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flame_writing import FORMS, flame_content, write_npz

from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.head.flame.flame_file import load_flame


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return flame_content()


def _npz(path: Path, content: dict[str, Any], **changes: Any) -> None:
    kept = {key: value for key, value in {**content, **changes}.items() if value is not None}
    write_npz(path, kept)


def _with_nan(array: np.ndarray) -> np.ndarray:
    result = array.copy()
    result.flat[7] = np.nan
    return result


def _truncated(path: Path, content: dict[str, Any]) -> None:
    _npz(path, content)
    path.write_bytes(path.read_bytes()[:100_000])


def _huge_claim(path: Path, content: dict[str, Any]) -> None:
    """A member whose header claims 8 TB."""
    header = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(
        117
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("v_template.npy", header + b"\n" + bytes(80))


def _bomb(path: Path, content: dict[str, Any]) -> None:
    """Zeros, 576 MB of them, in 3 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("v_template.npy", bytes(1000))
        with archive.open("shapedirs.npy", "w", force_zip64=True) as member:
            for _ in range(9):
                member.write(bytes(64 << 20))


def _odd_header(header: str) -> Any:
    def write(path: Path, _content: dict[str, Any]) -> None:
        text = header.encode() + b"\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "v_template.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(80)
            )

    return write


def _encrypted(path: Path, content: dict[str, Any]) -> None:
    """A bit in each entry says that a password is needed."""
    _npz(path, content)
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(mark, start + 4)
    path.write_bytes(data)


BAD_FILES: dict[str, tuple[Any, str, str]] = {
    "missing": (lambda path, _: None, "model-not-found", "no model file"),
    "folder": (lambda path, _: path.mkdir(), "model-not-a-file", "is a folder"),
    "empty": (lambda path, _: path.write_bytes(b""), "file-empty", "is empty"),
    "text": (lambda path, _: path.write_text("<html>404</html>"), "pickle-damaged", "not a complete pickle"),
    "truncated archive": (_truncated, "archive-damaged", "not a readable .npz"),
    "archive that claims much": (_huge_claim, "archive-damaged", "claims the shape (1000000000000,)"),
    "truncated pickle": (
        lambda path, content: path.write_bytes(FORMS["numpy, protocol 2"](content)[:500_000]),
        "pickle-damaged",
        "ends too early",
    ),
    "malicious": (lambda path, _: path.write_bytes(b"cos\nsystem\n(S'true'\ntR."), "pickle-refused", "os.system"),
    "a list": (lambda path, _: path.write_bytes(pickle.dumps([1, 2])), "not-flame", "found a list"),
    "other arrays": (lambda path, _: np.savez(path, a=np.ones(2)), "not-flame", "found a"),
    "identity only": (
        lambda path, c: np.savez(path, v_template=c["v_template"], shapedirs=c["shapedirs"], faces=c["f"]),
        "flame-incomplete",
        "lacks posedirs, J_regressor, weights, kintree_table",
    ),
    "text instead of numbers": (lambda path, c: _npz(path, c, weights=np.array(["a"])), "flame-wrong", "'weights' is"),
    "vertices that differ": (
        lambda path, c: _npz(path, c, weights=c["weights"][:-1]),
        "flame-wrong",
        "'weights' has shape (5022, 5) instead of (5023, 5)",
    ),
    "no expression": (
        lambda path, c: _npz(path, c, shapedirs=c["shapedirs"][:, :, :300]),
        "flame-wrong",
        "'shapedirs' has 300 modes",
    ),
    "expression all zero": (
        lambda path, c: _npz(path, c, shapedirs=c["shapedirs"] * (np.arange(400) < 300)),
        "flame-wrong",
        "every expression mode",
    ),
    "faces beyond the vertices": (
        lambda path, c: _npz(path, c, f=c["f"] + 9000),
        "flame-wrong",
        "'f' names vertex",
    ),
    "the same faces again and again": (
        lambda path, c: _npz(path, c, f=np.tile(c["f"], (100, 1))),
        "flame-wrong",
        "which is not a surface",
    ),
    "not a number": (
        lambda path, c: _npz(path, c, v_template=_with_nan(c["v_template"])),
        "flame-wrong",
        "'v_template' holds values that are not numbers",
    ),
    "millimetres": (lambda path, c: _npz(path, c, v_template=c["v_template"] * 1000), "flame-wrong", "m tall"),
    "flat": (
        lambda path, c: _npz(path, c, v_template=c["v_template"] * [1, 1, 0.01]),
        "flame-wrong",
        "its head is flat",
    ),
    "an archive that unfolds": (_bomb, "archive-damaged", "unpacks to far more"),
    "records": (
        lambda path, c: _npz(path, c, v_template=np.zeros(5023, "f8,f8")),
        "archive-damaged",
        "an array is of an unusual type",
    ),
    "a header that is a program": (_odd_header("((((" * 3000), "archive-damaged", "not a readable .npz"),
    "a shape of truths": (
        _odd_header("{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }"),
        "archive-damaged",
        "impossible shape",
    ),
    "encrypted": (_encrypted, "archive-damaged", "not a readable .npz"),
    "weights that do not add up": (lambda path, c: _npz(path, c, weights=c["weights"] * 2), "flame-wrong", "sum to 1"),
    "a body": (
        lambda path, c: _npz(path, c, kintree_table=np.array([[-1, 0, 0, 0, 0], [0, 1, 2, 3, 4]])),
        "flame-wrong",
        "parents [-1, 0, 0, 0, 0]",
    ),
    "no eyeballs": (
        lambda path, c: _npz(path, c, f=c["f"][c["f"].max(axis=1) < 3000]),
        "flame-wrong",
        "eyeballs",
    ),
}


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_a_bad_file_is_one_clear_sentence(name: str, content: dict[str, Any], tmp_path: Path) -> None:
    write, code, words = BAD_FILES[name]
    path = tmp_path / "model.npz"
    write(path, content)
    result = load_flame(path, HeadSettings())
    assert isinstance(result, Failure)
    assert (result.code, words in result.sentence) == (code, True), result
    assert "model.npz" in result.sentence
    assert result.advice
    assert "\n" not in result.sentence
