"""The EndpointSlices that a cluster would keep for the example's pods, as a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from ingressd.demo.pods import Pod

_SLICE = Template("""\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: $name
  namespace: $namespace
  labels:
    kubernetes.io/service-name: $service
addressType: IPv4
endpoints:
  - addresses:
      - "$address"
    conditions:
      ready: true
      serving: true
      terminating: false
    targetRef:
      kind: Pod
      namespace: $namespace
      name: $name
ports:
  - name: "$port_name"
    port: $port
    protocol: TCP
""")


def endpoint_slices(ports: Mapping[Pod, int], *, address: str = "127.0.0.1") -> str:
    """Return YAML with one slice for each pod, in the order of their names.

    One for each, because all endpoints of a slice share its ports (discovery/v1), and servers on one machine differ
    in nothing else.
    """
    by_name = sorted(ports.items(), key=lambda entry: (entry[0].namespace, entry[0].name))
    return "---\n".join(_SLICE.substitute(pod._asdict(), address=address, port=port) for pod, port in by_name)
