"""A pack as a zip: nothing in it leaves its folder, fills the disk or overwrites anything."""

import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.archive import unpack
from content.folder import BYTES_LIMIT, FILES_LIMIT, Refused
from content.loader import compile_pack
from tests.content.samples import FILES


def zipped(where, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(where, "w", compression) as archive:
        for name, text in files:
            archive.writestr(name, text)
    return where


@pytest.mark.parametrize("top", ["", "mypack/"])
def test_a_sound_pack_comes_out_whole(tmp_path, top):
    archive = zipped(tmp_path / "a.zip", [(top + name, text) for name, text in FILES.items()])
    names = unpack(archive, tmp_path / "out")
    assert names == sorted(FILES)
    assert compile_pack(tmp_path / "out").usable


HOSTILE = [
    "../pack.yaml", "a/../../pack.yaml", "/etc/pack.yaml", "C:/pack.yaml", "C:pack.yaml", "a\\..\\pack.yaml", "a//b.yaml", "./pack.yaml",
    "", "..", "a/", "pack.yaml\0.md", "a/b/c/d/e/f/g/h/i.yaml", "con\n.yaml", "x" * 200 + ".yaml", "\u202eyaml.exe", "run.sh", "pack.py",
    "pack", "a/.ssh/../../x.md",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_writes_nothing_outside(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as made:
        made.writestr("pack.yaml", "id: x\n")
        entry = zipfile.ZipInfo("x")
        entry.filename = name or "x"
        made.writestr(entry, "harm")
    try:
        names = unpack(tmp_path / "b.zip", tmp_path / "room" / "out")
    except Refused:
        names = []
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert all(one == "b.zip" or one.startswith("room/out/") for one in written)
    assert set(names) <= {"pack.yaml"}


def special(tmp_path, kind, name="pack.yaml", text="/etc/passwd"):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (kind | 0o644) << 16
        archive.writestr(entry, text)
    return tmp_path / "a.zip"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path, kind):
    with pytest.raises(Refused, match="link or a device"):
        unpack(special(tmp_path, kind), tmp_path / "out")


def test_a_bomb_is_refused_by_what_it_says(tmp_path):
    archive = zipped(tmp_path / "a.zip", [("pack.yaml", "0" * BYTES_LIMIT)])
    with pytest.raises(Refused, match="tightly"):
        unpack(archive, tmp_path / "out")


def test_a_bomb_that_lies_about_its_size_is_refused_by_what_arrives(tmp_path):
    archive = zipped(tmp_path / "a.zip", [("pack.yaml", "0" * 8 * BYTES_LIMIT)])
    data = bytearray(archive.read_bytes())
    said = struct.pack("<I", 8 * BYTES_LIMIT)
    while (at := data.find(said)) >= 0:
        data[at : at + 4] = struct.pack("<I", 100)
    archive.write_bytes(data)
    with pytest.raises(Refused):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([("pack.yaml", "x" * (BYTES_LIMIT + 1))], "larger"),
        ([(f"lessons/{at}.md", "x") for at in range(FILES_LIMIT + 1)], "more than"),
        ([("pack.yaml", "x"), ("Pack.yaml", "y")], "twice"),
        ([(f"a/{at}.md", "ab" * 100_000) for at in range(400)], "unpacked larger"),
    ],
)
def test_too_much_is_refused(tmp_path, files, why):
    with pytest.raises(Refused, match=why):
        unpack(
            zipped(tmp_path / "a.zip", files, zipfile.ZIP_STORED if why == "larger" else zipfile.ZIP_DEFLATED),
            tmp_path / "out",
        )


def test_hidden_files_are_left_out(tmp_path):
    archive = zipped(tmp_path / "a.zip", [("pack.yaml", "id: x\n"), (".git/config.txt", "x"), ("__MACOSX/x.md", "x")])
    assert unpack(archive, tmp_path / "out") == ["pack.yaml"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.md").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        unpack(zipped(tmp_path / "a.zip", [("pack.yaml", "id: x\n")]), tmp_path / "out")


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_refused_or_unpacked(tmp_path_factory, junk, at, byte):
    where = tmp_path_factory.mktemp("zip")
    data = bytearray(zipped(where / "a.zip", [("pack.yaml", "id: x\n"), ("map.yaml", "topics: {}\n")]).read_bytes())
    data[at % len(data)] = byte
    for bad in (junk, bytes(data)):
        (where / "b.zip").write_bytes(bad)
        out = where / f"out{len(bad)}"
        try:
            unpack(where / "b.zip", out)
        except Refused:
            continue
