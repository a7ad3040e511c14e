from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.sources import listing
from ingressd.sources.listing import ListedFile, list_files, trail
from tests.sources.descriptors import free_descriptors


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
    assert found.files == (
        ListedFile(str(folder / "more/a.yaml"), os.path.realpath(tmp_path / "shared/a.yaml"), met=True),
    )
    assert found.problems == {}
    assert found.matters(os.path.realpath(tmp_path / "shared" / "new.yaml"))


def test_the_folders_of_kubelet(tmp_path: Path) -> None:
    touch(tmp_path / "..2026_1" / "a.yaml")
    (tmp_path / "..data").symlink_to("..2026_1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    real = os.path.realpath(tmp_path)
    for path, met in ((tmp_path, True), (tmp_path / "a.yaml", False)):
        found = list_files([str(path)])
        assert found.files == (ListedFile(str(tmp_path / "a.yaml"), f"{real}/..2026_1/a.yaml", met=met),)
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
    assert found.dangling == {str(tmp_path / "a.yaml")}
    assert set(found.problems) == {str(tmp_path / "b.yaml")}
    given = list_files([str(tmp_path / "a.yaml")])
    assert (set(given.problems), given.dangling) == ({str(tmp_path / "a.yaml")}, frozenset())


def test_a_file_that_is_given_was_not_just_met(tmp_path: Path) -> None:
    touch(tmp_path / "a.json", tmp_path / "b.json")
    found = list_files([str(tmp_path), str(tmp_path / "b.json")])
    assert [(file.name, file.met) for file in found.files] == [
        (str(tmp_path / "a.json"), True),
        (str(tmp_path / "b.json"), False),
    ]


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


def test_a_folder_that_cannot_be_listed_keeps_its_files_in_their_place(tmp_path: Path) -> None:
    first, folder, last = tmp_path / "1.yaml", tmp_path / "k8s", tmp_path / "2.yaml"
    touch(first, last, folder / "a.yaml", folder / "sub" / "b.yaml", tmp_path / "k8s-other" / "c.yaml")
    paths = [str(first), f"{folder}/", str(last)]
    before = list_files(paths)
    assert not before.uncertain
    with free_descriptors(0):
        found = list_files(paths, before.files)
        again = list_files(paths, found.files)
    assert [file.name for file in found.files] == [file.name for file in before.files]
    assert [file.kept for file in found.files] == [False, True, True, False]
    assert found.problems == {f"{folder}/": "too many open files"}
    assert found.uncertain
    assert again == found
    assert list_files(paths, found.files) == before


def test_a_folder_that_cannot_be_listed_at_first_holds_nothing(tmp_path: Path) -> None:
    touch(tmp_path / "k8s" / "a.yaml", tmp_path / "k8s-other" / "b.yaml")
    other = list_files([str(tmp_path / "k8s-other")])
    with free_descriptors(0):
        found = list_files([str(tmp_path / "k8s")], other.files)
    assert found.files == ()
    assert found.uncertain


def test_a_link_that_cannot_be_followed_keeps_what_it_stood_for(tmp_path: Path) -> None:
    touch(tmp_path / "shared" / "a.yaml", tmp_path / "one.yaml", tmp_path / "k8s" / "z.yaml")
    links = {"k8s/more": tmp_path / "shared", "k8s/one.yaml": tmp_path / "one.yaml"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    paths = [str(tmp_path / "k8s")]
    before = list_files(paths)
    for name in links:
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to(tmp_path / name)
    found = list_files(paths, before.files)
    assert [(file.name, file.real) for file in found.files] == [(file.name, file.real) for file in before.files]
    assert [file.kept for file in found.files] == [True, True, False]
    assert set(found.problems) == {str(tmp_path / name) for name in links}
    assert found.uncertain


def test_a_path_that_cannot_be_looked_at_keeps_what_it_stood_for(tmp_path: Path) -> None:
    touch(tmp_path / "k8s" / "a.yaml")
    path = str(tmp_path / "k8s")
    before = list_files([path])
    (tmp_path / "k8s" / "a.yaml").unlink()
    (tmp_path / "k8s").rmdir()
    (tmp_path / "k8s").symlink_to("k8s")
    found = list_files([path], before.files)
    assert [file.kept for file in found.files] == [True]
    assert set(found.problems) == {path}


@pytest.mark.parametrize("with_file", [True, False], ids=["a file above", "nothing"])
def test_what_does_not_exist_is_not_kept(tmp_path: Path, with_file: bool) -> None:
    touch(tmp_path / "a" / "k8s" / "a.yaml")
    path = str(tmp_path / "a" / "k8s")
    before = list_files([path])
    shutil.rmtree(tmp_path / "a")
    if with_file:
        (tmp_path / "a").touch()
    found = list_files([path], before.files)
    assert found.files == ()
    assert set(found.problems) == {path}
    assert not found.uncertain


def test_kept_files_are_listed_once(tmp_path: Path) -> None:
    touch(tmp_path / "k8s" / "a.yaml", tmp_path / "k8s" / "b.yaml")
    paths = [str(tmp_path / "k8s" / "b.yaml"), str(tmp_path / "k8s")]
    before = list_files(paths)
    with free_descriptors(0):
        found = list_files(paths, before.files)
    assert [(file.name, file.kept) for file in found.files] == [(paths[0], False), (f"{paths[1]}/a.yaml", True)]


NAMES = st.sampled_from(["a", "b", "c.yaml", "d.json", ".e", "a/a", "a/c.yaml", "b/a", "b/d.json", ".e/c.yaml"])


@given(st.dictionaries(NAMES, st.one_of(st.none(), NAMES), max_size=8), st.lists(NAMES, max_size=3))
def test_what_is_listed_is_what_the_names_lead_to(links: dict[str, str | None], given: list[str]) -> None:
    """Against the operating system: any files and links give real paths, each once, and none is left out."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(os.path.realpath(temporary))
        for name, target in sorted(links.items()):
            with contextlib.suppress(OSError):
                (root / name).parent.mkdir(exist_ok=True)
                if target is None:
                    (root / name).touch(exist_ok=False)
                else:
                    (root / name).symlink_to(root / target)
        found = list_files([*(str(root / name) for name in given), str(root)])
        assert [file.real for file in found.files] == [os.path.realpath(file.name) for file in found.files]
        assert len({file.real for file in found.files}) == len(found.files)
        assert {file.real for file in found.files} >= {
            os.path.realpath(entry)
            for entry in root.rglob("*")
            if entry.suffix in listing.EXTENSIONS and not hidden(entry, root) and entry.is_file()
        }


def hidden(entry: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in entry.relative_to(root).parts)
