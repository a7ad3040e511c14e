from __future__ import annotations

import msgspec

from ingressd.resources.api_fields import FORM_ADVICE, LEFTOVERS, REQUIRED_FIELDS, UNUSED_FIELDS


def fields_of(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


def test_unused_fields_are_not_used() -> None:
    for struct, unused in UNUSED_FIELDS.items():
        assert fields_of(struct).isdisjoint(unused), struct


def test_leftovers_are_no_fields() -> None:
    for struct, name in LEFTOVERS:
        assert name not in fields_of(struct) | UNUSED_FIELDS.get(struct, frozenset()), (struct, name)


def test_advice_and_requirements_are_about_fields_that_exist() -> None:
    for struct, name in FORM_ADVICE:
        assert name in fields_of(struct), (struct, name)
    for struct, names in REQUIRED_FIELDS.items():
        assert names <= fields_of(struct), struct
