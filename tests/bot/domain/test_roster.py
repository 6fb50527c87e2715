"""A list of people: every mistake with its line, and nothing a spreadsheet would run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people import Role
from bot.domain.roster import COLUMNS, Entry, Mistakes, read, written


def mistakes(text):
    with pytest.raises(Mistakes) as caught:
        read(text)
    return [(one.line, one.text) for one in caught.value.found]


def test_a_list_is_read_with_its_lines():
    text = "\ufeffaccount,Name,team,manager,rights,zone,region,tracks\r\nU1,Ann,Blue,U2,host; author,Asia/Tokyo,de-be,a;b\r\n\r\nU2,,-,,-,,,\r\n"
    first, second = read(text)
    assert first == Entry(
        line=2,
        account="U1",
        name="Ann",
        team="Blue",
        manager="U2",
        rights=frozenset({Role.HOST, Role.AUTHOR}),
        zone="Asia/Tokyo",
        region="DE-BE",
        tracks=("a", "b"),
    )
    assert second == Entry(line=4, account="U2", team="", rights=frozenset())


def test_all_mistakes_are_told_at_once_by_line():
    text = (
        "account,team,manager,rights,zone,region\n"
        "U1,Blue,U9,boss,,\nU1,,,,Berlin,\n,,,,,\nU2,,U9,,,Atlantis\nU3,Blue,U8,,,\nU4,x\n-,,,,,\n"
    )
    assert [line for line, _ in mistakes(text)] == [2, 3, 3, 5, 5, 7, 8]


def test_two_managers_of_one_team_are_a_mistake():
    assert mistakes("account,team,manager\nU1,Blue,U9\nU2,blue,U8\n") == [(3, "blue has another manager on line 2")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("name\nAnn\n", "'account' is missing"),
        ("account,shoe\nU1,44\n", "no column 'shoe'"),
        ("account,account\nU1,U1\n", "twice"),
        ('account\n"U1\n', "no table"),
        ("account\n" + "U\n" * 20_001, "more than 20,000"),
    ],
)
def test_what_is_no_list_is_told(text, says):
    assert says in mistakes(text)[0][1]


def test_no_cell_is_a_formula_for_a_spreadsheet():
    bad = ["=1+1", "+1", "-1", "@x", "\tx", "'=1"]
    text = written({"account": f"U{at}", "name": cell} for at, cell in enumerate(bad))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert all(row["name"][0] == "'" for row in rows)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20),
        max_size=5,
        unique=True,
    )
)
def test_what_is_written_is_read_again(names):
    rows = [{"account": f"U{at}", "name": name, "team": name} for at, name in enumerate(names)]
    if rows:
        again = [(one.account, one.name) for one in read(written(rows))]
        assert again == [(row["account"], row["name"]) for row in rows]


def test_the_columns_are_those_of_an_entry():
    assert set(COLUMNS) <= {*Entry.__struct_fields__}
