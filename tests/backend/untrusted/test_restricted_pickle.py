"""Pickles are read as data: arrays come out, everything else is refused by name, and nothing of a file ever runs."""

from __future__ import annotations

import builtins
import collections
import copyreg
import decimal
import os
import pickle
import struct
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from flame_writing import fake_chumpy
from scipy import sparse
from shared_data import DATA

from backend.contract.failure import Failure
from backend.untrusted.restricted_pickle import Unread, read_pickle, read_pickle_bytes


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_plain_values_come_out_as_they_went_in(protocol: int) -> None:
    value = {
        "array": np.arange(12, dtype=np.float32).reshape(3, 4),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big endian": np.arange(3, dtype=">i4"),
        "sparse": sparse.csc_matrix(np.eye(3)),
        "rows": sparse.csr_matrix(np.eye(3)),
        "number": np.float64(2.5),
        "bytes": b"\x00\xff\n",
        "plain": [1, -2, 3.5, True, None, "text é", (1, 2), 2**70],
        "object array": np.array({"inside": np.ones(2)}, dtype=object),
    }
    read = read_pickle_bytes(pickle.dumps(value, protocol), "x.pkl")
    assert isinstance(read, dict), read
    for name in ("array", "fortran", "big endian"):
        np.testing.assert_array_equal(read[name], value[name])
        assert read[name].dtype == value[name].dtype
    assert (read["sparse"] != value["sparse"]).nnz == 0
    assert (read["rows"] != value["rows"]).nnz == 0
    assert read["number"] == 2.5
    assert read["bytes"] == b"\x00\xff\n"
    assert read["plain"] == value["plain"]
    np.testing.assert_array_equal(read["object array"].item()["inside"], np.ones(2))


@pytest.mark.parametrize("protocol", range(6))
def test_chumpy_objects_give_their_array_and_chumpy_is_not_imported(protocol: int) -> None:
    with fake_chumpy() as chumpy:
        content = pickle.dumps(chumpy.array(np.arange(3.0)), protocol)
    assert "chumpy" not in sys.modules
    np.testing.assert_array_equal(read_pickle_bytes(content, "x.pkl"), np.arange(3.0))


@pytest.mark.skipif(not (DATA / "flame_chumpy").is_dir(), reason="files of real chumpy in shared/data are not here")
@pytest.mark.parametrize(("name", "modes"), [("chumpy_protocol2", 8), ("chumpy_expression", 4)])
def test_files_that_real_chumpy_wrote_give_exactly_the_arrays_that_went_in(name: str, modes: int) -> None:
    read = read_pickle(DATA / "flame_chumpy" / f"{name}.pkl")
    assert isinstance(read, dict), read
    with np.load(DATA / "flame_layout_proxy" / "flame_proxy.npz") as proxy:
        for key in ("v_template", "f"):
            np.testing.assert_array_equal(read[key], proxy[key])
        np.testing.assert_allclose(read["weights"], proxy["weights"], atol=1e-7)  # their sums were mended
        np.testing.assert_allclose(read["J_regressor"].toarray(), proxy["J_regressor"], atol=1e-7)
        np.testing.assert_array_equal(read["shapedirs"][:, :, :modes], proxy["shapedirs"][:, :, :modes])


_A, _B = np.arange(6.0).reshape(2, 3), np.full((2, 3), 4.0)
FORMULAS = {
    "add": ("ch_ops", "add", {"a": _A, "b": _B}, _A + _B),
    "add a number": ("ch_ops", "add", {"a": _A, "b": np.array(1.0)}, _A + 1),
    "subtract": ("ch_ops", "subtract", {"a": _A, "b": _B}, _A - _B),
    "multiply": ("ch_ops", "multiply", {"a": _A, "b": _B}, _A * _B),
    "divide": ("ch_ops", "divide", {"x1": _A, "x2": _B}, _A / _B),
    "negative": ("ch_ops", "negative", {"x": _A}, -_A),
    "slice": ("reordering", "Select", {"a": _A, "idxs": np.array([0, 1]), "preferred_shape": (1, 2)}, _A[:1, :2]),
    "slice of older versions": (
        "reordering",
        "Select",
        {"a": _A, "idxs": np.array([3, 4, 5]), "preferred_shape": np.array([1, 3])},
        _A[1:],
    ),
    "reshape": ("reordering", "Reshape", {"a": _A, "newshape": (-1, 2)}, _A.reshape(-1, 2)),
    "transpose": ("reordering", "transpose", {"a": _A, "axes": None}, _A.T),
    "concatenate": (
        "reordering",
        "Concatenate",
        {"dterms": ["m0", "m1"], "m0": _A, "m1": _B, "axis": 1},
        np.hstack([_A, _B]),
    ),
    "more axes": ("reordering", "AtleastNd", {"x": _A[0], "ndims": 2}, _A[:1]),
}


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_formulas_of_chumpy_are_carried_out(name: str) -> None:
    module, operation, operands, expected = FORMULAS[name]
    with fake_chumpy() as chumpy:
        wrapped = {
            key: chumpy.array(v) if isinstance(v, np.ndarray) and key not in ("idxs", "preferred_shape") else v
            for key, v in operands.items()
        }
        content = pickle.dumps(chumpy.formula(module, operation, **wrapped), 2)
    np.testing.assert_array_equal(read_pickle_bytes(content, "x.pkl"), expected)


def test_a_formula_that_is_not_known_never_passes_for_its_operand() -> None:
    with fake_chumpy() as chumpy:
        content = pickle.dumps(chumpy.formula("ch_ops", "sqrt", x=chumpy.array(_A)), 2)
    assert read_pickle_bytes(content, "x.pkl") == Unread("chumpy.ch_ops.sqrt")


def test_a_formula_cannot_fill_the_memory() -> None:
    """A column of 100,000 numbers plus the same as a row."""
    with fake_chumpy() as chumpy:
        column = chumpy.array(np.zeros((100_000, 1)))
        row = chumpy.formula("reordering", "transpose", a=column, axes=None)
        content = pickle.dumps(chumpy.formula("ch_ops", "add", a=column, b=row), 2)
    result = read_pickle_bytes(content, "x.pkl")
    assert isinstance(result, Failure)
    assert "unpacks" in result.sentence


@pytest.mark.parametrize("protocol", range(6))
def test_sets_are_skipped_over(protocol: int) -> None:
    content = pickle.dumps({"names": {"x", "y"}, "fixed": frozenset({1}), "array": np.arange(2)}, protocol)
    read = read_pickle_bytes(content, "x.pkl")
    assert isinstance(read, dict), read
    np.testing.assert_array_equal(read["array"], [0, 1])


def test_a_pickle_of_python_2_is_read() -> None:
    """Python 2 writes an array's bytes as a byte string (SHORT_BINSTRING U), which Python 3 never does."""
    raw = np.array([1.5, -2.0]).tobytes()
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85"
        b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + b"U" + bytes([len(raw)]) + raw + b"tb."
    )  # fmt: skip
    np.testing.assert_array_equal(read_pickle_bytes(content, "x.pkl"), [1.5, -2.0])


def test_both_names_of_numpys_core_are_known() -> None:
    content = pickle.dumps(np.arange(3), 2)
    old = content.replace(b"numpy._core.", b"numpy.core.")
    new = old.replace(b"numpy.core.", b"numpy._core.")
    for version in (old, new):
        np.testing.assert_array_equal(read_pickle_bytes(version, "x.pkl"), np.arange(3))


def test_torch_tensors_are_left_out_without_torch_reading_them() -> None:
    content = b"\x80\x02}X\x01\x00\x00\x00tctorch._utils\n_rebuild_tensor_v2\n)RX\x01\x00\x00\x00nK\x01u."
    content = content.replace(b"}X", b"}(X")
    read = read_pickle_bytes(content, "x.pkl")
    assert read == {"t": Unread("torch._utils._rebuild_tensor_v2"), "n": 1}


class _Calls:
    """Reduces to a call of anything."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.parts = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.parts


def _payloads(mark: Path) -> dict[str, bytes]:
    """Pickles that leave a file behind when Python's own unpickler reads them (or that would, with more of them)."""
    code = f"open({str(mark)!r}, 'w').close()"
    shell = f"touch '{mark}'"
    module, name = b"posix" if os.name == "posix" else b"nt", b"system"
    argument = b"X" + struct.pack("<I", len(shell)) + shell.encode()
    return {
        "os.system": pickle.dumps(_Calls(os.system, shell)),
        "eval": pickle.dumps({"v_template": _Calls(builtins.eval, code)}),
        "exec, protocol 0": pickle.dumps(_Calls(builtins.exec, code), 0),
        "subprocess": pickle.dumps(_Calls(subprocess.call, ["touch", str(mark)])),
        "nested in an array": pickle.dumps(np.array([_Calls(os.system, shell)], dtype=object)),
        "argument of an allowed call": pickle.dumps(_Calls(np.dtype, _Calls(os.system, shell))),
        "attribute of a module": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + argument + b"\x85R.",
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0ef2py.os.system\x93" + argument + b"\x85R.",
        "INST": b"(" + argument + b"i" + module + b"\n" + name + b"\n.",
        "OBJ": b"(c" + module + b"\n" + name + b"\n" + argument + b"o.",
        "GLOBAL": b"c" + module + b"\n" + name + b"\n(" + argument + b"tR.",
        "NEWOBJ": b"\x80\x02c" + module + b"\n" + name + b"\n" + argument + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04c" + module + b"\n" + name + b"\n" + argument + b"\x85}\x92.",
        "EXT1": b"\x80\x02\x82\xf0" + argument + b"\x85R.",
        "EXT2": b"\x80\x02\x83\xf0\x00" + argument + b"\x85R.",
        "EXT4": b"\x80\x02\x84\xf0\x00\x00\x00" + argument + b"\x85R.",
        "persistent id": b"\x80\x02" + argument + b"Q.",
        "numpy.load": pickle.dumps(_Calls(np.load, str(mark), None, True)),
        "numpy runs a string": b"cnumpy.testing._private.utils\nrunstring\n(" + argument + b"}tR.",
        "getattr": b"cbuiltins\ngetattr\n(NNtR.",
        "__setstate__ on a class": (
            b"\x80\x02cchumpy.ch\nCh\nN}X\x0c\x00\x00\x00__setstate__c" + module + b"\n" + name + b"\ns\x86b" + b"."
        ),
        "__setstate__ in a state": (
            b"\x80\x02cchumpy.ch\nCh\n)\x81}X\x0c\x00\x00\x00__setstate__c" + module + b"\n" + name + b"\nsb."
        ),
        "copyreg": b"ccopyreg\n_reconstructor\n(csubprocess\nPopen\nc__builtin__\nobject\nNtR.",
        "copyreg of an object": b"ccopyreg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\nNtR.",
        "codecs": b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.",
        "allowed class, called": b"cnumpy\nndarray\n(I1\ntR)R.",
    }


_WITHOUT_A_NAME = ("EXT1", "EXT2", "EXT4", "persistent id", "codecs", "copyreg of an object", "allowed class, called")
"""They do not say what they would run, or run nothing."""


@pytest.mark.parametrize("name", sorted(_payloads(Path("/nowhere"))))
def test_a_malicious_pickle_is_refused_and_nothing_of_it_runs(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    copyreg.add_extension("os", "system", 0xF0)
    try:
        path = tmp_path / "model.pkl"
        path.write_bytes(_payloads(mark)[name])
        result = read_pickle(path)
    finally:
        copyreg.remove_extension("os", "system", 0xF0)
    assert isinstance(result, Failure), result
    assert result.code == ("pickle-unknown" if name in _WITHOUT_A_NAME else "pickle-refused"), result
    assert not mark.exists()


@pytest.mark.skipif(os.name != "posix", reason="the payloads call a POSIX shell")
@pytest.mark.parametrize("name", ["os.system", "EXT1", "INST", "nested in an array"])
def test_the_payloads_are_real(name: str, tmp_path: Path) -> None:
    """Python's own unpickler runs them, so that the test above proves something."""
    mark = tmp_path / "it ran"
    copyreg.add_extension("os", "system", 0xF0)
    try:
        pickle.loads(_payloads(mark)[name])
    finally:
        copyreg.remove_extension("os", "system", 0xF0)
    assert mark.exists()


def test_the_refusal_names_what_was_asked_for() -> None:
    result = read_pickle_bytes(b"cos\nsystem\n(S'true'\ntR.", "flame.pkl")
    assert isinstance(result, Failure)
    assert result.code == "pickle-refused"
    assert "flame.pkl" in result.sentence
    assert "os.system" in result.sentence


@pytest.mark.parametrize(
    "value",
    [collections.Counter("aab"), Path("a"), 2j, decimal.Decimal(1), slice(3), types.SimpleNamespace(a=1)],
    ids=lambda value: type(value).__name__,
)
def test_a_class_that_is_no_array_is_not_read_but_nobody_is_accused(value: object) -> None:
    result = read_pickle_bytes(pickle.dumps(value), "x.pkl")
    assert isinstance(result, Failure)
    assert result.code == "pickle-unknown"
    assert type(value).__name__ in result.sentence
    assert "elsewhere" not in result.advice


def test_a_name_of_a_megabyte_with_codes_for_the_terminal_is_said_short_and_plain() -> None:
    result = read_pickle_bytes(b"c\x1b]0;owned\x07" + b"a" * (1 << 20) + b"\nB\n.", "x.pkl")
    assert isinstance(result, Failure)
    assert len(result.sentence) < 200
    assert "\x1b" not in result.sentence


@pytest.mark.parametrize(
    "content",
    [b"N0" * 600_000 + b"N.", b"]" * 1_100_000 + b".", b"N0" + b"g0\n" * 1_100_000 + b"."],
    ids=["dropped again", "lists", "lines"],
)
def test_a_file_of_a_million_instructions_is_too_large(content: bytes) -> None:
    result = read_pickle_bytes(content, "x.pkl")
    assert isinstance(result, Failure)
    assert result.code == ("pickle-damaged" if content.startswith(b"N0g") else "pickle-too-large")


def test_a_dictionary_of_thousands_of_entries_is_too_large() -> None:
    result = read_pickle_bytes(pickle.dumps(dict.fromkeys(range(20_000))), "x.pkl")
    assert isinstance(result, Failure)
    assert result.code == "pickle-too-large"


@pytest.mark.parametrize(
    "name", ["(,)i4", "i4,f8", "V8", "m8", "f16", "c8", "S0", "S999999", "i3", "<U", "object", ">f8"]
)
def test_only_listed_types_of_arrays_are_made(name: str) -> None:
    content = b"cnumpy\ndtype\n(V" + name.encode() + b"\ntR."
    result = read_pickle_bytes(content, "x.pkl")
    assert isinstance(result, Failure)
    assert "unusual type" in result.sentence


_ARRAY = pickle.dumps(np.arange(1000.0), 2)

DAMAGED = {
    "truncated": _ARRAY[: len(_ARRAY) // 2],
    "no end": _ARRAY[:-1],
    "text": b"Not Found",
    "zeros": bytes(100),
    "unknown protocol": b"\x80\x63N.",
    "stack underflow": b"a.",
    "claims 4 GB of text": b"X\xff\xff\xff\xffabc.",
    "claims 2^60 bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"abc.",
    "a number of 100 kB": b"\x8b" + struct.pack("<i", 100_000) + bytes(100_000) + b".",
    "decimal digits without end": b"I" + b"9" * 100_000 + b"\n.",
    "nested without end": b"(" * 200 + b"t" * 200 + b".",
    "an array of objects that do not exist": pickle.dumps(np.array([1, 2], dtype=object), 2).replace(b"]", b"N"),
}


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_a_damaged_pickle_is_a_sentence(name: str) -> None:
    result = read_pickle_bytes(DAMAGED[name], "model.pkl")
    assert isinstance(result, Failure)
    assert result.code in ("pickle-damaged", "pickle-refused")
    assert "model.pkl" in result.sentence


def test_an_array_cannot_claim_more_than_it_has() -> None:
    content = pickle.dumps(np.arange(4, dtype=np.uint8), 2).replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85")
    result = read_pickle_bytes(content, "x.pkl")
    assert isinstance(result, Failure)
    assert "shape (2147483647,)" in result.sentence


def test_a_sparse_matrix_cannot_point_outside_itself() -> None:
    matrix = sparse.csc_matrix(np.eye(3))
    matrix.indices[0] = 77
    assert isinstance(read_pickle_bytes(pickle.dumps(matrix), "x.pkl"), Failure)


def test_repeated_copies_cannot_fill_the_memory() -> None:
    """One text of 1 MB, encoded to bytes 1000 times."""
    text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"q\x00"
    encode = b"c_codecs\nencode\nq\x01X\x06\x00\x00\x00latin1q\x020"
    content = b"\x80\x02" + text + b"0" + encode + b"0](" + b"h\x01h\x00h\x02\x86R" * 1000 + b"e."
    result = read_pickle_bytes(content, "x.pkl")
    assert isinstance(result, Failure)
    assert "unpacks" in result.sentence


def test_missing_and_empty_files_are_sentences(tmp_path: Path) -> None:
    absent = read_pickle(tmp_path / "none.pkl")
    assert isinstance(absent, Failure)
    assert absent.code == "file-not-readable"
    (tmp_path / "empty.pkl").write_bytes(b"")
    empty = read_pickle(tmp_path / "empty.pkl")
    assert isinstance(empty, Failure)
    assert empty.code == "file-empty"
