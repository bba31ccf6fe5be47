"""
Frames: what responses of one CA have in common, octet by octet.

Two responses of one size from one CA mostly differ in a few values: the serial number,
the times and the signature. All octets between them are the same: tags, lengths, names,
hashes of the issuer, algorithms, certificates. These octets are the *frame* of a
message; a message with the same frame has the same layout.

The layout of a message is looked up by its first octets, which contain its size and
most of the responder's identifier. One call then takes the octets of the frame out of
the message, without the values. A frame is learned only from a message that was read
completely. Each value is valid with any octets, or is checked again. Reading with
frames therefore gives the same result; ``tests/property/test_pieces.py`` proves that.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import is_minimal, moved
from ocsp.asn1.times import moment, moments
from ocsp.messages.responses.basic_response import BasicResponseLayout
from ocsp.messages.responses.pieces import read_by_pieces
from ocsp.messages.responses.single_response import SingleResponseLayout

__all__ = ["find_layout"]

KEY_BYTES: Final = 55
"""Octets at the start of a message that are looked up. The shortest outer headers with
the identifier of a responder, by key, are as long; producedAt follows."""

MAX_FRAMES: Final = 8
"""Frames that begin with the same octets. To try more would take as long as reading."""

_FRAME_BYTES: Final = 1536
"""Octets that a frame takes with its layout."""


class _Frame:
    """
    The frame of a message with one entry.

    Attributes:
        size: The size of the message.

        take: Returns the octets of the frame in a message of this size.

        octets: What it must return.

        serial: Where the content of the serial number begins.

        end: Where it ends.

        times: The texts of the times.

        layout: The layout of the message.
    """

    __slots__ = ("end", "layout", "octets", "serial", "size", "take", "times")

    def __init__(
        self, data: bytes, layout: BasicResponseLayout, only: SingleResponseLayout
    ) -> None:
        start = layout.entry.start
        serial = moved(only.cert_id.serial, start)
        times = [moved(time, start) for time in only.times]
        values = [
            layout.produced_at,
            serial,
            *times,
            *(moved(extension.value, start) for extension in only.extensions),
            *(extension.value for extension in layout.extensions),
            layout.signature,
        ]
        form = ""
        position = 0
        for value in values:
            form += f"{value.start - position}s{value.stop - value.start}x"
            position = value.stop
        self.size = len(data)
        self.take = Struct(f"{form}{self.size - position}s").unpack
        octets = self.take(data)
        self.octets = (*octets[:-1], layout.certs.octets)  # one object for many frames
        self.serial, self.end = serial.start, serial.stop
        self.times = (layout.produced_at, *times)
        self.layout = layout


_frames: Final[BoundedCache[bytes, tuple[_Frame, ...]]] = BoundedCache()


def find_layout(data: bytes) -> BasicResponseLayout | None:
    """Return the layout of *data*; ``None`` if the plain reader has to read it."""
    frames, size = _frames[data[:KEY_BYTES]], len(data)
    for frame in frames or ():
        if frame.size == size and frame.take(data) == frame.octets:
            first = data[frame.serial]
            if not (0 < first < 0xFF or is_minimal(data, frame.serial, frame.end)):
                return None
            try:
                for time in frame.times:
                    text = data[time]
                    if text not in moments:
                        moment(text)
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
