"""An example to look at: bundled manifests, and the small servers that stand in for their pods.

manifests   what a user would have: Ingresses and Services, unmodified
pods        which pods the manifests' Services select here
backends    the servers: each says who it is and what reached it
slices      the EndpointSlices that a cluster would keep for them
secret      the Secret that one of the Ingresses names
self_check  two requests through the proxy, over HTTP and over verified HTTPS
"""
