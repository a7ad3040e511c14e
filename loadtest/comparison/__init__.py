"""ingressd beside the proxies that a user would pick instead: what ``loadtest.bench`` is made of."""
