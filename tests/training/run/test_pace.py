"""How long a run will still take, by hand."""

import pytest

from training.run.pace import LOOKING, SAVING, TRAINING, Pace, usual


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_slow_first_step_and_pauses_do_not_spoil_what_is_left() -> None:
    """10 steps of 2 s (the first of 30), a look of 5 s every 4 steps, a checkpoint of 1 s every 5.

    After step 6: 4 steps, looks at 8 and 10, a checkpoint at 10: 4 × 2 + 2 × 5 + 1.
    """
    clock = Clock()
    pace = Pace(clock)
    pace.every = {LOOKING: 4, SAVING: 5}
    pace.enter(TRAINING)
    for step in range(1, 7):
        clock.now += 30 if step == 1 else 2
        pace.stepped()
        if step == 1:
            assert pace.left(step, 10) is None
        for phase, seconds in ((LOOKING, 5), (SAVING, 1)):
            if step % pace.every[phase] == 0:
                pace.enter(phase)
                clock.now += seconds
                pace.enter(TRAINING)
    assert pace.left(6, 10) == pytest.approx(4 * 2 + 2 * 5 + 1)
    assert pace.left(6, 0) is None


def test_an_odd_step_is_left_out_of_the_mean_and_the_last_fifty_count() -> None:
    assert usual([1.0] * 9 + [100.0]) == 1.0
    assert usual([2.0, 4.0]) == 3.0
    clock = Clock()
    pace = Pace(clock)
    pace.enter(TRAINING)
    for step in range(80):
        clock.now += 9 if step < 30 else 1
        pace.stepped()
    assert pace.left(80, 90) == 10
