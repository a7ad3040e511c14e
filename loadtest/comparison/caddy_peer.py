"""Caddy, configured to do what ingressd does."""

from __future__ import annotations

from loadtest.comparison.peer import Peer, Start
from loadtest.comparison.site import BODIES_PATH, UPSTREAM_CONNECTIONS, Site

# It adds X-Forwarded-For, -Host and -Proto by itself, and knows no port but that of the Host field, so a site says its
# own. Without ``compression off`` it asks upstreams for gzip.
_CONFIGURATION = """\
{{
  admin off
  auto_https off
  servers {{
    protocols h1
  }}
}}
(upstream) {{
  header_up X-Request-ID {{http.request.uuid}}
  header_up X-Real-IP {{remote_host}}
  header_up X-Forwarded-Port {{args.0}}
  header_up X-Forwarded-Scheme {{scheme}}
  header_up X-Scheme {{scheme}}
  transport http {{
    compression off
    keepalive_idle_conns_per_host {connections}
  }}
}}
(answers) {{
  bind 127.0.0.1
{access_log}  reverse_proxy 127.0.0.1:{answers_port} {{
    import upstream {{args.0}}
  }}
}}
(both) {{
  handle {bodies}* {{
    reverse_proxy 127.0.0.1:{bodies_port} {{
      import upstream {{args.0}}
    }}
  }}
  import answers {{args.0}}
}}
{sites}"""
_TLS_SITE = """\
http://{host}:{http_port} {{
  import both {http_port}
}}
https://{host}:{https_port} {{
  tls {chain} {key}
  import both {https_port}
}}
"""
_SITE = """\
http://{host}:{http_port} {{
  import answers {http_port}
}}
"""


def configuration(site: Site) -> str:
    tls_sites = (
        _TLS_SITE.format(
            host=certificate.host,
            http_port=site.http_port,
            https_port=site.https_port,
            chain=certificate.chain,
            key=certificate.key,
        )
        for certificate in site.certificates
    )
    sites = (_SITE.format(host=host, http_port=site.http_port) for host in site.route_hosts)
    return _CONFIGURATION.format(
        connections=UPSTREAM_CONNECTIONS,
        access_log=f"  log {{\n    output file {site.log_file}\n  }}\n" if site.access_log else "",
        answers_port=site.answers_port,
        bodies_port=site.bodies_port,
        bodies=BODIES_PATH,
        sites="".join((*tls_sites, *sites)),
    )


def prepare(site: Site) -> Start:
    file = site.folder / "Caddyfile"
    file.write_text(configuration(site), encoding="utf-8")
    home = str(site.folder)
    return Start(
        ("caddy", "run", "--adapter", "caddyfile", "--config", str(file)),
        {"GOMAXPROCS": "1", "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home},
    )


CADDY = Peer(name="Caddy", program="caddy", package="caddy", version=("caddy", "version"), prepare=prepare)
