"""The mark by which a file is known to be written by this program; other readers pass over it.

A file may be replaced without asking where it carries the mark: a track by its header, a PNG by a text beside its
pixels that holds their hash (a picture that somebody painted on is not ours any more), JSON by its first entry, OBJ and
MTL by their first line, MP4 by its comment, an exported folder by a small file in it.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

PROGRAM: Final = "FLAME Head Tracker"
MARK: Final = f"Written by {PROGRAM}"
"""Comment of a video, text of a picture, first entry of JSON."""

FOLDER_MARK: Final = ".flame-head-tracker"
"""File in a folder that was exported as a whole."""

ENTRY: Final = "written_by"
"""First entry of a JSON file and of a track's header; array of other npz files."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JSON_START: Final = re.compile(rb'\s*\{\s*"' + ENTRY.encode() + rb'"\s*:\s*"' + PROGRAM.encode() + rb'"')
_TEXT_START: Final = re.compile(rb"# (Written by )?" + PROGRAM.encode() + rb"\b")
_LARGEST_HEADER: Final = 64 * 1024**2
"""Bytes of a track's header or a video's tables that are looked at."""


def marked(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a JSON file with the mark as its first entry."""
    return {ENTRY: PROGRAM, **content}


def mark_picture(path: Path) -> None:
    """Put the mark into a PNG file, whichever library wrote it; other files stay as they are (OSError)."""
    content = path.read_bytes()
    chunks = list(_chunks(content))
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        return
    end = len(_PNG) + 12 + len(chunks[0][1])
    path.write_bytes(content[:end] + _chunk(b"tEXt", _picture_mark(chunks)) + content[end:])


def is_marked(path: Path) -> bool:
    """Whether a file or folder was written by this program and is, as far as can be told, as it was written."""
    try:
        if path.is_dir():
            return (path / FOLDER_MARK).is_file()
        with path.open("rb") as stream:
            start = stream.read(256)
            if start.startswith(_PNG):
                return _is_marked_picture(start + stream.read())
            if start.startswith(b"PK\x03\x04"):
                return track_header(path) is not None or _is_marked_archive(path)
            if start[4:8] == b"ftyp":
                return _is_marked_video(stream)
            return _JSON_START.match(start) is not None or _TEXT_START.match(start) is not None
    except OSError:
        return False


def track_header(path: Path) -> dict[str, Any] | None:
    """Return the header of a track file, None where the file is none; its arrays are not looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("header.npy").file_size > _LARGEST_HEADER:
                return None
            with archive.open("header.npy") as stream:
                header = json.loads(np.lib.format.read_array(stream, allow_pickle=False).tobytes())
    except Exception:  # noqa: BLE001 - a stranger's archive: whatever is wrong with it, it is no track
        return None
    known = isinstance(header, dict) and {"schema", "program_version", "intrinsics"} <= header.keys()
    return header if known else None


def _is_marked_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{ENTRY}.npy") as stream:
            return PROGRAM in str(np.lib.format.read_array(stream, allow_pickle=False))
    except Exception:  # noqa: BLE001 - a stranger's archive
        return False


def _is_marked_picture(content: bytes) -> bool:
    chunks = list(_chunks(content))
    return (b"tEXt", _picture_mark(chunks)) in chunks


def _picture_mark(chunks: list[tuple[bytes, bytes]]) -> bytes:
    digest = hashlib.sha256()
    for name, data in chunks:
        if name in (b"IHDR", b"PLTE", b"IDAT"):
            digest.update(data)
    return f"Software\0{MARK}, {digest.hexdigest()}".encode("latin-1")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, data) of a PNG as far as it is whole."""
    at = len(_PNG) if content.startswith(_PNG) else len(content)
    while at + 12 <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        if at + 12 + length > len(content):
            return
        yield name, content[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _is_marked_video(stream: BinaryIO) -> bool:
    """Whether the tables of an MP4 hold the mark; its pictures are passed over."""
    at, end = 0, stream.seek(0, 2)
    while at + 8 <= end:
        stream.seek(at)
        length, name = struct.unpack(">I4s", stream.read(8))
        if length == 1:
            length = int.from_bytes(stream.read(8), "big")
        elif length == 0:
            length = end - at
        if name == b"moov" and length <= _LARGEST_HEADER:
            tables = stream.read(length)
            comment = tables.rfind(b"\xa9cmt")  # as MP4 and QuickTime call it
            return comment >= 0 and PROGRAM.encode() in tables[comment : comment + 256]
        if length < 8:
            return False
        at += length
    return False
