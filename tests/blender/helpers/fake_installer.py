"""Stands in for `install_deps.py` in tests: behaves as the file `behaviour` beside its target says."""

import json
import sys
import time
from pathlib import Path

target = Path(sys.argv[sys.argv.index("--target") + 1])
behaviour = (target.parent / "behaviour").read_text()
(target.parent / "arguments.json").write_text(json.dumps(sys.argv[1:]))


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def begin(protocol=1):
    say("hello", protocol=protocol, version="9", device="", pid=1)
    stages = [("python", 0.25), ("packages", 0.5), ("check", 0.25)]
    say("job", stages=[{"name": n, "kind": n, "label": n.title(), "weight": w} for n, w in stages])


def finish_engine():
    """What an installed engine leaves, with the stamp that the test laid ready."""
    (target / "envs" / "engine-1").mkdir(parents=True)
    (target / "bin").mkdir()
    (target / "bin" / "python").touch()
    (target / "INSTALLED_BY_FLAME_HEAD_TRACKER.txt").touch()
    (target / "current.json").write_text('{"engine": "engine-1"}')
    (target / "envs" / "engine-1" / "stamp.json").write_text((target.parent / "stamp.json").read_text())


if "--plan" in sys.argv:
    say("hello", protocol=1, version="9", device="", pid=1)
    say("done", outputs={}, seconds=0.1, plan=json.loads((target.parent / "plan.json").read_text()))
elif "--check" in sys.argv:
    say("hello", protocol=1, version="9", device="", pid=1)
    state = {"state": "broken", "reason": "libGL.so.1 is missing", "advice": "Install it."}
    if behaviour == "well":
        state = {"state": "complete", "reason": "", "advice": "", "device": "NVIDIA Abacus"}
    say("done", outputs={}, seconds=0.1, state=state)
elif behaviour == "well":
    begin()
    say("stage", name="packages", state="running")
    say("notice", name="packages", code="setup", sentence="There is an NVIDIA GPU.", advice="")
    say("progress", name="packages", done=50, total=100, seconds_left=9.0, text="Downloading torch, 96 of 192 MB")
    (target.parent / "said").touch()
    while not (target.parent / "go").exists():
        time.sleep(0.02)
    finish_engine()
    say("done", outputs={"engine": "python"}, seconds=2.0)
elif behaviour == "no network":
    begin()
    say("error", name="packages", code="network-down", sentence="The server is away.", advice="--wheelhouse DIR")
    sys.exit(1)
elif behaviour == "patient":
    begin()
    say("stage", name="check", state="running")
    while sys.stdin.readline().strip() != "cancel":
        pass
    say("cancelled")
    sys.exit(130)
elif behaviour == "crash":
    begin()
    sys.exit(3)
elif behaviour == "other version":
    begin(protocol=99)
    time.sleep(60)
