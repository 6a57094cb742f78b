"""The process apart: reads paths as one line of JSON and writes what each file is, one line of JSON after another."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from .memory_limit import limit_memory
from .model_file import as_plain, look_at


def main(most_memory: int) -> None:
    """Look at the files; end when whoever asked is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for whoever asked, who ends this process then
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not stand between the answers
    paths = [Path(each) for each in json.loads(sys.stdin.buffer.readline())]
    threading.Thread(target=_end_with_asker, daemon=True).start()
    limit_memory(most_memory)
    for path in paths:
        answers.write(json.dumps(as_plain(look_at(path))) + "\n")
        answers.flush()
    os._exit(0)  # libraries take their time to end


def _end_with_asker() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
