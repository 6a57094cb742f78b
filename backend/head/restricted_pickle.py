"""Reads pickles as data: numpy and scipy.sparse arrays and plain values come out, and nothing of the file is ever run.

Python's own unpickler calls what a file names. This one is a separate small machine for the pickle language (its
instructions are described in the standard library's ``pickletools``), in which a name is only a label: the few labels
that mean an array are carried out by `pickle_values` on checked arguments, every other one ends the reading. chumpy
objects, in which FLAME 2017 to 2020 keep their arrays, are unwrapped without chumpy; torch tensors become `Unread`.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ..contract.failure import Failure
from .pickle_values import Budget, Global, Instance, PickleRefused, Unread, build, call, finish, resolve_global

__all__ = ["LARGEST_FILE", "Unread", "read_pickle", "read_pickle_bytes"]

LARGEST_FILE: Final = 1 << 30
"""Largest pickle that is read, in bytes; FLAME's are about 50 MB."""

_MARK: Final = object()


def read_pickle(path: Path) -> Any | Failure:
    """Return the value in a pickle file (protocol 0 to 5; strings of Python 2 as latin-1), or why not."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            return Failure(
                "pickle-too-large",
                f"{path.name} has {size / 1e9:.1f} GB, far more than a head model.",
                "Choose the FLAME model file itself.",
            )
        content = path.read_bytes()
    except OSError as error:
        return Failure(
            "file-not-readable",
            f"{path.name} cannot be read: {error.strerror or error}.",
            "Check that the file is there and that you may read it.",
        )
    return read_pickle_bytes(content, path.name)


def read_pickle_bytes(content: bytes, name: str) -> Any | Failure:
    """Return the value in the bytes of a pickle called `name`, or why it is refused."""
    if not content:
        return Failure("file-empty", f"{name} is empty.", "Download or copy it again.")
    try:
        return _Machine(content).run()
    except PickleRefused as refusal:
        return Failure(
            "pickle-refused",
            f"{name} was refused because it wants to {refusal}, which a head model never does; nothing of it was run.",
            "Do not open this file elsewhere either; get the model from its official site.",
        )
    except (IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError, struct.error) as error:
        detail = str(error) or type(error).__name__
        return Failure(
            "pickle-damaged",
            f"{name} is no whole pickle: {detail}.",
            "It may be truncated or another kind of file; download or copy it again.",
        )


class _Machine:
    """One reading: position in the content, stack, memo."""

    def __init__(self, content: bytes) -> None:
        self.content = memoryview(content)
        self.position = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.budget = Budget(4 * len(content) + (64 << 20))

    def run(self) -> Any:
        while True:
            code = self.take(1)[0]
            if code == 0x2E:  # STOP
                return finish(self.pop(), self.budget)
            step = _STEPS.get(code)
            if step is None:
                raise ValueError(f"byte {self.position - 1} is no pickle instruction")
            step(self)

    def take(self, count: int) -> memoryview:
        if count < 0 or self.position + count > len(self.content):
            raise ValueError("it ends too early")
        part = self.content[self.position : self.position + count]
        self.position += count
        return part

    def number(self, form: str) -> int:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        for end in range(self.position, len(self.content), 1 << 16):
            found = bytes(self.content[end : end + (1 << 16)]).find(b"\n")
            if found >= 0:
                text = bytes(self.content[self.position : end + found])
                self.position = end + found + 1
                return text
        raise ValueError("it ends too early")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("its instructions do not belong together")
        return value

    def top(self) -> Any:
        if self.stack[-1] is _MARK:
            raise ValueError("its instructions do not belong together")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        for start in range(len(self.stack) - 1, -1, -1):
            if self.stack[start] is _MARK:
                items = self.stack[start + 1 :]
                del self.stack[start:]
                return items
        raise ValueError("its instructions do not belong together")


def _constant(value: Any) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(value)


def _binary(form: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(machine.number(form))


def _float_binary(machine: _Machine) -> None:
    machine.push(struct.unpack(">d", machine.take(8))[0])


def _text(form: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(str(machine.take(machine.number(form)), "utf-8", "surrogatepass"))


def _python2_string(form: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(str(machine.take(machine.number(form)), "latin-1"))


def _bytes(form: str) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(bytes(machine.take(machine.number(form))))


def _long(form: str) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        length = machine.number(form)
        if length > 1024:
            raise ValueError("it holds an absurdly large number")
        machine.push(int.from_bytes(machine.take(length), "little", signed=True))

    return step


def _integer_line(machine: _Machine) -> None:
    text = machine.line()
    if text in (b"00", b"01"):  # booleans of protocol 0 and 1
        machine.push(text == b"01")
        return
    if len(text) > 1024:
        raise ValueError("it holds an absurdly large number")
    machine.push(int(text.rstrip(b"L"), 10))


def _index_line(machine: _Machine) -> int:
    text = machine.line()
    if len(text) > 20:
        raise ValueError("it holds an absurdly large number")
    return int(text)


def _float_line(machine: _Machine) -> None:
    machine.push(float(machine.line()))


def _string_line(machine: _Machine) -> None:
    text = machine.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ValueError("a string has no end")
    machine.push(str(codecs.escape_decode(text[1:-1])[0], "latin-1"))


def _unicode_line(machine: _Machine) -> None:
    machine.push(str(machine.line(), "raw-unicode-escape"))


def _get(machine: _Machine, index: int) -> None:
    machine.push(machine.memo[index])


def _put(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.top()


def _duplicate(machine: _Machine) -> None:
    machine.push(machine.top())


def _drop(machine: _Machine) -> None:
    machine.stack.pop()


def _tuple_of(count: int) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        items = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(items)))

    return step


def _append(machine: _Machine) -> None:
    value = machine.pop()
    _list(machine.top()).append(value)


def _appends(machine: _Machine) -> None:
    items = machine.pop_to_mark()
    _list(machine.top()).extend(items)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("its instructions do not belong together")
    return value


def _set_items(target: Any, items: list[Any]) -> None:
    if isinstance(target, Unread):
        return
    if not isinstance(target, dict) or len(items) % 2:
        raise ValueError("its instructions do not belong together")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | bytes | int | float | bool | None):
            raise ValueError("a dictionary has an unusual key")
        target[key] = value


def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _set_items(machine.top(), [key, value])


def _set_marked_items(machine: _Machine) -> None:
    items = machine.pop_to_mark()
    _set_items(machine.top(), items)


def _dictionary(machine: _Machine) -> None:
    items = machine.pop_to_mark()
    result: dict[Any, Any] = {}
    _set_items(result, items)
    machine.push(result)


def _global_line(machine: _Machine) -> None:
    module, name = str(machine.line(), "utf-8"), str(machine.line(), "utf-8")
    machine.push(resolve_global(module, name))


def _global_stack(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("its instructions do not belong together")
    machine.push(resolve_global(module, name))


def _call_global(machine: _Machine, target: Any, arguments: Any) -> None:
    if not isinstance(target, Global) or not isinstance(arguments, tuple):
        raise PickleRefused(f"call a {type(target).__name__}")
    machine.push(call(target, arguments, machine.budget))


def _reduce(machine: _Machine) -> None:
    arguments = machine.pop()
    _call_global(machine, machine.pop(), arguments)


def _new_object_keywords(machine: _Machine) -> None:
    keywords, arguments = machine.pop(), machine.pop()
    if keywords:
        raise PickleRefused("make an object with keyword arguments")
    _call_global(machine, machine.pop(), arguments)


def _instance_line(machine: _Machine) -> None:
    module, name = str(machine.line(), "utf-8"), str(machine.line(), "utf-8")
    _call_global(machine, resolve_global(module, name), tuple(machine.pop_to_mark()))


def _object_stack(machine: _Machine) -> None:
    items = machine.pop_to_mark()
    if not items:
        raise ValueError("its instructions do not belong together")
    _call_global(machine, items[0], tuple(items[1:]))


def _build(machine: _Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if isinstance(target, Unread):
        return
    if not isinstance(target, Instance):
        raise PickleRefused(f"change the state of a {type(target).__name__}")
    build(target, state, machine.budget)


def _refused(what: str) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        raise PickleRefused(what)

    return step


def _protocol(machine: _Machine) -> None:
    version = machine.take(1)[0]
    if version > 5:
        raise ValueError(f"pickle protocol {version} is unknown")


def _memoize(machine: _Machine) -> None:
    machine.memo[len(machine.memo)] = machine.top()


_STEPS: Final[dict[int, Callable[[_Machine], None]]] = {
    ord("("): lambda machine: machine.push(_MARK),
    ord("0"): _drop,
    ord("1"): lambda machine: (machine.pop_to_mark(), None)[1],
    ord("2"): _duplicate,
    ord("F"): _float_line,
    ord("I"): _integer_line,
    ord("J"): _binary("<i"),
    ord("K"): _binary("<B"),
    ord("L"): _integer_line,
    ord("M"): _binary("<H"),
    ord("N"): _constant(None),
    ord("P"): _refused("use a persistent object"),
    ord("Q"): _refused("use a persistent object"),
    ord("R"): _reduce,
    ord("S"): _string_line,
    ord("T"): _python2_string("<i"),
    ord("U"): _python2_string("<B"),
    ord("V"): _unicode_line,
    ord("X"): _text("<I"),
    ord("a"): _append,
    ord("b"): _build,
    ord("c"): _global_line,
    ord("d"): _dictionary,
    ord("}"): lambda machine: machine.push({}),
    ord("e"): _appends,
    ord("g"): lambda machine: _get(machine, _index_line(machine)),
    ord("h"): lambda machine: _get(machine, machine.number("<B")),
    ord("i"): _instance_line,
    ord("j"): lambda machine: _get(machine, machine.number("<I")),
    ord("l"): lambda machine: machine.push(machine.pop_to_mark()),
    ord("]"): lambda machine: machine.push([]),
    ord("o"): _object_stack,
    ord("p"): lambda machine: _put(machine, _index_line(machine)),
    ord("q"): lambda machine: _put(machine, machine.number("<B")),
    ord("r"): lambda machine: _put(machine, machine.number("<I")),
    ord("s"): _set_item,
    ord("t"): lambda machine: machine.push(tuple(machine.pop_to_mark())),
    ord(")"): _constant(()),
    ord("u"): _set_marked_items,
    ord("G"): _float_binary,
    0x80: _protocol,
    0x81: _reduce,  # NEWOBJ: class and arguments, as REDUCE has function and arguments
    0x82: _refused("use a registered extension"),
    0x83: _refused("use a registered extension"),
    0x84: _refused("use a registered extension"),
    0x85: _tuple_of(1),
    0x86: _tuple_of(2),
    0x87: _tuple_of(3),
    0x88: _constant(True),
    0x89: _constant(False),
    0x8A: _long("<B"),
    0x8B: _long("<i"),
    ord("B"): _bytes("<I"),
    ord("C"): _bytes("<B"),
    0x8C: _text("<B"),
    0x8D: _text("<Q"),
    0x8E: _bytes("<Q"),
    0x8F: _refused("make a set"),
    0x90: _refused("make a set"),
    0x91: _refused("make a set"),
    0x92: _new_object_keywords,
    0x93: _global_stack,
    0x94: _memoize,
    0x95: lambda machine: (machine.take(8), None)[1],  # FRAME: its length matters to streams only
    0x96: _bytes("<Q"),  # BYTEARRAY8
    0x97: _refused("use memory outside the file"),
    0x98: _refused("use memory outside the file"),
}
