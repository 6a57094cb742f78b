"""Stands in for the engine in the tests of the panel: looks at a video as the file `look` beside it says."""

import json
import struct
import sys
import time
import zlib
from pathlib import Path


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def picture(path, red):
    """A PNG of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes((red, 90, 60)) * 8) * 8
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return str(path)


def face(number, folder):
    return {
        "number": number,
        "box": [0.2 + 0.4 * number, 0.3, 0.2, 0.3],
        "share": 1.0 - 0.5 * number,
        "frame": 4,
        "point": [0.3 + 0.4 * number, 0.45],
        "picture": picture(folder / f"face_{number}.png", 200 - 80 * number),
    }


arguments = sys.argv[1:]
folder = Path(arguments[arguments.index("--out") + 1])
behaviour = (Path.cwd() / "look").read_text()
with (Path.cwd() / "looks").open("a") as seen:
    seen.write(" ".join(arguments) + "\n")
say("hello", protocol=1, version="9.9", device="abacus")
say("progress", name="look", done=4, total=16, seconds_left=1.0)
if behaviour == "slow":
    time.sleep(60)
elif behaviour == "error":
    say("error", name="look", code="video-unreadable", sentence="It is damaged.", advice="Copy it again.")
    sys.exit(1)
elif behaviour == "crash":
    sys.exit(3)
else:
    say(
        "done",
        outputs={"thumbnail": picture(folder / "thumbnail.png", 120)},
        video={"width": 64, "height": 128, "rate": 25.0, "frames": 5, "duration": 0.2, "focal_length_35mm": 26.0},
        faces=[face(number, folder) for number in range(int(behaviour))],
    )
