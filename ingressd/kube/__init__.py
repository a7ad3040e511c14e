"""The only code that talks to a Kubernetes API server.

resource     names and paths of what is read and written
permissions  what each part of the program asks the API server for: the ClusterRole in ``manifests/`` is its image
api          the few calls that everything above is written against; ``client`` makes them
api_error    how a call can fail, and whether a retry makes sense
api_status   what an answer that is no success says
reflector    one kind, listed and watched, as a stream of changes that never forgets an object
lease        what a candidate for leadership decides; ``election`` makes its calls
replicas     the pods of this controller, and where their nodes are
events       warnings where ``kubectl describe`` shows them: counted, bounded, never in anybody's way

Below ``client``: ``configuration`` (where the API server is, and who we are to it) and ``connection`` (a session under
one set of credentials). Below ``reflector``: ``selection`` (what is listed and watched), ``object_page`` and
``watch_stream`` (the two kinds of answers), ``decode`` and ``plain_slice`` (one object), ``known_objects`` (what was
said so far), ``backoff``, ``outage`` (its end, noticed early) and ``reflector_health``.
"""
