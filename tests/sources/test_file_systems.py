from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.sources import file_systems
from ingressd.sources.file_systems import SilentFolder, file_system_of, first_silent, mounted

TABLE = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:40 / /home rw,relatime shared:1 master:2 - nfs4 server:/home rw,vers=4.2
41 40 254:1 /@ /home/fast rw - btrfs /dev/vdb rw
42 27 0:42 / /mnt/two\040words\134x rw - fuse.sshfs somewhere: rw
43 27 0:43 / /mnt/over rw - tmpfs tmpfs rw
44 43 0:44 / /mnt/over rw - 9p share rw
"""


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    monkeypatch.setattr(file_systems, "_MOUNTS", str(table))
    return table


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/homes/a", "ext4"),
        ("/home", "nfs4"),
        ("/home/a/k8s", "nfs4"),
        ("/home/fast/k8s", "btrfs"),
        ("/mnt/two words\\x/k8s", "fuse.sshfs"),
        ("/mnt/over", "9p"),
    ],
)
def test_the_nearest_mount_above_counts(folder: str, kind: str) -> None:
    assert file_system_of(folder, mounted(TABLE)) == kind


@pytest.mark.parametrize("table", ["", "nonsense\n\n", "1 2 3 - nfs\n", "27 1 254:0 / / rw ext4\n"])
def test_what_the_table_does_not_have_is_unknown(table: str) -> None:
    assert mounted(table) == {}
    assert file_system_of("/a", {}) == ""


NAMES = st.lists(st.sampled_from("ab"), max_size=4).map(lambda names: "/" + "/".join(names))


@given(st.dictionaries(NAMES, st.sampled_from(["ext4", "nfs"])), NAMES)
def test_it_is_the_longest_mount_point_that_holds_the_folder(mounts: dict[str, str], folder: str) -> None:
    holding = [mount for mount in mounts if f"{folder}/".startswith(f"{mount.rstrip('/')}/")]
    expected = mounts[max(holding, key=len)] if holding else ""
    assert file_system_of(folder, mounts) == expected


@pytest.mark.usefixtures("mounts")
def test_the_first_silent_folder() -> None:
    assert first_silent(["/srv", "/home/b", "/home/a"]) == SilentFolder("/home/a", "nfs4")
    assert first_silent(["/mnt/two words\\x"]) == SilentFolder("/mnt/two words\\x", "fuse.sshfs")
    assert first_silent(["/srv", "/home/fast"]) is None


def test_without_a_table_every_change_is_expected_to_be_told(mounts: Path) -> None:
    mounts.unlink()
    assert first_silent(["/home/a"]) is None
