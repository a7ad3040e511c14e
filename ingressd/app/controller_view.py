"""What any running ingressd shows of its controller: the part of the admin port that ``dev`` and ``run`` share."""

from __future__ import annotations

from ingressd.admin.explanation_document import located_explanation
from ingressd.admin.problem_document import Locate, located
from ingressd.controller.controller import Controller, NotServed
from ingressd.controller.explain import explain
from ingressd.controller.explanation import Explanation
from ingressd.controller.inventory import inventory_of
from ingressd.controller.routes import RouteRow, route_rows
from ingressd.resources.problem import Problem
from ingressd.telemetry.exposition import Inventory
from ingressd.telemetry.metrics import Metrics
from ingressd.translate.unused_mappings import unused_mappings


class ControllerView:
    """``locate`` finds the line of a JSON path in an object, where objects come from files."""

    def __init__(self, controller: Controller, locate: Locate) -> None:
        self._controller = controller
        self._locate = locate

    def routes(self) -> tuple[RouteRow, ...]:
        return route_rows(self._controller)

    def problems(self) -> tuple[Problem, ...]:
        return located(self._problems(), self._locate)

    def not_served(self) -> tuple[NotServed, ...]:
        return self._controller.not_served()

    def explain(self, method: str, url: str) -> Explanation:
        return located_explanation(explain(self._controller, method, url), self._locate)

    def inventory(
        self, metrics: Metrics, *, in_flight: int, connections: int, tunnels: int, dropped_log_lines: int
    ) -> Inventory:
        """Take stock for a scrape; series of Ingresses that are gone are dropped from ``metrics``."""
        for namespace, ingress in metrics.ingresses():
            if namespace and self._controller.store.ingress(namespace, ingress) is None:
                metrics.forget(namespace, ingress)
        return inventory_of(
            self._controller.table,
            self._problems(),
            not_served=len(self.not_served()),
            in_flight=in_flight,
            connections=connections,
            tunnels=tunnels,
            dropped_log_lines=dropped_log_lines,
        )

    def _problems(self) -> tuple[Problem, ...]:
        controller = self._controller
        return (
            *unused_mappings(controller.settings.local_endpoints, controller.table.upstreams, controller.store),
            *controller.problems(),
        )
