"""A GPU for computers without one: tensors that say they are on another device, and are worked on by the processor.

Whatever mixes them with tensors of the processor fails, as it would on a real GPU, and so does handing one to numpy. So
what is written for GPUs runs in every test.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import lru_cache

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

NAME = "pretended"
_TAKES_BOTH = ("index", "index_put", "_index_put_impl", "_unsafe_index", "copy")
"""Operations that take indices or a source from the processor on a real GPU too."""


@lru_cache(maxsize=1)
def _registered() -> torch.device:
    try:
        from torch.utils.backend_registration import _setup_privateuseone_for_python_backend as setup
    except ImportError:
        pytest.skip("this torch has no devices written in Python")
    setup(NAME)
    return torch.device(NAME)


@contextmanager
def fake_gpu():
    """Yield a device that is not there, and keep it working."""
    device = _registered()
    with ExitStack() as stack:
        stack.enter_context(_Dispatch())
        stack.enter_context(_Making())
        yield device


def _is_there(device) -> bool:
    return device is not None and torch.device(device).type == NAME


class OnDevice(torch.Tensor):
    """A tensor of the processor that says it is on the device."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor):
        shape = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
        made = torch.Tensor._make_wrapper_subclass(cls, inner.shape, device=f"{NAME}:0", **shape)
        made.inner = inner
        return made

    def __repr__(self):
        return f"OnDevice({self.inner!r})"

    def item(self):
        return self.inner.item()

    def tolist(self):
        return self.inner.tolist()

    def __float__(self):
        return float(self.inner)

    def __int__(self):
        return int(self.inner)

    __index__ = __int__

    def __bool__(self):
        return bool(self.inner)

    def numpy(self, *, force=False):
        raise TypeError("can't convert a tensor of a GPU to numpy; use Tensor.cpu() first")

    def __array__(self, *_args, **_named):
        return self.numpy()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        with _Dispatch():
            return func(*args, **(kwargs or {}))


class _Making(TorchFunctionMode):
    """Makes tensors from numbers on the processor first: what is below this cannot be reached from Python."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        wanted = kwargs.get("device")
        if func in (torch.tensor, torch.as_tensor) and _is_there(wanted):
            kwargs["device"] = "cpu"
            return func(*args, **kwargs).to(wanted)
        if func is torch.Tensor.new_tensor and isinstance(args[0], OnDevice):
            return args[0].inner.new_tensor(*args[1:], **kwargs).to(wanted or args[0].device)
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) and isinstance(args[0], OnDevice):
            args = (args[0], _plain_index(args[1]), *args[2:])
        return func(*args, **kwargs)


def _plain_index(index):
    """Return an index with lists of numbers as tensors of the processor, where indices may be on a real GPU too."""
    if isinstance(index, tuple):
        return tuple(torch.tensor(part) if isinstance(part, (list, tuple)) else part for part in index)
    return torch.tensor(index) if isinstance(index, list) else index


class _Dispatch(TorchDispatchMode):
    """Does on the processor what is asked of the device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        wanted = kwargs.get("device")
        tensors: list[torch.Tensor] = []
        tree_map(lambda x: tensors.append(x) if isinstance(x, torch.Tensor) else None, (args, kwargs))
        name = func._schema.name.split("::")[1].rstrip("_")
        here = [tensor for tensor in tensors if not isinstance(tensor, OnDevice)]
        if len(here) < len(tensors) and any(tensor.ndim > 0 for tensor in here) and name not in _TAKES_BOTH:
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, but found two")
        if wanted is not None:
            kwargs["device"] = torch.device("cpu")
        # Several may be numbers of the processor; copies and indexing follow the first.
        first = bool(tensors) and isinstance(tensors[0], OnDevice)
        any_there = len(here) < len(tensors)
        there = _is_there(wanted) if wanted is not None else (first if name in _TAKES_BOTH else any_there)
        inner_args, inner_kwargs = tree_map(lambda x: x.inner if isinstance(x, OnDevice) else x, (args, kwargs))
        result = func(*inner_args, **inner_kwargs)
        if not there:
            return result
        if func._schema.name.endswith("_") and tensors:
            return tensors[0]
        return tree_map(lambda x: OnDevice(x) if isinstance(x, torch.Tensor) else x, result)
