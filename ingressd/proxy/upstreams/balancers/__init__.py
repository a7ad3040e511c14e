"""Choosing an endpoint: one algorithm per file, each a synchronous pure decision over live state."""
