"""Stands in for the engine in the tests of the session: behaves as the file `behaviour` beside the job says."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def hello(protocol=1):
    say("hello", protocol=protocol, version="9.9", device="abacus", pid=os.getpid())


def usual(steps=5):
    hello()
    say(
        "job",
        stages=[{"name": "video", "kind": "video", "label": "Video"}, {"name": "fit", "kind": "fit", "label": "Fit"}],
    )
    say("stage", name="video", state="cached", summary="90 frames")
    say("stage", name="fit", state="running")
    for step in range(steps):
        say("progress", name="fit", done=step + 1, total=steps, seconds_left=float(steps - step))
    say("preview", path="/tmp/preview.png")
    say("notice", name="fit", code="focal-assumed", sentence="The focal length is a guess.", advice="Give it.")
    say("stage", name="fit", state="done", seconds=1.5, summary="2 px")
    say("done", outputs={"track": "/somewhere/track.npz"}, seconds=2.0)


def until_cancelled(listen=True):
    """Work on and on; stop when asked, unless deaf."""
    hello()
    asked = threading.Event()

    def read():
        while (line := sys.stdin.readline()) != "" and line.strip() != "cancel":
            pass
        asked.set()

    threading.Thread(target=read, daemon=True).start()
    while not (listen and asked.wait(0.05)):
        say("heartbeat", seconds=1)
        time.sleep(0.02)
    say("cancelled")


folder = Path(sys.argv[2]).parent
behaviour = (folder / "behaviour").read_text()
(folder / "seen.json").write_text(
    json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ), "cwd": str(Path.cwd()), "path": sys.path})
)
if behaviour == "usual":
    usual()
elif behaviour == "chatty":
    usual(steps=20_000)
elif behaviour == "garbage":
    sys.stdout.buffer.write(b'\xff\xfe\x00 noise\n{"event": "unknown"}\n{"half\n[1, 2]\n\n' + b"x" * 3_000_000 + b"\n")
    sys.stdout.buffer.flush()
    say("progress", name="nobody", done="many", total=None)
    say("job", stages=7)
    say("stage", name=["fit"], state={})
    usual()
elif behaviour == "error":
    hello()
    say("error", name="video", code="no-face", sentence="No face.", advice="Film one.", log="/tmp/engine.log")
    sys.exit(1)
elif behaviour == "crash":
    hello()
    say("stage", name="fit", state="running")
    sys.stderr.write("Segmentation fault\n")
    os._exit(11)
elif behaviour == "half line":
    hello()
    sys.stdout.write('{"event": "done", "outp')
    sys.stdout.flush()
    os._exit(0)
elif behaviour == "other version":
    hello(protocol=99)
    time.sleep(60)
elif behaviour == "stranger":
    print("Usage: something else entirely")
elif behaviour == "patient":
    until_cancelled()
elif behaviour == "deaf":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (folder / "child").write_text(str(child.pid))
    until_cancelled(listen=False)
elif behaviour == "silent":
    hello()
    time.sleep(60)
elif behaviour == "leaves a child":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    usual()
