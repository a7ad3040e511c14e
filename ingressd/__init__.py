"""ingressd serves Kubernetes Ingress: in a cluster as the controller, on a laptop from the same manifests.

The folders stand in the order in which data flows: ``sources`` say what changed, ``resources`` hold what is,
``translate`` turns it into a ``routing`` table, and ``proxy`` serves from that table.
"""

__version__ = "0.1.0"
