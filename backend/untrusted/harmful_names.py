"""Names by which a pickle runs programs, touches files or reaches the network when Python itself opens it.

They only decide what is said of a file that is not read: every other unknown name ends the reading just as well.
"""

from __future__ import annotations

from typing import Final

_MODULES: Final = frozenset(
    (
        *("os", "posix", "nt", "posixpath", "ntpath", "subprocess", "_posixsubprocess", "commands", "popen2", "pty"),
        *("sys", "importlib", "imp", "runpy", "pkgutil", "zipimport", "site", "pip", "setuptools", "distutils"),
        *("code", "codeop", "pdb", "bdb", "timeit", "trace", "profile", "cProfile", "pydoc", "inspect", "atexit"),
        *("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "types", "operator", "functools"),
        *("ctypes", "_ctypes", "cffi", "io", "_io", "shutil", "tempfile", "fileinput", "linecache", "sqlite3"),
        *("socket", "_socket", "ssl", "http", "httplib", "urllib", "urllib2", "urllib3", "requests", "webbrowser"),
        *(
            "ftplib",
            "smtplib",
            "multiprocessing",
            "threading",
            "_thread",
            "asyncio",
            "concurrent",
            "signal",
            "platform",
        ),
    )
)
_HARMLESS: Final = (
    "types.SimpleNamespace",
    "functools.partial",
    "io.BytesIO",
    "_io.BytesIO",
    "io.StringIO",
    "_io.StringIO",
)
"""Of these modules, what only makes a value; trainers leave such things beside their weights."""
_BUILTINS: Final = ("builtins", "__builtin__")
_TYPES: Final = (
    *("bool", "complex", "dict", "float", "int", "list", "long", "range", "slice", "str", "tuple", "type", "unicode"),
    *("memoryview", "xrange", "Ellipsis", "NotImplemented"),
)
"""Of Python's own names, those that only make or name a value."""
_HELPERS: Final = ("numpy.testing", "numpy.f2py", "numpy.distutils", "numpy.load", "torch.load", "torch.hub")


def runs_something(module: str, name: str) -> bool:
    """Tell whether a name in a pickle is one that does something on the reader's machine, beyond making an object."""
    if module in _BUILTINS:
        return name not in _TYPES
    full_name = f"{module}.{name}"
    if full_name in _HARMLESS:
        return False
    if module.partition(".")[0] in _MODULES or full_name.startswith(_HELPERS):
        return True
    return "." in name and name.rpartition(".")[2][:1].islower()  # reaches through a module or class for a function
