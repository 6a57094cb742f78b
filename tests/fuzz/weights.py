"""Damaged and hostile files of weights, in both formats of torch."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import Final

import torch
from torch import nn

from backend.contract.failure import Failure
from backend.untrusted.weights import load_weights, on_meta_device

from .damage import damaged_archive, damaged_bytes
from .kind import Kind
from .pickles import CANARY, hostile, name, program, text


def _saved(new: bool) -> bytes:
    stream = io.BytesIO()
    network = _network()
    torch.save(dict(network.state_dict()), stream, _use_new_zipfile_serialization=new)
    return stream.getvalue()


def _network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


_NEW, _OLD = _saved(True), _saved(False)
_TAKES_POINTERS: Final = (
    b"\x80\x02ccollections\nOrderedDict\ncnumpy\nndarray\nK\x01\x85cnumpy\ndtype\nX\x01\0\0\0O\x85R"
    b"c_codecs\nencode\nX\x08\0\0\0AAAAAAAAX\x06\0\0\0latin1\x86R\x87R\x85R."
)
"""Makes an array of objects of its own bytes, whose address is then 0x4141414141414141."""
_CALLS: Final = tuple(
    b"\x80\x02" + name(*each) + text("x") + b"\x85R."
    for each in (("torch", "load"), ("torch.hub", "load"), ("torch._utils", "_rebuild_tensor_v2"), ("torch", "Tensor"))
)


def make(rng: random.Random) -> bytes:
    """Return a file with damaged bytes, a damaged archive, or one that holds a program."""
    how = rng.randrange(6)
    if how < 2:
        return damaged_bytes(rng.choice((_NEW, _OLD)), rng)
    if how == 2:
        return damaged_archive(_NEW, rng)
    pickled = rng.choice((hostile(rng), program(rng), _TAKES_POINTERS, rng.choice(_CALLS)))
    if how == 3:
        return pickled
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made, zipfile.ZipFile(io.BytesIO(_NEW)) as whole:
        for each in whole.namelist():
            content = whole.read(each)
            if each.endswith("data.pkl"):
                content = pickled if how == 4 else damaged_bytes(content, rng)
            made.writestr(each, content)
    return stream.getvalue()


def read(content: bytes, folder: Path) -> object:
    """Fill a network from the file."""
    path = folder / "weights.tar"
    path.write_bytes(content)
    problem = load_weights(on_meta_device(_network), path, "a small network")
    assert not Path(CANARY).exists(), "code of the file was run"
    return problem if isinstance(problem, Failure) else 0


KIND: Final = Kind(make, read)
