"""``ingressd check``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_line import SHOP, RunCli

BAD_PATH = SHOP.replace("path: /cart", "path: cart")


def test_all_is_well(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("check", "k8s", "--map", "cart=3000")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no problems\n", "")


def test_warnings_alone_end_with_0(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("check", "k8s")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "k8s/shop.yaml:13: warning: Ingress shop/web spec.rules[0].http.paths[0].backend: Service shop/cart "
    )
    assert "--map shop/cart=PORT" in done.stdout
    assert done.stdout.endswith("\n1 warning\n")


def test_errors_end_with_1(run_cli: RunCli, shop: Path) -> None:
    (shop / "shop.yaml").write_text(BAD_PATH)
    done = run_cli("check", "k8s", "--map", "cart=3000")
    assert done.returncode == 1
    assert "k8s/shop.yaml:11: error: Ingress shop/web spec.rules[0].http.paths[0].path: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 error")


def test_json(run_cli: RunCli, shop: Path) -> None:
    (shop / "shop.yaml").write_text(BAD_PATH)
    done = run_cli("check", "k8s", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["errors"] == 1
    assert [(found["severity"], found["file"], found["line"]) for found in document["problems"]][:1] == [
        ("error", "k8s/shop.yaml", 11)
    ]
    assert "\x1b" not in done.stdout


def test_standard_input(run_cli: RunCli) -> None:
    done = run_cli("check", "-", stdin=BAD_PATH)
    assert done.returncode == 1
    assert "<stdin>:11: error: " in done.stdout


def test_broken_yaml_is_reported_at_its_line(run_cli: RunCli, shop: Path) -> None:
    (shop / "broken.yaml").write_text("a: b\nc: [\n")
    done = run_cli("check", "k8s")
    assert done.returncode == 1
    assert "k8s/broken.yaml:" in done.stdout
    assert "Traceback" not in done.stderr


def test_nothing_to_do(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(SHOP.partition("---\n")[2])
    done = run_cli("check", "service.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ingressd: nothing to serve: there is no Ingress in service.yaml\n  found: 1 Service")


def test_nothing_to_do_as_json(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run_cli("check", "empty", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == {"errors": 0, "warnings": 0, "problems": []}
    assert done.stderr.startswith("ingressd: nothing to serve: there is no Ingress in empty\n")


def test_a_mapping_without_effect(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("check", "k8s", "--map", "crt=3000", "--map", "cart=3001")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "warning: --map crt=3000 has no effect: no Ingress that is served uses a Service crt.",
        "    Did you mean cart?",
        "1 warning",
    ]


def test_no_path(run_cli: RunCli) -> None:
    done = run_cli("check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ingressd: there is nothing to read. Give the files or folders")


def test_a_path_that_does_not_exist(run_cli: RunCli) -> None:
    done = run_cli("check", "missing")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ingressd: missing: there is no such file or folder. Check the path.\n"


def test_a_wrong_mapping(run_cli: RunCli, shop: Path) -> None:
    done = run_cli("check", "k8s", "--map", "cart")
    assert done.returncode == 2
    assert done.stderr.startswith("ingressd: --map: 'cart' does not map a Service: write ")


def test_ingresses_of_others_are_counted_and_no_problem(run_cli: RunCli, shop: Path) -> None:
    old = SHOP.partition("---\n")[0].replace("name: web", "name: old")
    (shop / "old.yaml").write_text(old.replace("spec:", "spec:\n  ingressClassName: nginx", 1))
    for form, output in (((), "no problems\n"), (("--json",), None)):
        done = run_cli("check", "k8s", "--map", "cart=3000", "--ingress-class", "internal", *form)
        assert done.returncode == 0
        assert done.stderr == "not served: 1 Ingress that belongs to another controller, or to none\n"
        assert output is None or done.stdout == output


def test_classes_that_are_not_ours(run_cli: RunCli, shop: Path) -> None:
    (shop / "shop.yaml").write_text(SHOP.replace("spec:\n  rules", "spec:\n  ingressClassName: nginx\n  rules"))
    done = run_cli("check", "k8s", "--ingress-class", "internal")
    assert done.returncode == 2
    assert "no Ingress in k8s is ours\n  Ingress shop/web: It names class " in done.stderr
