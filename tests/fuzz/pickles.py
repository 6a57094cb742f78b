"""Hostile and damaged pickles, read as FLAME files are; each would leave a file behind if any of its code ran."""

from __future__ import annotations

import pickle
import random
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse

from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.head.flame.flame_file import load_flame
from backend.untrusted.restricted_pickle import read_pickle_bytes

from .damage import damaged_bytes, odd_value
from .kind import Kind

CANARY: Final = "canary"
"""File that code in a pickle would make; opening it for writing is noted as harm as well."""
VERTICES: Final = 120


def small_head() -> dict[str, Any]:
    """Return what a FLAME file holds, of a head of few vertices."""
    numbers = np.random.default_rng(0)
    return {
        "v_template": numbers.normal(size=(VERTICES, 3)) * 0.05,
        "f": numbers.integers(0, VERTICES, (200, 3)).astype(np.uint32),
        "shapedirs": numbers.normal(size=(VERTICES, 3, 400)).astype(np.float32) * 1e-3,
        "posedirs": np.zeros((VERTICES, 3, 36), np.float32),
        "J_regressor": sparse.csc_matrix(np.full((5, VERTICES), 1 / VERTICES)),
        "weights": np.full((VERTICES, 5), 0.2),
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "bs_type": "lrotmin",
        "bs_style": "lbs",
    }


def text(value: str) -> bytes:
    """Return the instruction for a text."""
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def name(module: str, attribute: str) -> bytes:
    """Return the instruction for a name of a module."""
    return f"c{module}\n{attribute}\n".encode()


def _raw(data: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(data)) + data


_COMMAND: Final = f"touch {CANARY}"
_RUN: Final = (
    name("os", "system") + text(_COMMAND) + b"\x85R",
    text("posix") + text("system") + b"\x93" + text(_COMMAND) + b"\x85R",
    b"(" + text(_COMMAND) + b"ios\nsystem\n",
    b"(" + name("os", "system") + text(_COMMAND) + b"o",
    name("subprocess", "Popen") + text(_COMMAND) + b"\x85\x81",
    name("subprocess", "Popen") + b")}" + text("args") + text(_COMMAND) + b"s\x92",
    name("builtins", "eval") + text(f"open('{CANARY}', 'w')") + b"\x85R",
    name("builtins", "open") + text(CANARY) + text("w") + b"\x86R",
    name("io", "open") + text(CANARY) + text("w") + b"\x86R",
    name("copyreg", "__newobj__") + name("subprocess", "Popen") + text(_COMMAND) + b"\x86R",
    name("numpy", "load") + text("/etc/passwd") + b"\x85R",
    name("numpy.core.multiarray", "fromfile") + text("/etc/passwd") + b"\x85R",
    name("numpy.testing._private.utils", "runstring") + text("1") + b"}\x86R",
    name("chumpy.ch", "Ch") + b")\x81}" + text("__setstate__") + name("os", "system") + b"sb",
    name("chumpy.ch", "Ch") + b")\x81}" + text("x") + name("os", "system") + text(_COMMAND) + b"\x85R" + b"sb",
    text("numpy") + text("ndarray.__class__") + b"\x93",
    name("builtins", "getattr") + name("os", "x") + text("system") + b"\x86R",
    name("webbrowser", "open") + text("http://127.0.0.1:9/") + b"\x85R",
    name("socket", "create_connection") + text("127.0.0.1") + b"K\x09\x86\x85R",
    name("shutil", "rmtree") + text("/nowhere of ours") + b"\x85R",
    name("ctypes", "CDLL") + text("x.so") + b"\x85R",
    b"Pos.system\n",
    b"\x82\x01",
)
_NAMES: Final = (
    *(("numpy", "dtype"), ("numpy", "ndarray"), ("numpy.core.multiarray", "_reconstruct"), ("os", "system")),
    *(("numpy.core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer"), ("scipy.sparse.csc", "csc_matrix")),
    *(("scipy.sparse", "coo_array"), ("chumpy.ch", "Ch"), ("_codecs", "encode"), ("copy_reg", "_reconstructor")),
    *(
        ("builtins", "bytes"),
        ("builtins", "object"),
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor_v2"),
    ),
)
_WORDS: Final = (
    *("f8", "i4", "C", "F", "latin1", "x", "data", "_shape", "indices", "indptr", "(,)i4", "O", "O,O", "V8", "U99999"),
    *("M8[999999D]", "(9,9)i8", "", "\ud800", "\x1b]0;owned\x07", "((((((((", "k" * 100_000),
)


def _token(rng: random.Random) -> bytes:
    """Return one instruction."""
    how = rng.randrange(14)
    if how == 0:
        return name(*rng.choice(_NAMES))
    if how == 1:
        return text(rng.choice(_WORDS))
    if how == 2:
        return _raw(rng.randbytes(rng.choice((0, 4, 8, 16))))
    if how == 3:
        return b"K" + bytes([rng.choice((0, 1, 2, 3, 8))])
    if how == 4:
        return b"J" + struct.pack("<i", rng.choice((-1, 1 << 30, -(1 << 31), 7)))
    if how == 5:
        return rng.choice((b"q", b"h")) + bytes([rng.randrange(6)])
    if how == 6:
        return rng.choice(
            (b"G" + struct.pack(">d", float("nan")), b"\x8a\x05\xff\xff\xff\xff\x7f", b"L99L\n", b"I07\n")
        )
    return bytes([rng.choice(b"((()]}0N\x88\x89\x85\x86\x87RRbbssuaetlo\x81\x92\x8f\x90\x91\x94")])


def program(rng: random.Random) -> bytes:
    """Return a pickle of random instructions."""
    return b"\x80\x02" + b"".join(_token(rng) for _ in range(rng.choice((5, 20, 60)))) + b"."


def hostile(rng: random.Random) -> bytes:
    """Return a pickle that would run something if it were opened as pickles are: alone, or as an entry of a head."""
    body = rng.choice(_RUN)
    if rng.random() < 0.5:
        return b"\x80\x04" + body + b"."
    key = rng.choice(("v_template", "J_regressor", "f", "other"))
    rest = pickle.dumps(small_head(), 2)[2:-1]
    return b"\x80\x04" + rest + text(key) + body + b"s."


def make(rng: random.Random) -> bytes:
    """Return a hostile pickle, a damaged one, one of other kinds of values, or a random program."""
    how = rng.randrange(10)
    if how < 3:
        return hostile(rng)
    if how < 6:
        return program(rng)
    head = small_head()
    if how == 6:
        key = rng.choice(sorted(head))
        value = odd_value(rng)
        head[key] = np.full((3, 3), np.nan) if rng.random() < 0.3 else value
    elif how == 7:
        head = {key: value[:3] if isinstance(value, np.ndarray) else value for key, value in head.items()}
    content = pickle.dumps(head, rng.randrange(6))
    return damaged_bytes(content, rng) if how > 6 else content


def read(content: bytes, folder: Path) -> object:
    """Read a pickle alone, and as the head of a person."""
    value = read_pickle_bytes(content, "head.pkl")
    path = folder / "head.pkl"
    path.write_bytes(content)
    head = load_flame(path, HeadSettings(source="file", file=str(path)))
    assert not (folder / CANARY).exists() and not Path(CANARY).exists(), "code of the file was run"
    return value if isinstance(value, Failure) else head


KIND: Final = Kind(make, read)
