from __future__ import annotations

import pytest

from ingressd.resources.findings import MOST_FINDINGS
from ingressd.resources.key import Kind
from ingressd.resources.metadata import Metadata
from ingressd.resources.object import TYPE_OF_KIND
from ingressd.resources.service import Port, Service, ServiceSpec
from ingressd.resources.validation.validate import validate


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_checked(kind: Kind) -> None:
    resource = TYPE_OF_KIND[kind](metadata=Metadata(name="NOT VALID", namespace="shop"))
    problems = validate(resource)
    assert problems[0].path == "metadata.name"
    assert {problem.key for problem in problems} == {resource.key}


def test_the_number_of_problems_is_bounded() -> None:
    spec = ServiceSpec(ports=tuple(Port(name=f"p{index}", port=-index) for index in range(10 * MOST_FINDINGS)))
    problems = validate(Service(metadata=Metadata(name="web", namespace="shop"), spec=spec))
    assert len(problems) == MOST_FINDINGS + 1
