"""Which file and line an object came from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from ingressd.resources.field_path import joined
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Location
from ingressd.sources.documents import DocumentText
from ingressd.sources.places import Place

MOST_REMEMBERED = 16


class Origin(msgspec.Struct, frozen=True, eq=False, gc=False):
    """``prefix`` is the JSON path of the object in its document (``items[3]`` in a list, else empty)."""

    file: str
    source: DocumentText
    prefix: str = ""


class Origins:
    """The places of all objects of a source; the source keeps it current."""

    def __init__(self) -> None:
        self._origins: Mapping[ObjectKey, Origin] = {}
        # Problems come in runs over one document; finding lines reads all of its text.
        self._places: OrderedDict[int, tuple[DocumentText, Place]] = OrderedDict()

    def locate(self, key: ObjectKey, path: str = "") -> Location | None:
        """The file and line of an object, or of the field at ``path`` in it; None for an object from elsewhere.

        A field that does not exist is placed at the nearest one around it that does.
        """
        origin = self._origins.get(key)
        if origin is None:
            return None
        return Location(origin.file, self._place(origin.source).line_of(joined(origin.prefix, path)))

    def replace(self, origins: Mapping[ObjectKey, Origin]) -> None:
        """From now on, these are the objects and where they are. The mapping must not change afterwards."""
        self._origins = origins
        self._places = OrderedDict()

    def __len__(self) -> int:
        return len(self._origins)

    def _place(self, source: DocumentText) -> Place:
        remembered = self._places
        entry = remembered.get(id(source))
        if entry is None:
            entry = remembered[id(source)] = (source, source.place())
            if len(remembered) > MOST_REMEMBERED:
                remembered.popitem(last=False)
        else:
            remembered.move_to_end(id(source))
        return entry[1]
