"""A faithful fake of the Kubernetes API server, over real HTTP.

It keeps objects with one resource version for all kinds and a history, lists them in consistent pages, watches them,
validates what matters to ingressd, authenticates, authorizes by RBAC rules, and breaks on request. What it answers is
checked in ``tests/api_server`` against the documented behaviour.

In a test with an event loop::

    async with ApiServer() as server:          # tls=True, tokens_required=True, bookmark_seconds=, window=, port=
        server.url                             # "http://127.0.0.1:34567"
        server.apply(manifest)                 # create or replace; also the status; makes the namespace; returns it
        server.create(manifest); server.delete("Ingress", "default", "web"); server.get("Ingress", "default", "web")
        server.objects("Ingress")              # all of them, each with kind and apiVersion
        server.requests                        # every request, as (verb, group, resource, subresource, ns, name)
        server.open_watches("ingresses")       # how many
        server.compact()                       # older resource versions are gone: 410
        async with server.outage(): ...        # connections refused, then the same port again, with all state
        await server.stop(); await server.start()

These raise ``StatusError`` for what the server would refuse.

Faults are methods of ``server.faults``. Those on requests take ``verb=`` (as in RBAC), ``resource=`` ("ingresses",
"ingresses/status"), ``namespace=``, ``name=``, ``times=`` (1; None: all until ``clear()``) and ``after=`` (requests to
leave alone first)::

    fail(503), fail(429, retry_after_seconds=2), fail(502, html=True), fail(410, verb="watch")
    hang()                    accept, never answer          refuse(reset=False)  cut before an answer, by FIN or RST
    end_watches_at_once()     200, and EOF                  drip(piece_bytes=, seconds=)         slowly
    truncate(bytes)           cut the answer in its middle  before(call)         call something, then answer
    restart(seconds)          an outage instead of an answer, for example in the middle of a list

Those on the watches that are open (``resource=``, "" for all)::

    drop_watches()            clean EOF                     cut_watches(reset=False)           in the middle of a line
    expire_watches()          ERROR event with Status 410   fail_watches(code)                 any other ERROR event
    garble_watches()          a line that is no JSON        repeat_last_events()               each one twice
    silence_watches(), unsilence_watches()                  half-open: nothing comes any more, not even bookmarks
    send_bookmarks()          now                           delay_events(resource, seconds)    the slice lag

An object of any size can be applied: an annotation of 5 MiB makes an event of over 4 MiB.

Authentication and RBAC: ``server.token`` belongs to the service account ``ingressd`` in the namespace ``ingressd``;
``server.rotate_token()`` returns a new one, and the old one is answered 401; ``server.add_user(name, groups)`` returns
a token; ``server.load_rbac(manifests)`` picks the (Cluster)Roles and their bindings out of any manifests and enforces
them from then on; ``server.unused_grants()`` are those that no request has needed. ``server.write_kubeconfig(path)``
and ``server.write_service_account(folder)`` (token, ca.crt, namespace) are for a client's configuration; with
``tls=True`` there is also ``server.client_certificate(name, groups)``.

In a test that starts ingressd as a process: ``with running_api_server(...) as server:`` runs it in a thread; the same
methods, ``server.faults`` included, can then be called from any thread; ``server.outage()`` is an ordinary context
manager. By hand: ``python -m tests.support.api_server --port N [--load FILE...]``.

On purpose it differs from a real one: EndpointSlices may have loopback addresses; ``apply`` and ``create`` in process
keep a given ``creationTimestamp``, skip the checks of a namespace, and, with ``validate=False``, all others; unknown
fields are kept; there are no controllers, no server-side apply and no strategic merge patch (415).
"""

from __future__ import annotations

from .faults import Faults
from .kinds import Json
from .request_path import ApiRequest
from .running import RunningApiServer, running_api_server
from .server import ApiServer
from .status_error import StatusError

__all__ = ["ApiRequest", "ApiServer", "Faults", "Json", "RunningApiServer", "StatusError", "running_api_server"]
