"""
Frames: what responses of one CA have in common, octet by octet.

Two responses of one size from one CA mostly differ in a few values: the serial number,
the times and the signature. All octets between them are the same: tags, lengths, names,
hashes of the issuer, algorithms, certificates. These octets are the *frame* of a
message; a message with the same frame has the same layout.

The layout of a message is looked up by its first octets, which contain its size and
most of the responder's identifier. One call then takes the octets of the frame out of
the message, without the values. A frame is learned only from a message that was read
completely, and made when the next message begins with the same octets: many messages
have a size, and so a frame, that never occurs again. Each value is valid with any
octets, or is checked again. Reading with frames therefore gives the same result;
``tests/property/test_pieces.py`` proves that.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final

from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.der import is_minimal, moved
from ocsp.asn1.times import moments
from ocsp.messages.responses.basic_response import BasicResponseLayout
from ocsp.messages.responses.pieces import read_by_pieces
from ocsp.messages.responses.single_response import SingleResponseLayout

__all__ = ["find_layout"]

KEY_BYTES: Final = 55
"""Octets at the start of a message that are looked up. The shortest outer headers with
the identifier of a responder, by key, are as long; producedAt follows."""

MAX_FRAMES: Final = 8
"""Frames that begin with the same octets. To try more would take as long as reading."""

_FRAME_BYTES: Final = 1280
"""Octets that a frame takes with its layout, besides the message without certs."""


class _Frame:
    """
    The frame of a message with one entry.

    Most are never made, so the attributes that :meth:`make` sets are absent before.

    Attributes:
        size: The size of the message.

        before: The message up to certs; empty once the frame is made.

        bytes: The octets that the frame takes.

        take: Returns the octets of the frame in a message of this size; ``None`` if the
            frame is not made yet.

        octets: What it must return.

        serial: Where the content of the serial number begins.

        end: Where it ends.

        times: The texts of the times.

        layout: The layout of the message.

        only: The layout of its entry.
    """

    __slots__ = (
        "before",
        "bytes",
        "end",
        "layout",
        "octets",
        "only",
        "serial",
        "size",
        "take",
        "times",
    )

    octets: tuple[bytes, ...]
    serial: int
    end: int
    times: tuple[slice, ...]

    def __init__(
        self, data: bytes, layout: BasicResponseLayout, only: SingleResponseLayout
    ) -> None:
        self.size = len(data)
        self.before = data[: self.size - len(layout.certs.octets)]
        self.bytes = _FRAME_BYTES + len(self.before)
        self.take: Callable[[bytes], tuple[bytes, ...]] | None = None
        self.layout = layout
        self.only = only

    def make(self) -> Callable[[bytes], tuple[bytes, ...]]:
        """
        Make the frame, and return what takes its octets out of a message.

        Threads may make one frame at the same time: each gets the same.
        """
        before = self.before  # first: who has made it forgets this, as the last thing
        if self.take is not None:
            return self.take
        layout, only = self.layout, self.only
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
        certs = layout.certs.octets
        take = Struct(f"{form}{self.size - position}s").unpack
        octets = take(before + certs)
        self.octets = (*octets[:-1], certs)  # one object for many frames
        self.serial, self.end = serial.start, serial.stop
        self.times = (layout.produced_at, *times)
        self.take = take
        self.before = b""
        return take


_frames: Final[BoundedCache[bytes, tuple[_Frame, ...]]] = BoundedCache()


def find_layout(data: bytes) -> BasicResponseLayout | None:
    """Return the layout of *data*; ``None`` if the plain reader has to read it."""
    frames, size = _frames[data[:KEY_BYTES]], len(data)
    for frame in frames or ():
        if frame.size == size and (frame.take or frame.make())(data) == frame.octets:
            first = data[frame.serial]
            if not (0 < first < 0xFF or is_minimal(data, frame.serial, frame.end)):
                return None
            try:
                for time in frame.times:
                    _ = moments[data[time]]
            except ValueError:
                return None
            return frame.layout
    layout = read_by_pieces(data)
    if layout is not None and layout.only is not None and _is_common(data, layout):
        _learn(_Frame(data, layout, layout.only), data[:KEY_BYTES], frames or ())
    return layout


def _is_common(data: bytes, layout: BasicResponseLayout) -> bool:
    """
    Return whether other messages can have the frame of *data*.

    If bits of the signature are unused, its last octet has fixed bits. The errors of
    unreadable certificates belong to one message.
    """
    return data[layout.signature.start - 1] == 0 and not layout.certs.unreadable


def _learn(frame: _Frame, key: bytes, others: tuple[_Frame, ...]) -> None:
    if not others:
        _frames.keep(key, (frame,), frame.bytes)
        return
    learned = (frame, *others)[:MAX_FRAMES]
    _frames.keep(key, learned, sum([each.bytes for each in learned]))
