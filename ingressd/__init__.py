"""ingressd serves Kubernetes Ingress: in a cluster as the controller, on a laptop from the same manifests.

The folders stand in the order in which data flows: ``sources`` say what changed, ``resources`` hold what is,
``translate`` turns it into a ``routing`` table, and ``proxy`` serves from that table.
"""

import os

from ingressd.compilation import prefer_sources

__version__ = "0.1.0"

# Before anything else of ingressd is imported.
prefer_sources(os.environ)
