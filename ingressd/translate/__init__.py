"""From what the cluster says to a routing table: pure, synchronous, and never stopped by what a user wrote.

claims        what one Ingress asks for: routes and certificates for hosts, with the problems found on the way
host          one virtual host, from the claims of every Ingress that names it; the oldest wins
upstream      one Service port, with the endpoints that take requests now
certificate   one Secret, as a key pair
unit          one of these, the smallest thing that is translated again when an object changes
problem       something wrong in an object; it never keeps another object from being served
"""
