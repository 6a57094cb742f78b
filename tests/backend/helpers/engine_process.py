"""The command line with made stages as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from fake_stages import job_for

from backend.contract.events import decode

FAKE = Path(__file__).with_name("fake_stages.py")


class Engine:
    """A running engine with the fake stages."""

    def __init__(self, folder: Path, clip: Path, *flags: str, out: str = "out", **options) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        job = folder / "job.json"
        job.write_text(job_for(clip, folder / out).to_json(), "utf-8")
        command = [sys.executable, str(FAKE), str(job), "--cache", str(self.cache), *flags]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **options)

    def finish(self) -> tuple[int, list[str], str]:
        """Wait for the end: exit code, lines of standard output, standard error."""
        output, error = self.process.communicate(timeout=60)
        return self.process.returncode, output.splitlines(), error

    def run_to_end(self) -> tuple[int, list[dict], str]:
        """Read everything while standard input stays open, as Blender does; every line must decode."""
        assert self.process.stdout is not None and self.process.stderr is not None
        lines = self.process.stdout.read().splitlines()
        events = [decode(line) for line in lines]
        assert None not in events, lines
        code = self.process.wait(timeout=60)
        return code, events, self.process.stderr.read()  # type: ignore[return-value]

    def wait_for_chunk(self, number: int = 1) -> None:
        """Wait until the landmarks stage has finished that chunk."""
        for _ in range(3000):
            if list(self.cache.glob(f"work/landmarks-*/chunk-{number}.npy")):
                return
            assert self.process.poll() is None, self.finish()
            time.sleep(0.01)
        raise AssertionError("the engine did not come to work")
