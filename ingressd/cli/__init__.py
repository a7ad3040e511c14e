"""The command line: one file for each command, and pure functions that make the text it prints.

command    reads arguments, calls the rest, chooses the exit code; holds no rule of its own
view       turns values into text, with no I/O, so that a test can state the text exactly

Commands are imported when they are called: ``ingressd --help`` loads nothing but click.
"""
