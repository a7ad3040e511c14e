"""``ingressd demo``, as a process that serves."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import RunCli
from tests.support.dev_process import ANY_PORTS, DevProcess


def test_once_checks_itself(run_cli: RunCli) -> None:
    done = run_cli("demo", "--once", *ANY_PORTS)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    checked = [line for line in lines if line.startswith("ok ")]
    assert ["/shop.localhost:" in line for line in checked] == [True, True]
    assert checked[1].endswith(", certificate verified")
    assert not [line for line in lines if "warning" in line or "error" in line]
    assert "\x1b" not in done.stdout


def test_it_serves_until_ctrl_c(tmp_path: Path, environment: dict[str, str]) -> None:
    with DevProcess(["demo", *ANY_PORTS], directory=tmp_path, environment=environment) as demo:
        demo.wait_for(r"^Try:$")
        demo.wait_for(r"^  curl --cacert \S+/ca\.crt https://shop\.localhost:\d+/$")
        demo.wait_for(r"^ok      GET http://shop\.localhost:\d+/ 200 from pod storefront-")
        demo.wait_for(r"^ok      GET https://shop\.localhost:\d+/ 200 from pod storefront-")
        assert demo.interrupt() == 0
        assert demo.errors() == ""


def test_the_line_that_explains_can_be_pasted(tmp_path: Path, environment: dict[str, str], run_cli: RunCli) -> None:
    with DevProcess(["demo", *ANY_PORTS], directory=tmp_path, environment=environment) as demo:
        line = demo.wait_for(r"^  python -m ingressd (explain .*)$")[1]
        demo.wait_for(r"^ok      GET https")
        assert demo.interrupt() == 0
    done = run_cli(*line.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓ prefix /cart of shop/web#0/2: " in done.stdout
