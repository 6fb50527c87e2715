"""Compiling a pack: the same files give the same bytes, and the bytes give the same pack."""

import json
import os

import msgspec
import pytest

from content.loader import CORE, compile_pack, decode, encode, fingerprint, version
from content.reader import read_pack
from tests.content.samples import edited, write


def test_a_pack_survives_its_bytes(tmp_path):
    compiled = compile_pack(write(tmp_path, {}))
    assert compiled.usable
    assert decode(encode(compiled.pack)) == compiled.pack


def test_the_same_pack_has_the_same_name_wherever_it_lies(tmp_path):
    one, other = (encode(compile_pack(write(tmp_path / name, {})).pack) for name in ("one", "other"))
    assert one == other
    assert version(one) == version(other)
    assert len(version(one)) == 64


def test_any_edit_gives_another_name(tmp_path):
    one = compile_pack(write(tmp_path / "one", {})).pack
    other = compile_pack(write(tmp_path / "other", edited("glossary/data.yaml", "One line", "A line"))).pack
    assert version(encode(one)) != version(encode(other))


def test_a_pack_with_errors_is_not_usable(tmp_path):
    compiled = compile_pack(write(tmp_path, edited("glossary/data.yaml", "[book]", "[bok]")))
    assert not compiled.usable
    assert {problem.code for problem in compiled.problems} == {"E117"}


def test_warnings_do_not_stop_a_pack(tmp_path):
    assert compile_pack(write(tmp_path, edited("glossary/data.yaml", "A way", "A careless way"))).usable


def test_an_empty_folder_is_an_error_and_no_exception(tmp_path):
    assert {problem.code for problem in compile_pack(tmp_path).problems} == {"E105"}


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"id": 1}', b"\xff"])
def test_foreign_bytes_are_refused(data):
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_unknown_fields_in_bytes_are_refused(tmp_path):
    fields = json.loads(encode(compile_pack(write(tmp_path, {})).pack))
    with pytest.raises(msgspec.ValidationError):
        decode(json.dumps({**fields, "code": "x"}).encode())


def test_a_fingerprint_follows_names_sizes_and_times(tmp_path):
    write(tmp_path, {})
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    os.utime(tmp_path / "map.yaml", ns=(1, 1))
    second = fingerprint(tmp_path)
    assert second != first
    (tmp_path / "map.yaml").rename(tmp_path / "mop.yaml")
    assert fingerprint(tmp_path) not in {first, second}


def test_the_core_pack_is_sound():
    problems = compile_pack(CORE).problems
    assert not problems, "\n".join(problem.as_line() for problem in problems)


def test_the_core_pack_knows_its_programme():
    source = read_pack(CORE)
    assert len(source.requirements) == 262
    assert len(source.facts) == 73
    assert len(source.pack.topics) == 18
