"""``kill -9`` of the playground while its clock runs: nothing lost, nothing doubled, the database whole."""

import random
import shutil
import time

import pytest

from tests.faults.playground import BLIND, DIE_AFTER_POST, Playground


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A playground's database before anything happened, so that each test need not make its own."""
    first = Playground(tmp_path_factory.mktemp("seeded"))
    first.start()
    first.settle()
    return first.database


def begin(folder, seeded, faults=""):
    shutil.copy(seeded, folder)
    playground = Playground(folder, faults)
    playground.start()
    return playground


def test_kill_at_random_moments(tmp_path, seeded, rounds, figures):
    kills, move = rounds(2, 50), f"+{rounds(1, 14)}d"
    chance = random.Random(20261120)
    playground = begin(tmp_path, seeded)
    playground.move(move)
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.6))
        playground.kill()
        playground.start()
        if not playground.state()["running"]:  # it arrived between two kills: go on as far again
            playground.move(move)
    playground.wait()
    playground.settle()
    wrong = playground.losses()
    figures(
        "P1", kills=kills, lessons=playground.lessons(), lost=wrong["lost"], doubled=wrong["doubled"], held=playground.held()
    )  # fmt: skip
    assert not wrong


def died_between_post_and_result(tmp_path, seeded, faults):
    """The process dies right after a message is posted and before that is recorded."""
    playground = begin(tmp_path, seeded, faults)
    playground.move("+1d")
    deaths = 0
    while not playground.wait():
        deaths += 1
        playground.start()
    playground.settle()
    assert deaths == 1
    return playground


def test_death_between_post_and_result_is_looked_up(tmp_path, seeded):
    assert not died_between_post_and_result(tmp_path, seeded, DIE_AFTER_POST).losses()


def test_control_without_the_look_up_messages_double(tmp_path, seeded):
    assert died_between_post_and_result(tmp_path, seeded, DIE_AFTER_POST + BLIND).losses()["doubled"] > 0
