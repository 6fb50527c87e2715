"""``kill -9`` of the playground while its clock runs: nothing lost, nothing doubled, the database whole."""

import random
import time

from tests.faults.playground import BLIND, DIE_AFTER_POST, Playground


def test_kill_at_random_moments(tmp_path, rounds, figures):
    kills = rounds(6, 50)
    chance = random.Random(20261120)
    playground = Playground(tmp_path)
    playground.start()
    playground.move("+2w")
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 0.6))
        playground.kill()
        playground.start()
        if not playground.state()["running"]:  # two weeks went by: go on for two more
            playground.move("+2w")
    playground.wait()
    playground.settle()
    wrong = playground.losses()
    figures(kills=kills, lessons=playground.lessons(), lost=wrong["lost"], doubled=wrong["doubled"])
    assert not wrong


def _died_between_post_and_result(tmp_path, faults: str) -> Playground:
    """The process dies three times right after a message is posted and before that is recorded."""
    playground = Playground(tmp_path, faults)
    playground.start()
    playground.move("+3d")
    deaths = 0
    while not playground.wait():
        deaths += 1
        playground.start()
    playground.settle()
    assert deaths == 3
    return playground


def test_death_between_post_and_result_is_looked_up(tmp_path):
    assert not _died_between_post_and_result(tmp_path, DIE_AFTER_POST).losses()


def test_control_without_the_look_up_messages_double(tmp_path):
    assert _died_between_post_and_result(tmp_path, DIE_AFTER_POST + BLIND).losses()["doubled"] > 0
