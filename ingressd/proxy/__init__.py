"""The data plane: from a client's bytes to an upstream's and back. It knows the routing table and no Kubernetes.

head          a request's or a response's first line and fields, validated and made canonical once
framing       how the end of a body is known
exchange      one request's life: pick an endpoint, connect, send, relay the answer, record
client side   what the exchange sees of the client; each lane implements it
lane          how the client's bytes get to the exchange (here: through aiohttp)
attempt       one try to one endpoint
failure       why there is no proper answer: what failed, whose side, which status
tunnel        two connections that pass bytes to each other after an upgrade
"""
