"""The composition roots: what lives long is built, started and drained here. They construct, and decide little.

dev_server       ``dev`` and ``demo``: one process
run_server       ``run``: the control plane in this process, and workers that serve
controller_view  what both show of their controller
cluster_side     what of ``run`` a cluster sees: reading from its API server, and writing to it
"""
