"""Torch files are read as names and numbers: whatever else a file asks for, nothing of it comes out or runs."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backend.contract.failure import Failure
from backend.untrusted.checkpoint import read_checkpoint
from backend.untrusted.weights import state_dict_problem


def global_(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def text(value: str) -> bytes:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def raw(value: str) -> bytes:
    """Bytes as protocol 2 writes them."""
    return global_("_codecs", "encode") + text(value) + text("latin1") + b"\x86R"


def dtype(name: str) -> bytes:
    return global_("numpy", "dtype") + text(name) + b"\x85R"


def torch_file(path: Path, program: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    """A file of torch whose pickle is another program."""
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(4)}, stream)
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(path, "w", method) as target:
        for info in source.infolist():
            is_pickle = info.filename.endswith("data.pkl")
            target.writestr(info.filename, b"\x80\x02" + program if is_pickle else source.read(info.filename))
    return path


_ORDERED = global_("collections", "OrderedDict")
_OBJECTS = global_("numpy", "ndarray") + b"K\x01\x85" + dtype("O") + raw("A" * 8) + b"\x87R"
_REBUILT = (
    global_("numpy._core.multiarray", "_reconstruct") + global_("numpy", "ndarray") + b"K\x00\x85" + raw("b") + b"\x87R"
)
POINTERS = {
    "array of objects over bytes": _OBJECTS + b".",
    "its elements as keys and values": _ORDERED + _OBJECTS + b"\x85R.",
    "counted": global_("collections", "Counter") + _OBJECTS + b"\x85R.",
    "in a set": global_("builtins", "set") + _OBJECTS + b"\x85R.",
    "in a size": global_("torch", "Size") + _OBJECTS + b"\x85R.",
    "records of objects": _ORDERED
    + global_("numpy", "ndarray")
    + b"K\x01\x85"
    + dtype("O,O")
    + raw("A" * 16)
    + b"\x87R\x85R.",
    "number of objects": global_("numpy.core.multiarray", "scalar") + dtype("O") + raw("A" * 8) + b"\x86R.",
    "state of objects": _REBUILT + b"(K\x01K\x01\x85" + dtype("O") + b"\x89]K\x01atb.",
    "state with text for bytes": _ORDERED
    + _REBUILT
    + b"(K\x01K\x01\x85"
    + dtype("O")
    + b"\x89"
    + raw("A" * 8)
    + b"tb\x85R.",
    "new object": global_("numpy", "ndarray") + b"K\x08\x85\x81.",
    "terabytes": global_("numpy", "ndarray") + b"\x8a\x06\x00\x00\x00\x00\x10\x00\x85\x85R.",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the attempt is made in a child process")
@pytest.mark.parametrize("name", sorted(POINTERS))
def test_no_bytes_of_a_file_are_taken_for_objects(name: str, tmp_path: Path) -> None:
    path = torch_file(tmp_path / "mica.tar", POINTERS[name])
    child = os.fork()
    if child == 0:
        content = read_checkpoint(path)
        os._exit(0 if isinstance(content, Failure) or content in (None, {}, []) else 9)
    assert os.waitpid(child, 0)[1] == 0


def test_only_numbers_names_and_containers_come_out(tmp_path: Path) -> None:
    content = {
        "weight": torch.nn.Parameter(torch.ones(2)),
        "half": torch.zeros(2, dtype=torch.bfloat16),
        "validator": {
            "best": np.float64(1.5),
            "kept": [np.zeros(3, np.float32)],
            "name": "now",
            "lowest": float("inf"),
        },
        "complex": torch.zeros(2, dtype=torch.complex64),
        "sparse": torch.eye(2).to_sparse(),
        "elsewhere": torch.zeros(2, device="meta"),
        "set": {1, 2},
    }
    torch.save(content, tmp_path / "a.tar")
    read = read_checkpoint(tmp_path / "a.tar")
    assert isinstance(read, dict), read
    assert type(read["weight"]) is torch.Tensor
    assert read["half"].dtype == torch.bfloat16
    assert read["validator"] == {"best": None, "kept": [None], "name": "now", "lowest": float("inf")}
    assert [read[name] for name in ("complex", "sparse", "elsewhere", "set")] == [None] * 4


@pytest.mark.parametrize("as_archive", [True, False])
def test_what_trainers_leave_beside_the_weights_is_no_hindrance(as_archive: bool, tmp_path: Path) -> None:
    """States of an optimiser and a schedule, numbers of numpy, names of parallel training; both formats of torch."""
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
    network(torch.randn(4, 3)).sum().backward()
    optimiser.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, [1, 2])
    content = {
        "arcface": {f"module.{name}": value for name, value in network.state_dict().items()},
        "opt": optimiser.state_dict(),
        "scheduler": schedule.state_dict(),
        "validator": {"best": np.float64(1.5), "errors": [np.zeros(3, np.float32)], "counts": np.int64(3)},
        "global_step": 7,
    }
    torch.save(content, tmp_path / "a.tar", _use_new_zipfile_serialization=as_archive)
    for shapes_only in (False, True):
        read = read_checkpoint(tmp_path / "a.tar", shapes_only=shapes_only)
        assert isinstance(read, dict), read
        assert read["global_step"] == 7
        assert state_dict_problem(network, read["arcface"], "a.tar", "a network") is None
        torch.testing.assert_close(read["arcface"]["module.0.weight"], network[0].weight.detach())


def _bomb(path: Path) -> None:
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(10_000_000)}, stream)
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info.filename, source.read(info.filename))


def _doubled(path: Path) -> None:
    """A list of twice the last list, forty times over."""
    value: Any = [1]
    for _ in range(40):
        value = [value, value]
    torch.save(value, path)


BAD: dict[str, Any] = {
    "empty": lambda path: path.write_bytes(b""),
    "half a download": lambda path: (
        torch.save({"a": torch.zeros(9999)}, path),
        path.write_bytes(path.read_bytes()[:900]),
    ),
    "half an old file": lambda path: (
        torch.save({"a": torch.zeros(9999)}, path, _use_new_zipfile_serialization=False),
        path.write_bytes(path.read_bytes()[:900]),
    ),
    "a page of the web": lambda path: path.write_text("<html>404</html>"),
    "zeros": lambda path: path.write_bytes(bytes(10_000)),
    "an archive that unfolds": _bomb,
    "lists that unfold": _doubled,
    "no storage": lambda path: torch_file(
        path, b"}" + text("a") + global_("torch._utils", "_rebuild_tensor_v2") + b")Rs."
    ),
    "deep": lambda path: torch_file(path, b"]" * 5000 + b"a" * 4999 + b"."),
}


@pytest.mark.parametrize("name", sorted(BAD))
@pytest.mark.parametrize("shapes_only", [False, True])
def test_a_bad_file_is_one_sentence(name: str, shapes_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "79999_iter.pth"
    BAD[name](path)
    result = read_checkpoint(path, shapes_only=shapes_only)
    assert isinstance(result, Failure), result
    assert result.sentence.startswith("79999_iter.pth ") and result.sentence.endswith(".")
    assert len(result.sentence) < 400


@pytest.mark.parametrize(
    ("module", "name", "accused"), [("posix", "system", True), ("builtins", "eval", True), ("mylab.nets", "Net", False)]
)
def test_only_names_that_run_something_are_accused(module: str, name: str, accused: bool, tmp_path: Path) -> None:
    path = torch_file(tmp_path / "mica.tar", global_(module, name) + text("x") + b"\x85R.")
    result = read_checkpoint(path)
    assert isinstance(result, Failure)
    assert name in result.sentence and "weights_only" not in result.sentence
    assert ("elsewhere" in result.advice) is accused


def test_names_of_a_file_are_said_short_and_plain() -> None:
    name = "\x1b[2J" + "k" * 1_000_000
    failure = state_dict_problem(torch.nn.Linear(1, 1), {name: torch.zeros(1)}, "a.pth", "a network")
    assert failure is not None
    assert len(failure.sentence) < 300 and "\x1b" not in failure.sentence
