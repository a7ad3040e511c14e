"""The loop that keeps the routing table current: change, store, wait for the burst to end, translate, publish.

controller     takes changes in, and publishes what differs
translation    what has been translated so far, unit by unit
claim          what one Ingress asks for (``translate.claims``), registered under what it names
explanation    why a request goes where it goes
status         which Ingresses have another status than they should; ``status_writer`` writes it, if this replica leads
event_reports  problems as Events on the Ingresses that they concern; ``event_reporter`` says each of them once
"""
