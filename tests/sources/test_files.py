from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ingressd.resources.change import Applied, Change, Deleted, Reported, Synced
from ingressd.resources.config_map import ConfigMap
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity
from ingressd.sources import listing
from ingressd.sources.contents import OTHER_DOCUMENT
from ingressd.sources.files import FileSource, SourceError
from tests.sources.descriptors import TOO_FEW_FOR_NOTIFICATIONS, free_descriptors

# Far more than any change takes: it only ends a test that would otherwise hang.
PATIENCE_SECONDS = 30


def config_map(name: str, value: str = "1") -> str:
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: '{value}'\n"


def key(name: str) -> ObjectKey:
    return ObjectKey(Kind.CONFIG_MAP, "default", name)


class Told:
    """What somebody knows who believes every change."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.synced = False

    def hear(self, changes: tuple[Change, ...]) -> None:
        assert changes
        for change in changes:
            match change:
                case Applied(ConfigMap(metadata=metadata, data=data)):
                    assert self.objects.get(metadata.name) != data["value"], "said twice"
                    self.objects[metadata.name] = data["value"]
                case Deleted(deleted):
                    del self.objects[deleted.name]
                case Reported(reporter, problems):
                    assert self.problems.get(reporter, ()) != problems, "said twice"
                    self.problems[reporter] = problems
                    if not problems:
                        del self.problems[reporter]
                case Synced():
                    self.synced = True
                case other:
                    pytest.fail(f"unexpected {other}")

    def codes(self) -> dict[str, list[str]]:
        return {os.path.basename(name): [one.code for one in found] for name, found in self.problems.items()}


def read(*paths: Path | str, **values: io.BytesIO) -> tuple[FileSource, Told]:
    source = FileSource([str(path) for path in paths], standard_input=values.get("standard_input"))
    told = Told()
    changes = source.read()
    assert isinstance(changes[-1], Synced)
    told.hear(changes)
    return source, told


class Watched:
    def __init__(self, source: FileSource, batches: AsyncIterator[tuple[Change, ...]]) -> None:
        self.source = source
        self.told = Told()
        self._batches = batches

    async def until(self, expected: Callable[[Told], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not expected(self.told):
                self.told.hear(await anext(self._batches))

    async def until_objects(self, **objects: str) -> None:
        await self.until(lambda told: told.objects == objects)


@contextlib.asynccontextmanager
async def watched(*paths: Path) -> AsyncIterator[Watched]:
    source = FileSource([str(path) for path in paths])
    async with contextlib.aclosing(source.changes()) as batches:
        watching = Watched(source, batches)
        await watching.until(lambda told: told.synced)
        yield watching


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(config_map("b") + config_map("c"))
    (tmp_path / "a.yaml").write_text(config_map("d") + "---\napiVersion: v1\nkind: Pod\n")
    source = FileSource([str(tmp_path)])
    changes = source.read()
    assert [change.object.key.name for change in changes if isinstance(change, Applied)] == ["d", "b", "c"]
    assert (source.file_count, source.object_count, source.passed_over) == (2, 3, {"v1/Pod": 1})
    assert source.origins.locate(key("c"), "data.value") == Location(str(tmp_path / "b.yaml"), 14)


def test_reading_again_says_everything_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a") + "---\na: b: c\n")
    source = FileSource([str(tmp_path)])
    assert source.read() == source.read()


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere: there is no such file"):
        FileSource([str(tmp_path / "nowhere")])


def test_no_path_is_an_error() -> None:
    with pytest.raises(SourceError, match="No manifests"):
        FileSource([])


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a", "file"))
    source, told = read("-", tmp_path, standard_input=io.BytesIO(config_map("a", "input").encode()))
    assert told.objects == {"a": "input"}
    assert told.codes() == {"a.yaml": ["duplicate_object"]}
    assert source.origins.locate(key("a")) == Location("<stdin>", 2)
    assert source.read() == source.read()


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(config_map("a"),))
    writer.start()
    source, told = read(pipe)
    writer.join()
    assert told.objects == {"a": "1"}
    assert source.read() == source.read()


async def test_without_watching_the_changes_end(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    source = FileSource([str(tmp_path)], watch=False)
    batches = [batch async for batch in source.changes()]
    assert [type(change) for batch in batches for change in batch] == [Applied, Synced]
    assert [batch async for batch in source.changes()] == []


async def test_standard_input_alone_is_not_watched() -> None:
    source = FileSource(["-"], standard_input=io.BytesIO(config_map("a").encode()))
    assert len([batch async for batch in source.changes()]) == 1


def test_of_two_files_the_first_given_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("x", "a"))
    (tmp_path / "b.yaml").write_text(config_map("x", "b"))
    _, told = read(tmp_path / "b.yaml", tmp_path / "a.yaml")
    assert told.objects == {"x": "b"}
    assert told.codes() == {"a.yaml": ["duplicate_object"]}
    assert str(tmp_path / "b.yaml") + ":2" in told.problems[str(tmp_path / "a.yaml")][0].message


def test_a_broken_file_is_reported_and_the_others_are_served(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: b: c\n")
    (tmp_path / "b.yaml").write_text(config_map("b"))
    _, told = read(tmp_path)
    assert told.objects == {"b": "1"}
    assert told.codes() == {"a.yaml": ["syntax_error"]}


async def test_a_save(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a") + config_map("b"))
    async with watched(tmp_path) as watching:
        file.write_text("# moved\n" + config_map("a", "2") + config_map("c"))
        await watching.until_objects(a="2", c="1")
        assert watching.source.origins.locate(key("a")) == Location(str(file), 3)


async def test_a_save_of_the_same_content_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    async with watched(tmp_path) as watching:
        file.write_text("# another text, the same object\n" + config_map("a"))
        (tmp_path / "b.yaml").write_text(config_map("b"))
        # Told fails when an object is said twice.
        await watching.until_objects(a="1", b="1")


def test_a_file_that_is_emptied_to_be_written_keeps_its_objects(tmp_path: Path) -> None:
    """As ``open(path, "w")`` does it: for a moment there is nothing in the file."""
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    source, told = read(tmp_path)
    file.write_text("")
    filling = threading.Timer(0.005, file.write_text, [config_map("a", "2")])
    filling.start()
    told.hear(source._refresh())
    filling.join()
    assert told.objects == {"a": "2"}
    file.write_text("")
    told.hear(source._refresh())
    assert told.objects == {}, "one that stays empty is"


async def test_an_atomic_rename(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    async with watched(file) as watching:
        for value in ("2", "3"):
            (tmp_path / ".a.yaml.swp").write_text(config_map("a", value))
            os.replace(tmp_path / ".a.yaml.swp", file)
            await watching.until_objects(a=value)


async def test_a_symlink_swap_as_kubelet_does_it(tmp_path: Path) -> None:
    def version(number: int) -> None:
        folder = tmp_path / f"..2026_{number}"
        folder.mkdir()
        (folder / "a.yaml").write_text(config_map("a", str(number)))
        (tmp_path / "..data_tmp").symlink_to(folder.name)
        os.replace(tmp_path / "..data_tmp", tmp_path / "..data")

    version(1)
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    async with watched(tmp_path) as folder, watched(tmp_path / "a.yaml") as file:
        for number in (2, 3):
            version(number)
            shutil.rmtree(tmp_path / f"..2026_{number - 1}")
            await folder.until_objects(a=str(number))
            await file.until_objects(a=str(number))


async def test_a_link_to_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "k8s").mkdir()
    target = tmp_path / "elsewhere" / "a.yaml"
    target.write_text(config_map("a"))
    (tmp_path / "k8s" / "a.yaml").symlink_to(target)
    async with watched(tmp_path / "k8s") as watching:
        target.write_text(config_map("a", "2"))
        await watching.until_objects(a="2")


async def test_new_folders_and_deleted_ones(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    async with watched(tmp_path) as watching:
        (tmp_path / "deep" / "deeper").mkdir(parents=True)
        (tmp_path / "deep" / "deeper" / "b.yaml").write_text(config_map("b"))
        await watching.until_objects(a="1", b="1")
        (tmp_path / "deep" / "deeper" / "b.yaml").write_text(config_map("b", "2"))
        await watching.until_objects(a="1", b="2")
        shutil.rmtree(tmp_path / "deep")
        await watching.until_objects(a="1")


async def test_a_folder_that_is_exchanged(tmp_path: Path) -> None:
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "a.yaml").write_text(config_map("a"))
    async with watched(folder) as watching:
        for value in ("2", "3"):
            (tmp_path / "new").mkdir()
            (tmp_path / "new" / "a.yaml").write_text(config_map("a", value))
            folder.rename(tmp_path / f"old-{value}")
            (tmp_path / "new").rename(folder)
            await watching.until_objects(a=value)
            (folder / "a.yaml").write_text(config_map("a", f"{value} again"))
            await watching.until_objects(a=f"{value} again")


@pytest.mark.parametrize("given", ["k8s", "k8s/a.yaml"])
async def test_a_path_that_vanishes_and_comes_back(tmp_path: Path, given: str) -> None:
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "a.yaml").write_text(config_map("a"))
    async with watched(tmp_path / given) as watching:
        shutil.rmtree(folder)
        await watching.until_objects()
        await watching.until(lambda told: [*told.codes().values()] == [["unreadable_path"]])
        folder.mkdir()
        (folder / "a.yaml").write_text(config_map("a", "2"))
        await watching.until_objects(a="2")
        await watching.until(lambda told: not told.problems)


async def test_a_deleted_file_takes_its_objects_and_problems_along(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a") + "---\na: b: c\n")
    (tmp_path / "b.yaml").write_text(config_map("b"))
    async with watched(tmp_path) as watching:
        assert watching.told.codes() == {"a.yaml": ["syntax_error"]}
        (tmp_path / "a.yaml").unlink()
        await watching.until_objects(b="1")
        await watching.until(lambda told: not told.problems)


async def test_broken_then_fixed(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a") + config_map("b"))
    async with watched(tmp_path) as watching:
        file.write_text(config_map("a", "2") + "---\nb: c: d\n")
        await watching.until(lambda told: told.codes() == {"a.yaml": ["syntax_error"]})
        assert watching.told.objects == {"a": "2", "b": "1"}
        file.write_text(config_map("a", "3"))
        await watching.until_objects(a="3")
        await watching.until(lambda told: not told.problems)


async def test_an_invalid_object_keeps_its_last_good_version(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a") + config_map("b") + config_map("c"))
    async with watched(tmp_path) as watching:
        invalid = config_map("b").replace("'1'", "true")
        file.write_text(config_map("a", "2") + invalid)
        await watching.until_objects(a="2", b="1")
        await watching.until(lambda told: told.codes() == {"a.yaml": ["wrong_type"]})
        (problem,) = watching.told.problems[str(file)]
        assert (problem.key, problem.path) == (key("b"), "data.value")
        assert problem.location == Location(str(file), 14)
        file.write_text(config_map("a", "2") + config_map("b", "3"))
        await watching.until_objects(a="2", b="3")
        await watching.until(lambda told: not told.problems)


async def test_the_second_takes_over_when_the_first_disappears(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("x", "a"))
    (tmp_path / "b.yaml").write_text(config_map("x", "b"))
    async with watched(tmp_path) as watching:
        assert watching.told.objects == {"x": "a"}
        assert watching.told.codes() == {"b.yaml": ["duplicate_object"]}
        (tmp_path / "a.yaml").unlink()
        await watching.until_objects(x="b")
        await watching.until(lambda told: not told.problems)


async def test_a_file_that_cannot_be_read_keeps_its_objects(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(config_map("a").encode())
    async with watched(tmp_path) as watching:
        file.write_bytes(b"\xff\xff")
        await watching.until(lambda told: told.codes() == {"a.yaml": ["not_utf8"]})
        assert watching.told.objects == {"a": "1"}


async def test_changes_after_reading_say_only_what_changed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    source = FileSource([str(tmp_path)])
    source.read()
    (tmp_path / "b.yaml").write_text(config_map("b"))
    async with contextlib.aclosing(source.changes()) as batches, asyncio.timeout(PATIENCE_SECONDS):
        batch = await anext(batches)
    assert [change.object.key for change in batch if isinstance(change, Applied)] == [key("b")]
    assert len(batch) == 1


def test_reading_nothing_again_says_its_problems_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("nowhere")
    source = FileSource([str(tmp_path)])
    first = source.read()
    assert [type(change) for change in first] == [Reported, Synced]
    assert source.read() == first


def test_a_path_that_cannot_be_looked_at_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(SourceError, match="loop: too many levels of symbolic links"):
        FileSource([str(tmp_path / "loop")])


async def test_a_folder_that_cannot_be_listed_for_a_moment_keeps_its_objects(tmp_path: Path) -> None:
    (tmp_path / "k8s" / "sub").mkdir(parents=True)
    (tmp_path / "k8s" / "a.yaml").write_text(config_map("a"))
    (tmp_path / "k8s" / "sub" / "b.yaml").write_text(config_map("b") + "---\nb: c: d\n")
    (tmp_path / "c.yaml").write_text(config_map("a", "loser") + config_map("c"))
    async with watched(tmp_path / "k8s", tmp_path / "c.yaml") as watching:
        objects, problems = dict(watching.told.objects), dict(watching.told.problems)
        assert objects == {"a": "1", "b": "1", "c": "1"}
        assert watching.told.codes() == {"b.yaml": ["syntax_error"], "c.yaml": ["duplicate_object"]}
        with free_descriptors(0):
            os.utime(tmp_path / "c.yaml")
            # What is in the folder is not reported as well; the file that was given has to be opened by itself.
            await watching.until(
                lambda told: (
                    told.codes()
                    == {
                        "k8s": ["unreadable_path"],
                        "b.yaml": ["syntax_error"],
                        "c.yaml": ["unreadable_path", "duplicate_object"],
                    }
                )
            )
            assert watching.told.objects == objects
        # Nothing changes that could be notified of.
        await watching.until(lambda told: told.problems == problems)
        assert watching.told.objects == objects
        (tmp_path / "k8s" / "sub" / "b.yaml").write_text(config_map("b", "2"))
        await watching.until_objects(a="1", b="2", c="1")


async def test_what_goes_from_a_folder_that_cannot_be_listed_is_gone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "b.yaml").write_text(config_map("b"))
    async with watched(tmp_path) as watching:
        with free_descriptors(0):
            (tmp_path / "a.yaml").unlink()
            await watching.until_objects(b="1")
        await watching.until(lambda told: not told.problems)


@pytest.mark.parametrize(
    ("target", "reason"),
    [("/proc/self/mem", "input/output error"), ("a.yaml", "too many levels of symbolic links")],
)
async def test_a_file_that_cannot_be_read_for_a_moment_keeps_its_objects(
    tmp_path: Path, target: str, reason: str
) -> None:
    file, aside = tmp_path / "a.yaml", tmp_path / ".aside"
    file.write_text(config_map("a") + config_map("b"))
    async with watched(tmp_path) as watching:
        file.rename(aside)
        aside.with_name(".link").symlink_to(target)
        aside.with_name(".link").rename(file)
        await watching.until(lambda told: told.codes() == {"a.yaml": ["unreadable_path"]})
        (problem,) = watching.told.problems[str(file)]
        assert problem.message == f"{file} cannot be read: {reason}."
        assert watching.told.objects == {"a": "1", "b": "1"}
        aside.rename(file)
        await watching.until(lambda told: not told.problems)
        assert watching.told.objects == {"a": "1", "b": "1"}
        file.write_text(config_map("b", "2"))
        await watching.until_objects(b="2")


async def test_saves_are_seen_without_notifications(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(config_map("a"))
    with free_descriptors(TOO_FEW_FOR_NOTIFICATIONS):
        async with watched(tmp_path) as watching:
            for value in ("2", "3"):
                file.write_text(config_map("a", value))
                await watching.until_objects(a=value)
            (tmp_path / "b.yaml").write_text(config_map("b"))
            await watching.until_objects(a="3", b="1")


def test_a_folder_of_a_program_has_other_files_too(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "package.json").write_text('{"name": "shop"}')
    (tmp_path / "tsconfig.json").write_text("{\n  // comment\n}")
    source, told = read(tmp_path)
    assert (told.objects, told.problems) == ({"a": "1"}, {})
    assert source.passed_over == {OTHER_DOCUMENT: 2}
    _, told = read(tmp_path, tmp_path / "tsconfig.json")
    assert told.codes() == {"tsconfig.json": ["not_an_object"]}


async def test_a_file_that_held_objects_is_a_manifest(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(
        json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"value": "1"}})
    )
    async with watched(tmp_path) as watching:
        file.write_text("{")
        await watching.until(lambda told: told.codes() == {"a.json": ["syntax_error"]})
        assert watching.told.objects == {"a": "1"}


async def test_a_link_in_a_folder_to_nothing_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "b.yaml").symlink_to(".b.yaml")
    async with watched(tmp_path) as watching:
        assert watching.told.codes() == {"b.yaml": ["dangling_link"]}
        (problem,) = watching.told.problems[str(tmp_path / "b.yaml")]
        assert (problem.severity, str(problem.location)) == (Severity.WARNING, str(tmp_path / "b.yaml"))
        (tmp_path / ".b.yaml").write_text(config_map("b"))
        await watching.until_objects(a="1", b="1")
        await watching.until(lambda told: not told.problems)


def test_the_problem_of_a_folder_has_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "b.yaml").write_text(config_map("b"))
    monkeypatch.setattr(listing, "MOST_FILES", 1)
    _, told = read(tmp_path)
    (problem,) = told.problems[str(tmp_path)]
    assert str(problem.location) == str(tmp_path)
