"""Whatever dies in the middle of an answer, what a person has seen of it is kept."""

import sqlite3
from contextlib import closing

import pytest

from tests.processes import TALKER, Chatter, load_of, wait_until_idle
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.faults


def test_a_killed_web_process_loses_nothing_that_was_shown(
    site: RunningSite, engine: RunningSite, chatter: Chatter
) -> None:
    answer = chatter.send("Tell me everything.")
    with chatter.watch(answer) as watcher:
        watcher.until_writing()
        site.kill("web")
        watcher.until_closed()
    wait_until_idle(engine)
    site.start_web()
    with chatter.watch(answer) as again:
        assert again.until_end() == "interrupted"
    assert again.text.startswith(watcher.text)
    assert "Interrupted" in chatter.shown(answer)


def test_a_web_process_that_is_asked_to_end_interrupts_its_answers_at_once(
    site: RunningSite, engine: RunningSite, chatter: Chatter
) -> None:
    answer = chatter.send("Tell me everything.")
    with chatter.watch(answer) as watcher:
        watcher.until_writing()
        site.stop("web")
        watcher.until_closed()
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3")) as database:
        query = "SELECT text, state FROM chat_message m JOIN chat_generation g ON m.id = message_id"
        found = database.execute(f"{query} WHERE m.id = ?", [answer]).fetchall()
    [(text, state)] = found
    assert state == "interrupted"
    assert text.startswith(watcher.text)
    wait_until_idle(engine)


def test_a_killed_engine_leaves_the_text_and_messages_wait_for_its_return(
    site: RunningSite, engine: RunningSite, chatter: Chatter
) -> None:
    answer = chatter.send("Tell me everything.")
    with chatter.watch(answer) as watcher:
        watcher.until_writing()
        engine.kill("engine")
        assert watcher.until_end() == "interrupted"
    assert "Regenerate" in chatter.shown(answer)
    chatter.form["max_tokens"] = "20"
    assert chatter.post(f"{chatter.path}/settings", **chatter.form).status_code == 200
    other = Chatter(site, site.owner())
    stop_while_waiting(other)
    waiting = other.send("And now?", max_tokens="20")
    with chatter.watch(chatter.regenerate(answer)) as again, other.watch(waiting) as first:
        engine.start_engine()
        assert again.until_end() == first.until_end() == "done"
    assert len(again.text) == len(first.text) == 20
    assert watcher.text.startswith(again.text)


def stop_while_waiting(chatter: Chatter) -> None:
    stopped = chatter.send("Are you there?")
    with chatter.watch(stopped) as watcher:
        chatter.stop(stopped)
        assert watcher.until_end() == "stopped"


def test_a_stopped_answer_frees_the_engine(engine: RunningSite, chatter: Chatter) -> None:
    answer = chatter.send("Tell me everything.")
    with chatter.watch(answer) as watcher:
        watcher.until_writing()
        assert load_of(engine) == (1, 0)
        chatter.stop(answer)
        assert watcher.until_end() == "stopped"
    wait_until_idle(engine)
    assert chatter.text_of(answer) == watcher.text


def test_a_deleted_conversation_frees_the_engine(engine: RunningSite, chatter: Chatter) -> None:
    answer = chatter.send("Tell me everything.")
    with chatter.watch(answer) as watcher:
        watcher.until_writing()
        chatter.post(f"{chatter.path}/delete")
        wait_until_idle(engine)


def test_other_models_answer_while_one_is_damaged(engine: RunningSite, chatter: Chatter) -> None:
    models = engine.data_dir / "models"
    damaged = models / "damaged"
    damaged.mkdir()
    for source in (models / TINY_MODEL).iterdir():
        whole = source.read_bytes()
        is_weights = source.suffix == ".safetensors"
        (damaged / source.name).write_bytes(whole[: len(whole) // 2] if is_weights else whole)
    answer = chatter.send("Hello", model="damaged")
    with chatter.watch(answer) as watcher:
        assert watcher.until_end() == "failed"
    assert "The model folder damaged is damaged or incomplete" in chatter.shown(answer)
    answer = chatter.send("Hello", model=TALKER, max_tokens="20")
    with chatter.watch(answer) as watcher:
        assert watcher.until_end() == "done"


def test_a_full_queue_is_said_in_a_sentence(site: RunningSite, chatter: Chatter) -> None:
    people = [Chatter(site, site.owner()) for _ in range(2)]
    running = people[0].send("Tell me everything.")
    with people[0].watch(running) as watcher:
        watcher.until_writing()
        waiting = people[1].send("Me too.")
        with people[1].watch(waiting) as line:
            line.until("a place in line", lambda w: w.position == 1)
            refused = chatter.send("And me.")
            with chatter.watch(refused) as watcher:
                assert watcher.until_end() == "failed"
            assert "is busy" in chatter.shown(refused)
            people[1].stop(waiting)
        people[0].stop(running)
