"""What operators see: health, metrics, and the routing table as JSON. Read-only.

view         what the admin port may ask of the running program
*_document   the JSON shapes, which the command line's ``--json`` shares and its ``--admin`` reads
application  the HTTP server
"""
