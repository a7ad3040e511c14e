"""nginx, configured to do what ingressd does."""

from __future__ import annotations

from loadtest.comparison.peer import Peer, Start
from loadtest.comparison.site import BACKLOG, BODIES_PATH, HOST, MOST_CONNECTIONS, UPSTREAM_CONNECTIONS, Site

# Bodies are streamed and never spilled to disk, as the other three do it; buffers of answers keep their default.
_HTTP = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid;
error_log {folder}/errors.txt;
events {{ worker_connections {descriptors}; }}
http {{
  access_log {access_log};
  client_body_temp_path {folder}/client-body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server_names_hash_max_size 8192;
  server_names_hash_bucket_size 128;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  ssl_protocols TLSv1.2 TLSv1.3;
  map $http_upgrade $connection_field {{ default upgrade; '' ''; }}
  proxy_http_version 1.1;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_field;
  proxy_set_header Host $http_host;
  proxy_set_header X-Request-ID $request_id;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Scheme $scheme;
  proxy_set_header X-Scheme $scheme;
{upstreams}{servers}}}
"""
_UPSTREAM = """\
  upstream {name} {{
    server 127.0.0.1:{port};
    keepalive {connections};
    keepalive_requests 1000000000;
  }}
"""
_TLS_SERVER = """\
  server {{
    listen 127.0.0.1:{http_port}{options};
    listen 127.0.0.1:{https_port} ssl{options};
    server_name {host};
    ssl_certificate {chain};
    ssl_certificate_key {key};
    location / {{ proxy_pass http://answers; }}
    location {bodies} {{ proxy_pass http://bodies; }}
  }}
"""
_SERVER = """\
  server {{
    listen 127.0.0.1:{http_port};
    server_name {host};
    location / {{ proxy_pass http://answers; }}
  }}
"""


def configuration(site: Site) -> str:
    upstreams = "".join(
        _UPSTREAM.format(name=name, port=port, connections=UPSTREAM_CONNECTIONS)
        for name, port in (("answers", site.answers_port), ("bodies", site.bodies_port))
    )
    tls_servers = (
        _TLS_SERVER.format(
            http_port=site.http_port,
            https_port=site.https_port,
            # Options of a socket belong to its first mention.
            options=f" backlog={BACKLOG}" if certificate.host == HOST else "",
            host=certificate.host,
            chain=certificate.chain,
            key=certificate.key,
            bodies=BODIES_PATH,
        )
        for certificate in site.certificates
    )
    servers = (_SERVER.format(http_port=site.http_port, host=host) for host in site.route_hosts)
    return _HTTP.format(
        folder=site.folder,
        descriptors=2 * MOST_CONNECTIONS,
        access_log=site.log_file if site.access_log else "off",
        upstreams=upstreams,
        servers="".join((*tls_servers, *servers)),
    )


def prepare(site: Site) -> Start:
    file = site.folder / "nginx.conf"
    file.write_text(configuration(site), encoding="utf-8")
    return Start(("nginx", "-p", str(site.folder), "-e", str(site.folder / "errors.txt"), "-c", str(file)))


NGINX = Peer(name="nginx", program="nginx", package="nginx-light", version=("nginx", "-v"), prepare=prepare)
