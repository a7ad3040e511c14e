"""HAProxy, configured to do what ingressd does."""

from __future__ import annotations

from loadtest.comparison.peer import Peer, Start
from loadtest.comparison.site import BACKLOG, BODIES_PATH, MOST_CONNECTIONS, Site

_CONFIGURATION = """\
global
  nbthread 1
  maxconn {connections}
  no strict-limits
{global_log}
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  timeout tunnel 1h
{access_log}
frontend in
  bind 127.0.0.1:{http_port} backlog {backlog}
  bind 127.0.0.1:{https_port} backlog {backlog} ssl {certificates} alpn http/1.1
  http-request set-header X-Request-ID %[uuid()]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Scheme %[ssl_fc,iif(https,http)]
  http-request set-header X-Scheme %[ssl_fc,iif(https,http)]
  use_backend bodies if {{ path_beg {bodies} }}
  use_backend %[req.hdr(host),field(1,:),lower,map({hosts_file})]
backend answers
  server one 127.0.0.1:{answers_port}
backend bodies
  server one 127.0.0.1:{bodies_port}
"""


def configuration(site: Site) -> str:
    return _CONFIGURATION.format(
        connections=MOST_CONNECTIONS,
        global_log="  log stdout format raw local0\n" if site.access_log else "",
        access_log="  log global\n  option httplog\n" if site.access_log else "",
        http_port=site.http_port,
        https_port=site.https_port,
        backlog=BACKLOG,
        certificates=" ".join(f"crt {certificate.combined}" for certificate in site.certificates),
        bodies=BODIES_PATH,
        hosts_file=site.folder / "hosts.map",
        answers_port=site.answers_port,
        bodies_port=site.bodies_port,
    )


def hosts(site: Site) -> str:
    """Return the map from host to backend, one a line."""
    names = (*(certificate.host for certificate in site.certificates), *site.route_hosts)
    return "".join(f"{name} answers\n" for name in names)


def prepare(site: Site) -> Start:
    file = site.folder / "haproxy.cfg"
    file.write_text(configuration(site), encoding="utf-8")
    (site.folder / "hosts.map").write_text(hosts(site), encoding="utf-8")
    return Start(("haproxy", "-db", "-f", str(file)))


HAPROXY = Peer(name="HAProxy", program="haproxy", package="haproxy", version=("haproxy", "-v"), prepare=prepare)
