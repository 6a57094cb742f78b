"""The separate process: reads paths as one line of JSON and writes a report on each file, one line of JSON each."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from .memory_limit import limit_memory
from .model_file import examine, to_json_data


def main(most_memory: int) -> None:
    """Examine the files; end when the process that asked is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for whoever asked, who ends this process then
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not stand between the answers
    paths = [Path(each) for each in json.loads(sys.stdin.buffer.readline())]
    threading.Thread(target=_end_with_asker, daemon=True).start()
    limit_memory(most_memory)
    for path in paths:
        answers.write(json.dumps(to_json_data(examine(path))) + "\n")
        answers.flush()
    os._exit(0)  # libraries take their time to end


def _end_with_asker() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
