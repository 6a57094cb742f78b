"""The command ``batch`` whose workers run made stages: a process of its own, and what tests ask of its folder."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

HELPERS = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HELPERS.parents[2])]

from fake_stages import FRAMES, make_clip, ran  # noqa: E402

from backend.contract.events import decode  # noqa: E402


class FakeBatch:
    """A folder with clips that the fake stages take, a list of them, and the command that tracks them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.list = folder / "clips.txt"
        self.clips: dict[str, Path] = {}

    def add(self, name: str, **behaviour: object) -> Path:
        """Add a clip and write the list again."""
        made = make_clip(self.folder / "clips" / name, **behaviour)
        self.clips[name] = made.rename(made.with_name(f"{name}.clip"))
        self.write_list(*(str(path.relative_to(self.folder)) for path in self.clips.values()))
        return self.clips[name]

    def write_list(self, *lines: str) -> None:
        self.list.write_text("\n".join(["# the day's clips", "", *lines]) + "\n", "utf-8")

    def start(self, *flags: str, source: Path | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, str(HELPERS / "fake_batch.py"), str(source or self.list), "--out", str(self.out)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*command, "--cache", str(self.folder / "cache"), *flags], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def __call__(self, *flags: str, source: Path | None = None) -> tuple[int, list[dict], str]:
        """Run to the end: exit code, events, standard error."""
        process = self.start(*flags, source=source)
        output, error = process.communicate(timeout=100) if "--events" not in flags else _read(process)
        events = [event for line in output.splitlines() if (event := decode(line)) is not None]
        return process.returncode, events, error

    def shots(self) -> dict[str, dict]:
        """What the manifest says, by name."""
        return {shot["name"]: shot for shot in json.loads((self.out / "batch.json").read_text("utf-8"))["shots"]}

    def states(self) -> dict[str, str]:
        return {name: shot["state"] for name, shot in self.shots().items()}

    def worked_on(self) -> set[str]:
        """Names of the clips whose landmarks were computed since the last call."""
        return {name for name, clip in self.clips.items() if "landmarks" in ran(clip)}

    def wait_for(self, *files: str) -> None:
        """Wait until these files are there, seen from the batch's folder."""
        for _ in range(2000):
            if all((self.out / file).exists() for file in files):
                return
            time.sleep(0.01)
        raise AssertionError(f"{files} did not come")


def _read(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read all while standard input stays open, as Blender does."""
    assert process.stdout is not None and process.stderr is not None
    output = process.stdout.read()
    process.wait(timeout=100)
    return output, process.stderr.read()


__all__ = ["FRAMES", "FakeBatch"]

if __name__ == "__main__":
    from backend.cli import batch

    worker = [sys.executable, str(HELPERS / "fake_stages.py")]
    sys.exit(batch.run(batch.parser().parse_args(sys.argv[1:]), worker))
