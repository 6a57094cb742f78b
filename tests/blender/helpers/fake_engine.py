"""Stands in for the engine in the tests: behaves as the file `behaviour` beside the job, or in its own folder, says."""

import json
import os
import shutil
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


def track(pause=0.0, halt_at=""):
    """Go through the stages of the job and put the track that lies beside this package where the job wants it.

    At the stage of the kind `halt_at` it works on until it is cancelled.
    """
    stages = json.loads(Path(sys.argv[2]).read_text())["stages"]
    hello()
    say("job", stages=[{"name": s["name"], "kind": s["kind"], "label": s["name"]} for s in stages])
    outputs = {}
    for stage in stages:
        say("stage", name=stage["name"], state="running")
        if stage["kind"] == halt_at:
            return until_cancelled()
        for step in range(4):
            say("progress", name=stage["name"], done=step + 1, total=4, seconds_left=1.0)
            time.sleep(pause)
        if stage["kind"] == "track":
            path = Path(stage["settings"]["path"])
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy("track.npz", path)
            outputs["track"] = str(path)
        say("stage", name=stage["name"], state="done", seconds=0.1, summary="8 frames, 1 missing")
    return say("done", outputs=outputs, seconds=1.0)


def steady(seconds, rate=1000):
    """Say that many events a second, of kinds that cannot stand for each other."""
    hello()
    say("job", stages=[{"name": "fit", "kind": "fit", "label": "Fit"}])
    begin = time.monotonic()
    said = 0
    while (now := time.monotonic() - begin) < seconds:
        while said < now * rate:
            kind = ("progress", "heartbeat", "notice", "stage")[said % 4]
            say(kind, name="fit", done=said, total=seconds * rate, state="running", code="c", sentence="It is so.")
            said += 1
        time.sleep(0.001)
    say("done", outputs={}, seconds=seconds)


def batch(patient=False):
    """Go through the shots of a batch: one whose name is `broken` fails, the others get the track that lies here.

    A patient one works on at its first shot until it is cancelled.
    """
    shots = [Path(shot["input"]).stem for shot in json.loads(Path(sys.argv[2]).read_text())["shots"]]
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    hello()
    stages = [{"name": name, "kind": "shot", "label": name} for name in shots]
    say("job", stages=[*stages, {"name": "batch", "kind": "batch", "label": "All shots"}])
    for number, name in enumerate(shots):
        say("stage", name=name, state="running")
        say("progress", name=name, done=0.5, total=1, text="Fit")
        say("progress", name="batch", done=number + 0.5, total=len(shots), seconds_left=90.0, text="")
        if patient:
            return until_cancelled()
        if name == "broken":
            say("stage", name=name, state="failed", seconds=0.1, summary="No face was found.")
            continue
        (out / name).mkdir(parents=True, exist_ok=True)
        shutil.copy("track.npz", out / name / "track.npz")
        say("stage", name=name, state="done", seconds=0.1, summary="8 of 8 frames, 0.20 px")
    (out / "batch.html").write_text("all shots")
    if "broken" in shots:
        say("error", code="batch-shots-failed", sentence="One of 2 shots failed.", advice="The page says why.")
        return sys.exit(1)
    return say("done", outputs={}, seconds=1.0)


folder = Path(sys.argv[2]).parent
own = folder / "behaviour"
behaviour = (own if own.is_file() else Path("behaviour")).read_text()
(folder / "seen.json").write_text(
    json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ), "cwd": str(Path.cwd()), "path": sys.path})
)
if behaviour == "usual":
    usual()
elif behaviour == "track":
    track()
elif behaviour == "batch":
    batch()
elif behaviour == "batch that goes on":
    batch(patient=True)
elif behaviour == "track slowly":
    track(pause=0.015)
elif behaviour.startswith("track, but halt at "):
    track(halt_at=behaviour.rsplit(" ", 1)[1])
elif behaviour.startswith("steady"):
    steady(float(behaviour.split()[1]))
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
elif behaviour == "stranger that stays":
    print("Welcome to something else entirely", flush=True)
    time.sleep(60)
elif behaviour == "speechless":
    time.sleep(60)
elif behaviour == "disk full":
    hello()
    say("stage", name="fit", state="running")
    say("error", name="fit", code="disk-full", sentence="The disk is full.", advice="Make room and press Resume.")
    sys.exit(1)
elif behaviour == "needs its files":
    hello()
    say("stage", name="fit", state="running")
    while (Path.cwd() / "backend").is_dir():
        time.sleep(0.02)
    import backend.stages  # noqa: F401 - it was there when the work began
elif behaviour == "endless":
    hello()
    while True:
        sys.stdout.write("no event " * 10_000)
        sys.stdout.flush()
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
