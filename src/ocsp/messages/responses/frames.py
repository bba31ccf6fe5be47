"""
Frames: what responses of one CA have in common, octet by octet.

Two responses of one size from one CA mostly differ in a few values: the serial number,
the times and the signature. All octets between them are the same: tags, lengths, names,
hashes of the issuer, algorithms, certificates. These octets are the *frame* of a
message; a message with the same frame has the same layout.

The layout of a message is looked up by its first octets, which contain its size and
most of the responder's identifier. One call then cuts the message into the octets of
the frame and the values. A frame is learned only from a message that was read
completely. Each value is valid with any octets, or is checked again. Reading with
frames therefore gives the same result; ``tests/property/test_pieces.py`` proves that.
"""

from __future__ import annotations

from struct import Struct

from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import is_minimal, moved
from ocsp.asn1.times import moment
from ocsp.messages.responses.basic_response import BasicResponseLayout
from ocsp.messages.responses.pieces import read_by_pieces
from ocsp.messages.responses.single_response import SingleResponseLayout

__all__ = ["find_layout"]

KEY_BYTES = 55
"""Octets at the start of a message that are looked up. The shortest outer headers with
the identifier of a responder, by key, are as long; producedAt follows."""

MAX_FRAMES = 8
"""Frames that begin with the same octets. To try more would take as long as reading."""

_FRAME_BYTES = 1536
"""Octets that a frame takes with its layout."""


class _Frame:
    """
    The frame of a message with one entry.

    Attributes:
        size: The size of the message.

        parts: Cuts a message into octets of the frame and values, in turn.

        octets: The octets of the frame.

        times: Which of the parts are times.

        layout: The layout of the message.
    """

    __slots__ = ("layout", "octets", "parts", "size", "times")

    def __init__(
        self, data: bytes, layout: BasicResponseLayout, only: SingleResponseLayout
    ) -> None:
        start = layout.entry.start
        values = [
            layout.produced_at,
            moved(only.cert_id.serial, start),
            *(moved(time, start) for time in only.times),
            *(moved(extension.value, start) for extension in only.extensions),
            *(extension.value for extension in layout.extensions),
            layout.signature,
        ]
        sizes: list[int] = []
        position = 0
        for value in values:
            sizes += value.start - position, value.stop - value.start
            position = value.stop
        self.size = len(data)
        self.parts = Struct(f"{'s'.join(map(str, sizes))}s{self.size - position}s")
        parts = self.parts.unpack(data)
        self.octets = (*parts[:-1:2], layout.certs.octets)  # one object for many frames
        self.times = (1, *range(SERIAL + 2, SERIAL + 2 + 2 * len(only.times), 2))
        self.layout = layout


SERIAL = 3
"""Which of the parts of a message is the serial number."""

_frames: BoundedCache[bytes, tuple[_Frame, ...]] = BoundedCache()


def find_layout(data: bytes) -> BasicResponseLayout | None:
    """Return the layout of *data*; ``None`` if the plain reader has to read it."""
    frames, size = _frames[data[:KEY_BYTES]], len(data)
    for frame in frames or ():
        if frame.size == size:
            parts = frame.parts.unpack(data)
            if parts[::2] == frame.octets:
                serial = parts[SERIAL]
                if not 0 < serial[0] < 0xFF and not is_minimal(serial, 0, len(serial)):
                    return None
                try:
                    for time in frame.times:
                        moment(parts[time])
                except ValueError:
                    return None
                return frame.layout
    read = read_by_pieces(data)
    if read is None:
        return None
    layout, known = read
    if known and layout.only is not None:
        _learn(data, frames, layout, layout.only)
    return layout


def _learn(
    data: bytes,
    frames: tuple[_Frame, ...] | None,
    layout: BasicResponseLayout,
    only: SingleResponseLayout,
) -> None:
    """
    Learn the frame of *data*, if a message with the same first octets was read before.

    Many messages have a size, and so a frame, that never occurs again.
    """
    learned: tuple[_Frame, ...] = ()
    if frames is not None:
        learned = (_Frame(data, layout, only), *frames)[:MAX_FRAMES]
    _frames.keep(data[:KEY_BYTES], learned, len(learned) * _FRAME_BYTES)
