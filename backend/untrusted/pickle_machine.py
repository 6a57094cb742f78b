"""The machine that carries out the instructions of a pickle on plain values; see `restricted_pickle`."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any, Final

from .pickle_values import (
    Budget,
    Global,
    Instance,
    PickleTooLarge,
    PickleUnknown,
    Unread,
    build,
    call,
    finish,
    resolve_global,
)

_MOST_INSTRUCTIONS: Final = 1_000_000
"""FLAME's files have about a thousand; each may take a hundred bytes of memory."""
_LONGEST_NUMBER: Final = 1024
"""Bytes of one number written as text."""
_MARK: Final = object()


class Machine:
    """One reading: position in the content, stack, memo."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.budget = Budget(4 * len(content) + (64 << 20))

    def run(self) -> Any:
        """Carry out the instructions; return the value that they leave."""
        for _ in range(_MOST_INSTRUCTIONS):
            code = self.read(1)[0]
            if code == 0x2E:  # STOP
                return finish(self.pop(), self.budget)
            step = _STEPS.get(code)
            if step is None:
                raise ValueError(f"byte {self.position - 1} is not a pickle instruction")
            step(self)
        raise PickleTooLarge("has far more instructions than a head model")

    def read(self, count: int) -> memoryview:
        """Return the next bytes of the file."""
        start, self.position = self.position, self.position + count
        if count < 0 or self.position > len(self.content):
            raise ValueError("it ends too early")
        return memoryview(self.content)[start : self.position]

    def number(self, form: str) -> int:
        """Return the next bytes as a number, `form` as in `struct`."""
        return struct.unpack(form, self.read(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        """Return the rest of the line."""
        end = self.content.find(b"\n", self.position)
        if end < 0:
            raise ValueError("it ends too early")
        return bytes(self.read(end + 1 - self.position)[:-1])

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the value from the top of the stack."""
        value = self.top()
        del self.stack[-1]
        return value

    def top(self) -> Any:
        """Return the value at the top of the stack."""
        if self.stack[-1] is _MARK:
            raise ValueError("its instructions do not fit together")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        """Take what lies above the last mark, and the mark."""
        for start in range(len(self.stack) - 1, -1, -1):
            if self.stack[start] is _MARK:
                items = self.stack[start + 1 :]
                del self.stack[start:]
                return items
        raise ValueError("its instructions do not fit together")


def _constant(value: Any) -> Callable[[Machine], None]:
    return lambda machine: machine.push(value)


def _binary(form: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(machine.number(form))


def _float_binary(machine: Machine) -> None:
    machine.push(struct.unpack(">d", machine.read(8))[0])


def _text(form: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(str(machine.read(machine.number(form)), "utf-8", "surrogatepass"))


def _python2_string(form: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(str(machine.read(machine.number(form)), "latin-1"))


def _bytes(form: str) -> Callable[[Machine], None]:
    return lambda machine: machine.push(bytes(machine.read(machine.number(form))))


def _long(form: str) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        length = machine.number(form)
        if length > _LONGEST_NUMBER:
            raise ValueError("it holds an absurdly large number")
        machine.push(int.from_bytes(machine.read(length), "little", signed=True))

    return step


def _integer_line(machine: Machine) -> None:
    text = machine.line()
    if text in (b"00", b"01"):  # booleans of protocol 0 and 1
        machine.push(text == b"01")
        return
    _check_length(text)
    machine.push(int(text.rstrip(b"L"), 10))


def _index_line(machine: Machine) -> int:
    text = machine.line()
    if len(text) > 20:
        raise ValueError("it holds an absurdly large number")
    return int(text)


def _float_line(machine: Machine) -> None:
    text = machine.line()
    _check_length(text)
    machine.push(float(text))


def _check_length(text: bytes) -> None:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("it holds an absurdly large number")


def _string_line(machine: Machine) -> None:
    text = machine.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ValueError("a string has no end")
    machine.push(str(codecs.escape_decode(text[1:-1])[0], "latin-1"))


def _unicode_line(machine: Machine) -> None:
    machine.push(str(machine.line(), "raw-unicode-escape"))


def _get(machine: Machine, index: int) -> None:
    machine.push(machine.memo[index])


def _put(machine: Machine, index: int) -> None:
    machine.memo[index] = machine.top()


def _duplicate(machine: Machine) -> None:
    machine.push(machine.top())


def _drop(machine: Machine) -> None:
    machine.stack.pop()


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        items = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(items)))

    return step


def _append(machine: Machine) -> None:
    value = machine.pop()
    _extend(machine.top(), [value])


def _appends(machine: Machine) -> None:
    items = machine.pop_to_mark()
    _extend(machine.top(), items)


def _extend(target: Any, items: list[Any]) -> None:
    if isinstance(target, Unread):
        return
    if not isinstance(target, list):
        raise ValueError("its instructions do not fit together")
    target.extend(items)


def _empty_set(machine: Machine) -> None:
    machine.push(Unread("builtins.set"))


def _add_to_set(machine: Machine) -> None:
    machine.pop_to_mark()
    if not isinstance(machine.top(), Unread):
        raise ValueError("its instructions do not fit together")


def _frozen_set(machine: Machine) -> None:
    machine.pop_to_mark()
    machine.push(Unread("builtins.frozenset"))


def _set_items(machine: Machine, target: Any, items: list[Any]) -> None:
    if isinstance(target, Unread):
        return
    if not isinstance(target, dict) or len(items) % 2:
        raise ValueError("its instructions do not fit together")
    machine.budget.enter(len(items) // 2)
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not _is_plain(key):
            raise ValueError("a dictionary has an unusual key")
        target[key] = value


def _is_plain(key: Any) -> bool:
    if isinstance(key, tuple):  # chumpy remembers how it reordered arrays by their shapes
        return len(key) <= 8 and all(_is_plain(part) for part in key)
    return isinstance(key, str | bytes | int | float | bool | None)


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _set_items(machine, machine.top(), [key, value])


def _set_marked_items(machine: Machine) -> None:
    items = machine.pop_to_mark()
    _set_items(machine, machine.top(), items)


def _dictionary(machine: Machine) -> None:
    items = machine.pop_to_mark()
    result: dict[Any, Any] = {}
    _set_items(machine, result, items)
    machine.push(result)


def _global_line(machine: Machine) -> None:
    module, name = str(machine.line(), "utf-8"), str(machine.line(), "utf-8")
    machine.push(resolve_global(module, name))


def _global_stack(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("its instructions do not fit together")
    machine.push(resolve_global(module, name))


def _call_global(machine: Machine, target: Any, arguments: Any) -> None:
    if not isinstance(target, Global) or not isinstance(arguments, tuple):
        raise PickleUnknown(f"a call of a {type(target).__name__}")
    machine.push(call(target, arguments, machine.budget))


def _reduce(machine: Machine) -> None:
    arguments = machine.pop()
    _call_global(machine, machine.pop(), arguments)


def _new_object_keywords(machine: Machine) -> None:
    keywords, arguments = machine.pop(), machine.pop()
    if keywords:
        raise PickleUnknown("an object that is made with keywords")
    _call_global(machine, machine.pop(), arguments)


def _instance_line(machine: Machine) -> None:
    module, name = str(machine.line(), "utf-8"), str(machine.line(), "utf-8")
    _call_global(machine, resolve_global(module, name), tuple(machine.pop_to_mark()))


def _object_stack(machine: Machine) -> None:
    items = machine.pop_to_mark()
    if not items:
        raise ValueError("its instructions do not fit together")
    _call_global(machine, items[0], tuple(items[1:]))


def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if isinstance(target, Unread):
        return
    if not isinstance(target, Instance):
        raise PickleUnknown(f"a changed {type(target).__name__}")
    build(target, state, machine.budget)


def _unknown(what: str) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        raise PickleUnknown(what)

    return step


def _protocol(machine: Machine) -> None:
    version = machine.read(1)[0]
    if version > 5:
        raise ValueError(f"pickle protocol {version} is unknown")


def _memoize(machine: Machine) -> None:
    machine.memo[len(machine.memo)] = machine.top()


_STEPS: Final[dict[int, Callable[[Machine], None]]] = {
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
    ord("P"): _unknown("something that is not in the file"),
    ord("Q"): _unknown("something that is not in the file"),
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
    0x82: _unknown("a registered extension"),
    0x83: _unknown("a registered extension"),
    0x84: _unknown("a registered extension"),
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
    0x8F: _empty_set,
    0x90: _add_to_set,
    0x91: _frozen_set,
    0x92: _new_object_keywords,
    0x93: _global_stack,
    0x94: _memoize,
    0x95: lambda machine: (machine.read(8), None)[1],  # FRAME: its length matters to streams only
    0x96: _bytes("<Q"),  # BYTEARRAY8
    0x97: _unknown("memory outside the file"),
    0x98: _unknown("memory outside the file"),
}
