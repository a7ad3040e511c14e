from __future__ import annotations

from pathlib import Path

from tls.trust import trust_steps


def test_every_step_names_the_certificate_as_a_shell_wants_it() -> None:
    steps = trust_steps(Path("/home/a b/ca.crt"))
    assert len({step.program for step in steps}) == len(steps)
    for step in steps:
        assert sum(line.count("'/home/a b/ca.crt'") for line in step.commands) == 1
        assert not any("{path}" in line for line in step.commands)


def test_braces_in_a_path_are_no_placeholders() -> None:
    assert all("/{x}" in "".join(step.commands) for step in trust_steps(Path("/{x}")))
