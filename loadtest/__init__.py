"""Drills: programs that put ingressd under load and print what they measured beside what is wanted.

Each is run from the checkout as ``python -m loadtest.NAME``, and ends with 1 when a target is missed.
"""
