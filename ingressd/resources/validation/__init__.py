"""What an API server checks before it stores an object, for objects that never met one.

validate      every check of one object
syntax        names, hosts, keys: the grammars of the API, as a table
metadata, ingress, ingress_class, service, endpoint_slice, data: one file per part, each ``check(object, findings)``
mistakes      what an API server accepts in an Ingress, and its author surely did not mean
"""

from ingressd.resources.validation.validate import validate

__all__ = ["validate"]
