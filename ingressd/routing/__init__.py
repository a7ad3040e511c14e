"""Where each request goes, as immutable values without a Kubernetes type in them.

table       three dictionaries: hosts, upstreams, certificates
host        a name that requests carry, with the routes under it
route       a match on a path, and what happens then
upstream    a named group of interchangeable endpoints
endpoint    one address and port
"""
