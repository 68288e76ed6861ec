"""In-flight batching: choices join and leave the running batch between steps.

A step drops what was cancelled and then works for one lane: it reads a bounded piece of waiting
prompts and appends one token to each of the lane's rows. The bare model is a lane, together with
the adapters that the lean decoder runs in its company; every other adapter is a lane of its own.
Those with something to do take turns, so that none starves.
"""

from llmkit.engine.backends.queued import QueuedBackend
from llmkit.engine.lane import Lane
from llmkit.engine.loading import LoadedModel
from llmkit.engine.requests import Choice, GenerationRequest
from llmkit.engine.runner import Runner


class Scheduler(QueuedBackend):
    """The queue and the lanes of one model."""

    kind = "inflight"

    def __init__(self, runner: Runner, *, max_running: int = 8, max_waiting: int = 64) -> None:
        super().__init__(runner.loaded, max_running=max_running, max_waiting=max_waiting)
        self.runner = runner
        self.steps = 0
        self._lanes: list[Lane] = []  # in the order of their turns
        self._working: Lane | None = None

    def accepts(self, request: GenerationRequest) -> bool:
        return request.loaded.batches

    def held(self) -> list[Choice]:
        return [choice for lane in list(self._lanes) for choice in lane.held]

    def step(self) -> None:
        """One round: drop, and for the lane whose turn it is admit, read and append a token."""
        self.steps += 1
        self.drop_cancelled()
        lane = self._working = self._next_lane()
        if lane is not None:
            others_wait = len(self.held()) > len(lane.held)
            lane.read_prompts(lambda: self._admit(lane), others_wait=others_wait)
            if lane.rows:
                lane.append_tokens()

    def _next_lane(self) -> Lane | None:
        """The first lane in turn that can do something; it goes to the end of the line."""
        with self._changed:
            self._open_and_close_lanes()
            for lane in self._lanes:
                if lane.held or self._startable(lane):
                    self._lanes = [*(other for other in self._lanes if other is not lane), lane]
                    return lane
        return None

    def _open_and_close_lanes(self) -> None:
        """A lane for everything that is asked for, and none that keeps an adapter from leaving."""
        companies = (choice.request.loaded.company for choice in self._waiting)
        wanted = {id(company): company for company in companies}
        for lane in [lane for lane in self._lanes if not lane.held]:
            if id(lane.loaded) not in wanted:
                lane.runner.release()
                self._lanes.remove(lane)
        known = {id(lane.loaded) for lane in self._lanes}
        self._lanes += [Lane(self._runner(w)) for key, w in wanted.items() if key not in known]

    def _runner(self, loaded: LoadedModel) -> Runner:
        return self.runner if loaded is self.loaded else Runner(loaded)

    def _startable(self, lane: Lane) -> Choice | None:
        """The lane's oldest waiting choice, if a row is left for it and for everyone before it."""
        for place, choice in enumerate(self._waiting):
            if self.running + place >= self.max_running:
                return None
            if choice.request.loaded.company is lane.loaded:
                return choice
        return None

    def _admit(self, lane: Lane) -> Choice | None:
        with self._changed:
            choice = self._startable(lane)
            if choice is None:
                return None
            lane.reading = choice
            self._waiting.remove(choice)
            choice.request.tell_position(0)
            self._tell_positions()
        lane.begin(choice)
        return choice

    def leave(self, choice: Choice) -> None:
        for lane in self._lanes:
            lane.leave(choice)

    def let_go(self) -> list[Choice]:
        """What the lane that failed held; the others go on."""
        return self._working.let_go() if self._working is not None else []

    def release(self) -> None:
        self._lanes.clear()
        self.runner.release()
