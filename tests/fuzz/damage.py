"""Damage, by a random number generator: of bytes, of archives, and of plain data."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from typing import Any, Final

_WORDS: Final = (b"\xff" * 4, b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\x00" * 8, b"\xff" * 8)
_ODD: Final = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -(10**400), 0.5, 1e308, float("nan"), float("inf")),
    *("", "x", "\ud800", "\x00", "\x1b]0;owned\x07", "a" * 50_000, "../../x", "~nobody of this name/x", "/dev/zero"),
    *("%s%n{}", "\u202e\u2028", "//../../x", "http://127.0.0.1:9/x.mp4", "concat:/etc/passwd|/etc/hosts"),
)


def odd_value(rng: random.Random) -> Any:
    """Return a value that rarely fits anywhere."""
    nested: list[Any] = [
        [],
        {},
        [[]],
        [None],
        {"a": None},
        ["a"] * 1000,
        [1e999, 0, 0, 0],
        {"track": 3},
        [{"name": []}],
    ]
    return rng.choice((rng.choice(_ODD), rng.choice(_ODD), rng.choice(nested)))


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return bytes with one or a few damages: flips, cuts, repeats, insertions, zeros, telling numbers."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not data:
            break
        place = rng.randrange(len(data))
        how = rng.randrange(8)
        if how == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[place] = rng.randrange(256)
        elif how == 2:
            del data[place:]
        elif how == 3:
            del data[place : place + rng.choice((1, 2, 8, 100, 5000))]
        elif how == 4:
            data[place:place] = rng.randbytes(rng.choice((1, 4, 64)))
        elif how == 5:
            end = min(len(data), place + rng.choice((1, 4, 8, 64, 1024)))
            data[place:end] = bytes(end - place)
        elif how == 6:
            word = rng.choice(_WORDS)[: len(data) - place]
            data[place : place + len(word)] = word
        else:
            other, length = rng.randrange(len(data)), rng.choice((4, 32, 512))
            data[place : place + length] = data[other : other + length]
    return bytes(data)


def damaged_archive(content: bytes, rng: random.Random) -> bytes:
    """Return a zip with a damage where damage of bytes seldom goes: a member, its directory entry, its packing."""
    how = rng.randrange(4)
    if how == 0:
        return _damaged_directory(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = rng.choice(sorted(members))
    if how == 1:
        members[name] = damaged_bytes(members[name], rng)
    elif how == 2:
        members[name] = members[rng.choice(sorted(members))]
    elif rng.random() < 0.5:
        del members[name]
    else:
        members[rng.choice(("../../out.npy", "/out.npy", "a\0b", "", "x" * 3000))] = members.pop(name)
    packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for each, value in members.items():
            archive.writestr(zipfile.ZipInfo(each), value, packing)
    return stream.getvalue()


def _damaged_directory(content: bytes, rng: random.Random) -> bytes:
    """Change a field of an entry of the directory: versions, flags, method, check, sizes, attributes, place."""
    data = bytearray(content)
    entries = []
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        entries.append(place)
        place = data.find(b"PK\x01\x02", place + 4)
    if not entries:
        return damaged_bytes(content, rng)
    field, length = rng.choice(((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)))
    value = rng.choice((0, 1, 8, 12, 14, 99, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, rng.randrange(1 << 32)))
    for entry in entries if rng.random() < 0.3 else [rng.choice(entries)]:
        data[entry + field : entry + field + length] = struct.pack("<I", value)[:length]
    return bytes(data)


def damaged_data(value: Any, rng: random.Random, share: float = 0.1) -> Any:
    """Return plain data with some values replaced by odd ones, some left out, and some repeated."""
    if rng.random() < share:
        return odd_value(rng)
    if isinstance(value, dict):
        made = {name: damaged_data(each, rng, share) for name, each in value.items() if rng.random() > share / 3}
        if rng.random() < share / 3:
            made[rng.choice(("x", "event", "name", "\ud800", "__class__"))] = odd_value(rng)
        return made
    if isinstance(value, list):
        return [damaged_data(each, rng, share) for each in value] * rng.choice((1, 1, 1, 1, 0, 30))
    return value


def npy(shape: str, kind: str, content: bytes = b"") -> bytes:
    """Return an array of a file as it claims to be."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode("utf-8", "replace")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) & 0xFFFF) + text + content
