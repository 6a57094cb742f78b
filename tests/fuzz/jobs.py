"""Damaged jobs, run as `python -m backend run` does; their video is not there, so that a good one ends soon."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any, Final

import backend.cli.run  # noqa: F401 - loaded once, and not in every child
from backend.cli.main import main
from backend.contract.failure import Failure
from backend.contract.job import ON_REQUEST, default_job
from backend.contract.settings import VideoSettings

from .damage import damaged_bytes, damaged_data
from .kind import Kind

_GOOD: Final[dict[str, Any]] = json.loads(
    default_job({"video": VideoSettings(path="/nowhere/clip.mp4")}, ON_REQUEST).to_json()
)


def make(rng: random.Random) -> bytes:
    """Return a job with damaged text, values, or shape."""
    how = rng.randrange(10)
    if how < 3:
        return damaged_bytes(json.dumps(_GOOD).encode(), rng)
    if how == 3:
        opened = rng.choice((b"[", b'{"a":', b'{"schema": 1, "stages": ['))
        return opened * rng.choice((10, 900, 100_000)) + rng.choice((b"", b"9" * 10_000))
    job = damaged_data(_GOOD, rng, rng.choice((0.003, 0.01, 0.05)))
    if how == 4 and isinstance(job, dict):
        row = [
            {"name": f"s{n}", "kind": "smooth", "inputs": {"fit": f"s{n - 1}"}} for n in range(rng.choice((9, 4000)))
        ]
        job["stages"] = row
    return json.dumps(job).encode("utf-8", "surrogatepass")


def read(content: bytes, folder: Path) -> object:
    """Run the job and return what it said."""
    job = folder / "job.json"
    job.write_bytes(content)
    return said(["run", str(job), "--cache", str(folder / "cache")], folder)


def said(arguments: list[str], folder: Path) -> object:
    """Run a command in this process; return its exit code where it is done, else its last words as a failure."""
    heard = folder / "heard"
    descriptor = os.open(heard, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    if code == 0:
        return code
    text = heard.read_bytes().decode("utf-8", "replace")
    assert code in (1, 2, 130), f"exit code {code}"
    assert "Traceback" not in text, text
    if "Something went wrong inside the engine" in text:
        return Failure("internal", text, "")
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return Failure(f"exit-{code}", last if code == 1 else f"{last}.", "")


KIND: Final = Kind(make, read)
