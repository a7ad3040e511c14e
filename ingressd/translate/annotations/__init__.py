"""What annotations ask for. Their text ends here: past this package there are only typed policies.

catalogue     every annotation that is known, and what becomes of it
effects       what all annotations of one Ingress come to
programs      ``ingressd.dev/middleware`` and ``ingressd.dev/handler``
rewrite       ``rewrite-target`` and ``use-regex``
"""
