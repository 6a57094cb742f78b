"""The sound of the footage, copied into the overlay packet by packet."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from ..contract.footage import is_picture
from ..video.media import open_media, picture_stream
from ..video.reader import start_time

IN_MP4: Final = frozenset({"aac", "mp3", "mp2", "ac3", "alac"})
"""Codecs that players of MP4 files know; sound in another one is left out."""


class Sound:
    """The first sound of a video, where it has one that an MP4 can hold; nothing happens where not.

    Args:
        video: The footage.
        copy: Gets a stream for the sound.
        start: Seconds from the start of the footage at which the copy begins.
        end: At which it ends.
    """

    def __init__(self, video: Path, copy: OutputContainer, start: float, end: float) -> None:
        self._copy = copy
        self._length = end - start
        self._source: InputContainer | None = None
        self._waiting: list[av.Packet] = []
        if is_picture(video):
            return
        try:
            source = open_media(video)
        except (av.error.FFmpegError, OSError):  # The overlay's own reader tells that the footage is gone.
            return
        sound = next((stream for stream in source.streams.audio if _fits(stream)), None)
        picture = picture_stream(source)
        if sound is None or picture is None:
            source.close()
            return
        self._source = source
        self._begin = start + start_time(picture) * float(picture.time_base or 0)
        self._stream = copy.add_stream_from_template(sound)
        self._packets = source.demux(sound)

    def until(self, moment: float) -> None:
        """Write what is heard up to a moment of the copy, in seconds."""
        while self._source is not None:
            packet = self._waiting.pop() if self._waiting else self._next()
            if packet is None or packet.pts is None or packet.time_base is None:
                return self.close()
            base = float(packet.time_base)
            heard = packet.pts * base - self._begin
            if heard >= self._length:
                return self.close()
            if heard > moment:
                self._waiting.append(packet)
                return None
            if heard >= 0.0:
                self._write(packet, round(self._begin / base))
        return None

    def close(self) -> None:
        """Close the footage."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def __enter__(self) -> Sound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self) -> av.Packet | None:
        try:
            packet = next(self._packets, None)
        except (av.error.FFmpegError, OSError):  # A truncated file.
            return None
        return packet if packet is not None and packet.size > 0 else None

    def _write(self, packet: av.Packet, shift: int) -> None:
        assert packet.pts is not None
        packet.pts -= shift
        packet.dts = packet.pts
        packet.stream = self._stream
        self._copy.mux(packet)


def _fits(stream: AudioStream) -> bool:
    return stream.codec_context.codec.canonical_name in IN_MP4  # the decoder is called mp3float
