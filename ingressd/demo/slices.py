"""The EndpointSlices that a cluster would keep for the example's pods."""

from __future__ import annotations

from collections.abc import Mapping

from ingressd.demo.pods import Pod
from ingressd.resources.endpoint_slice import (
    SERVICE_NAME_LABEL,
    Conditions,
    EndpointSlice,
    SliceEndpoint,
    SlicePort,
    TargetReference,
)
from ingressd.resources.metadata import Metadata


def endpoint_slices(ports: Mapping[Pod, int], *, address: str = "127.0.0.1") -> tuple[EndpointSlice, ...]:
    """Return one slice for each pod, in the order of their names.

    One for each, because all endpoints of a slice share its ports (discovery/v1), and servers on one machine differ
    in nothing else. As objects and not as files: an API server would refuse a loopback address, and a file with one
    is reported.
    """
    by_name = sorted(ports.items(), key=lambda entry: (entry[0].namespace, entry[0].name))
    return tuple(_slice(pod, port, address) for pod, port in by_name)


def _slice(pod: Pod, port: int, address: str) -> EndpointSlice:
    return EndpointSlice(
        metadata=Metadata(name=pod.name, namespace=pod.namespace, labels={SERVICE_NAME_LABEL: pod.service}),
        address_type="IPv4",
        endpoints=(
            SliceEndpoint(
                addresses=(address,),
                conditions=Conditions(ready=True, serving=True, terminating=False),
                target_ref=TargetReference(kind="Pod", namespace=pod.namespace, name=pod.name, uid=pod.name),
            ),
        ),
        ports=(SlicePort(name=pod.port_name, port=port, protocol="TCP"),),
    )
