from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingressd.sources import listing
from ingressd.sources.listing import ListedFile, list_files, trail


def names(*paths: Path | str) -> list[str]:
    return [file.name for file in list_files([str(path) for path in paths]).files]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folder_is_read_by_name(tmp_path: Path) -> None:
    touch(tmp_path / "b.yaml", tmp_path / "a" / "z.yml", tmp_path / "c.json", tmp_path / "README.md")
    assert names(tmp_path) == [str(tmp_path / name) for name in ("a/z.yml", "b.yaml", "c.json")]


def test_names_are_as_the_user_wrote_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "k8s" / "a.yaml")
    monkeypatch.chdir(tmp_path)
    assert names("k8s", "./k8s/a.yaml") == ["k8s/a.yaml"]
    assert names("./k8s/a.yaml", "k8s") == ["./k8s/a.yaml"]


def test_hidden_names_are_passed_over_unless_given(tmp_path: Path) -> None:
    touch(tmp_path / ".a.yaml", tmp_path / ".git" / "a.yaml")
    assert names(tmp_path) == []
    assert names(tmp_path / ".a.yaml", tmp_path / ".git") == [str(tmp_path / ".a.yaml"), str(tmp_path / ".git/a.yaml")]


def test_a_file_that_is_given_may_have_any_name(tmp_path: Path) -> None:
    touch(tmp_path / "manifest.txt")
    assert names(tmp_path / "manifest.txt") == [str(tmp_path / "manifest.txt")]


def test_links_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path / "shared" / "a.yaml")
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "more").symlink_to(tmp_path / "shared")
    (folder / "same.yaml").symlink_to(tmp_path / "shared" / "a.yaml")
    found = list_files([str(folder)])
    assert found.files == (ListedFile(str(folder / "more/a.yaml"), os.path.realpath(tmp_path / "shared/a.yaml")),)
    assert found.problems == {}
    assert found.matters(os.path.realpath(tmp_path / "shared" / "new.yaml"))


def test_the_folders_of_kubelet(tmp_path: Path) -> None:
    touch(tmp_path / "..2026_1" / "a.yaml")
    (tmp_path / "..data").symlink_to("..2026_1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    real = os.path.realpath(tmp_path)
    for given in (tmp_path, tmp_path / "a.yaml"):
        found = list_files([str(given)])
        assert found.files == (ListedFile(str(tmp_path / "a.yaml"), f"{real}/..2026_1/a.yaml"),)
        assert found.matters(f"{real}/..data")
        assert real in found.watched


def test_only_what_decides_matters(tmp_path: Path) -> None:
    touch(tmp_path / "k8s" / "a" / "a.yaml", tmp_path / "one.yaml")
    real = os.path.realpath(tmp_path)
    found = list_files([str(tmp_path / "k8s"), str(tmp_path / "one.yaml")])
    matters = ["k8s", "k8s/new.yaml", "k8s/a", "k8s/a/new", "one.yaml"]
    assert [name for name in matters if not found.matters(f"{real}/{name}")] == []
    assert [name for name in ("two.yaml", "other/a.yaml") if found.matters(f"{real}/{name}")] == []
    assert found.watched == {real, f"{real}/k8s", f"{real}/k8s/a"}


def test_what_is_missing_is_waited_for(tmp_path: Path) -> None:
    real = os.path.realpath(tmp_path)
    missing = str(tmp_path / "a" / "b")
    found = list_files([missing])
    assert found.files == ()
    assert found.problems == {missing: "no such file or directory"}
    assert found.watched == {real}
    assert found.matters(f"{real}/a")


def test_a_link_to_nothing_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("gone.yaml")
    (tmp_path / "b.yaml").symlink_to("b.yaml")
    (tmp_path / "editor-lock").symlink_to("nowhere")
    found = list_files([str(tmp_path)])
    assert found.files == ()
    assert set(found.problems) == {str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")}


def test_standard_input_and_pipes_are_read_once_and_in_their_place(tmp_path: Path) -> None:
    touch(tmp_path / "a.yaml")
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    found = list_files([pipe, "-", str(tmp_path)])
    assert [(file.name, file.once) for file in found.files] == [
        (pipe, True),
        ("<stdin>", True),
        (str(tmp_path / "a.yaml"), False),
    ]


def test_the_number_of_files_and_folders_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a" / "1.yaml", tmp_path / "b" / "2.yaml", tmp_path / "c" / "3.yaml")
    monkeypatch.setattr(listing, "MOST_FILES", 2)
    found = list_files([str(tmp_path)])
    assert len(found.files) == 2
    assert "more than 2 manifests" in found.problems[str(tmp_path)]
    monkeypatch.setattr(listing, "MOST_FOLDERS", 2)
    found = list_files([str(tmp_path)])
    assert len(found.files) == 1
    assert "too many folders" in found.problems[str(tmp_path)]


def test_trail(tmp_path: Path) -> None:
    real = Path(os.path.realpath(tmp_path))
    touch(real / "releases" / "2" / "a.yaml")
    (real / "current").symlink_to("releases/2")
    (real / "entry").symlink_to(real / "current")
    assert trail(f"{real}/entry/a.yaml") == (f"{real}/entry", f"{real}/current", f"{real}/releases/2/a.yaml")
    assert trail(f"{real}/entry/x/y") == (f"{real}/entry", f"{real}/current", f"{real}/releases/2/x")
    (real / "loop").symlink_to("loop")
    assert set(trail(f"{real}/loop/a")) == {f"{real}/loop"}
