"""``stream FILE``: a performance sent to Unreal and others as a phone with Live Link Face does, in real time."""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections.abc import Sequence

from ..contract.failure import Failure
from ..contract.performance.formats.packets import PORT, Stream, stream_of
from ..run.engine import EXIT_DONE, EXIT_FAILED
from .calibration import add_calibration_flags, calibrated_take
from .flags import HelpFormatter, path_argument
from .performances import SOURCE, take_in

HERE = "127.0.0.1"


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    result = argparse.ArgumentParser(
        prog="python -m backend stream",
        description="Send a finished track, or a performance that a phone recorded, over UDP as Live Link Face does. "
        "Ctrl-C ends it.",
        allow_abbrev=False,
        formatter_class=HelpFormatter,
    )
    result.add_argument("file", type=path_argument, metavar="FILE", help=SOURCE)
    result.add_argument("--host", default=HERE, help=f"Computer to send to (default: this one, {HERE})")
    result.add_argument("--port", type=int, default=PORT, help=f"Port that it listens on (default {PORT})")
    result.add_argument("--subject", default="Face", help="Name under which Live Link lists the face (default Face)")
    result.add_argument("--loop", action="store_true", help="Begin again at the end")
    add_calibration_flags(result)
    result.add_argument(
        "--angles",
        choices=("radians", "half-turns"),
        default="radians",
        help="How the angles of head and eyes are counted\nradians: as in the app's files (default)\n"
        "half-turns: from -1 to 1, as Unreal's own source on a phone does",
    )
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parsed = parser().parse_args(arguments)
    take = take_in(parsed.file)
    take = take if isinstance(take, Failure) else calibrated_take(take, parsed)
    address = _address(parsed.host, parsed.port)
    problem = next((each for each in (take, address) if isinstance(each, Failure)), None)
    if problem is not None or isinstance(take, Failure) or isinstance(address, Failure):
        sys.stderr.write(f"{problem}\n")
        return EXIT_FAILED
    stream = stream_of(take.acted, parsed.subject, half_turns=parsed.angles == "half-turns")
    if not stream.packets:
        sys.stderr.write("No frame has a face to send. Track a range that shows a face.\n")
        return EXIT_FAILED
    seconds = float(take.acted.time[-1]) + 1 / float(take.acted.rate)
    sys.stdout.write(
        f"Sending {len(stream.packets)} frames of '{parsed.subject}', {seconds:.1f} s at "
        f"{float(take.acted.rate):.2f} frames/s, to {parsed.host}:{parsed.port}"
        f"{', again and again; Ctrl-C ends it' if parsed.loop else ''}.\n"
    )
    sys.stdout.flush()
    try:
        _send(stream, seconds, address, loop=parsed.loop)
    except OSError as error:
        sys.stderr.write(
            f"{parsed.host} cannot be reached: {error.strerror or error}. Check its name and the network.\n"
        )
        return EXIT_FAILED
    return EXIT_DONE


Address = tuple[socket.AddressFamily, tuple[str, int]]


def _address(host: str, port: int) -> Address | Failure:
    if not 0 < port < 65536:
        return Failure("stream-port", f"There is no port {port}.", "Choose one from 1 to 65535.")
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError):
        return Failure("stream-host", f"There is no computer '{host}'.", "Check its name, or give its address.")
    return family, (str(where[0]), port)


def _send(stream: Stream, seconds: float, address: Address, *, loop: bool) -> None:
    """Send each packet when it is due."""
    family, where = address
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        start = time.monotonic()
        while True:
            for due, packet in zip(stream.seconds.tolist(), stream.packets, strict=True):
                time.sleep(max(0.0, start + due - time.monotonic()))
                sender.sendto(packet, where)
            if not loop:
                return
            start += seconds
