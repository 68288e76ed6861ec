"""transformers' Trainer inside a run's folder: what it says, when it stops, where it goes on."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from training.methods.schedule import Schedule
from training.run import checkpoints
from training.run.errors import Stopped
from training.run.memory import memory_held
from training.run.work import Work

NAMES = {
    "loss": "loss",
    "eval_loss": "held_out_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "gradient_norm",
    "epoch": "epoch",
    "mean_token_accuracy": "token_accuracy",
    "entropy": "entropy",
}
NONE: Mapping[str, str] = {}
Samples = Callable[[int], None]


def arguments(schedule: Schedule, work: Work, *, evaluates: bool) -> dict[str, Any]:
    """Those of transformers' TrainingArguments that every method sets alike."""
    early = schedule.patience > 0 and evaluates
    return {
        "output_dir": str(work.folder.checkpoints),
        "max_steps": schedule.max_steps or -1,
        "num_train_epochs": schedule.epochs,
        "per_device_train_batch_size": schedule.batch_size,
        "per_device_eval_batch_size": schedule.batch_size,
        "gradient_accumulation_steps": schedule.accumulate,
        "learning_rate": schedule.learning_rate,
        "lr_scheduler_type": schedule.decay,
        "warmup_steps": schedule.warmup,
        "weight_decay": schedule.weight_decay,
        "max_grad_norm": schedule.gradient_clip,
        "seed": schedule.seed,
        "data_seed": schedule.seed,
        "logging_steps": 1,
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": schedule.evaluate_every,
        "save_strategy": "steps",
        "save_steps": schedule.evaluate_every if early else schedule.save_every,
        "save_total_limit": schedule.keep_checkpoints,
        "load_best_model_at_end": early,
        "metric_for_best_model": "eval_loss" if early else None,
        "restore_callback_states_from_checkpoint": True,
        "activation_checkpointing": schedule.gradient_checkpointing,
        "dataloader_pin_memory": False,
        "bf16": False,
        "fp16": False,
        "report_to": [],
        "disable_tqdm": True,
        "logging_nan_inf_filter": False,
    }


class Watch(TrainerCallback):
    """Measures, progress and samples go to the report; a wish to stop goes to the trainer."""

    def __init__(
        self, work: Work, samples: Samples | None = None, names: Mapping[str, str] = NONE
    ) -> None:
        self._work, self._samples, self._names = work, samples, NAMES | dict(names)
        self._began = time.monotonic()
        self._first_step: int | None = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        if self._first_step is None:
            self._first_step, self._began = state.global_step, time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._work.report.progress(state.global_step, state.max_steps)
        if self._work.stop.wanted and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **more: Any
    ) -> None:
        known = {
            ours: float(logs[theirs]) for theirs, ours in self._names.items() if theirs in logs
        }
        if "loss" in known:
            known |= self._speed(state) | {"memory_bytes": memory_held()}
        if known.keys() - {"epoch"}:
            self._work.report.metrics(state.global_step, known)

    def _speed(self, state: Any) -> dict[str, float]:
        steps = state.global_step - (self._first_step or 0)
        seconds = time.monotonic() - self._began
        return {"seconds_per_step": seconds / steps} if steps > 0 else {}

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        if self._samples is not None:
            self._samples(state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        checkpoints.seal(checkpoints.folder_of(self._work.folder.checkpoints, state.global_step))


def train(trainer: Any, work: Work, measure: Callable[[], Mapping[str, float]]) -> None:
    """To the end, from the newest whole checkpoint where there is one. Stopped when told to.

    `measure` looks at the model before its first step, which curves begin with.
    """
    trainer.remove_callback(PrinterCallback)
    checkpoint = checkpoints.newest_whole(work.folder.checkpoints, work.report.warn)
    if checkpoint is not None:
        work.report.resumed(checkpoints.step_of(checkpoint))
    elif first := measure():
        work.report.metrics(0, first)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if work.stop.wanted and trainer.state.global_step < trainer.state.max_steps:
        raise Stopped


def last_look(trainer: Any) -> float | None:
    """The held-out loss of the weights as they are, where it was just measured."""
    for entry in reversed(trainer.state.log_history):
        if "eval_loss" in entry:
            return entry["eval_loss"] if entry["step"] == trainer.state.global_step else None
    return None
