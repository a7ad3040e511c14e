"""What operators see: health, metrics, and the routing table as JSON. Read-only.

view         what the admin port may ask of the running program
document     the JSON shapes, which the command line's ``--json`` shares
application  the HTTP server
"""
