"""How requests reach endpoints: connections, the pool that keeps them, and who is picked.

What is alive here (counts, failures, open connections) belongs to endpoints and is kept outside the routing table,
so that it survives every change of the table.
"""
