"""TLS without HTTP or Kubernetes: key pairs, the choice between them, and the sockets they are served on.

key pair          a certificate chain and the private key of its first certificate, in PEM
server name       the DNS name a client asks for in its first message (SNI), in one canonical spelling
policy            how a host wants TLS to be spoken: oldest version, application protocols
context           an ``ssl.SSLContext`` made of one key pair and one policy
acceptor          listens, learns the server name, has a context chosen, and only then starts TLS
local authority   the certificate authority of one developer's machine, trusted by nobody else
"""
