"""Peak memory of a long clip."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from ...contract.failure import Failure
from ...system.processes import run_python
from ..chain import Clock, Setup, import_stages, run_chain
from ..rows import Row, at_most
from ..scenes.clips import speed_clip

FRAMES, QUICK_FRAMES = 3000, 300
LIMIT: Final = 1.5


def measure(setup: Setup) -> list[Row] | Failure:
    """Largest resident memory (GB of 10^9 bytes) of a process that goes from a 1280x720 clip to its track file.

    Quality Standard, the same stages as in the benchmark `clip`; the head is loaded from its cache. The number is the
    kernel's own high-water mark of that process (VmHWM on Linux, ru_maxrss elsewhere), its children not counted (it
    has none).
    """
    frames = QUICK_FRAMES if setup.quick else FRAMES
    made = speed_clip(setup, frames, 1280, 720)
    if isinstance(made, Failure):
        return made
    arguments = ["-m", "backend.bench.speed.memory", str(made[0]), str(setup.work), str(setup.models), str(setup.data)]
    result = run_python([*arguments, setup.device])
    if isinstance(result, Failure):
        return result
    if result["peak_bytes"] is None:
        return Failure("no-peak", "This system does not tell a process's peak memory.", "Use Linux or macOS.")
    what = f"peak memory, {frames} frames 1280x720, Standard"
    return [at_most(what, result["peak_bytes"] / 1e9, LIMIT, " GB", seconds=result["seconds"], clip=made[1])]


def peak_bytes() -> int | None:
    """Return the largest resident memory of this process so far, None where the system does not tell (Windows).

    Not ru_maxrss on Linux: a new process inherits it from the one that started it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text("ascii", "replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    if sys.platform == "win32":
        return None
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def main(arguments: list[str]) -> int:
    """Track a clip and print how much memory that took."""
    clip, work, models, data = map(Path, arguments[:4])
    import_stages()
    setup, clock = Setup(data, models, work, arguments[4]), Clock()
    done = run_chain(setup, clip, "standard", work / "long.npz", clock)
    if isinstance(done, Failure):
        sys.stderr.write(f"{done}\n")
        return 1
    sys.stdout.write(json.dumps({"peak_bytes": peak_bytes(), "seconds": clock.wall}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
