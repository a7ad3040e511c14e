"""``python -m ingressd``: the same as ``ingressd``, where the package is not installed."""

from ingressd.cli.main import main

main()
