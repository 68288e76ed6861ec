"""transformers' Trainer inside a run's folder: what it says, when it stops, where it goes on."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, TrainerState
from transformers.trainer import TRAINER_STATE_NAME

from training.methods.schedule import Schedule
from training.run import checkpoints, memory, prompt_network
from training.run.breaking import breakable
from training.run.descent import speed
from training.run.errors import Stopped
from training.run.pace import LOOKING, SAVING, TRAINING
from training.run.patience import tell
from training.run.several import anybody, is_main, main_first, wait, world
from training.run.state import chance, take_chance, undisturbed
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
        "per_device_train_batch_size": max(1, schedule.batch_size // world()),
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
    """Measures, progress and samples go to the report; a wish to stop goes to the trainer.

    `before`, while a step is being done: the source of chance as the step found it.
    """

    def __init__(
        self, work: Work, samples: Samples | None = None, names: Mapping[str, str] = NONE
    ) -> None:
        self._work, self._samples, self._names = work, samples, NAMES | dict(names)
        self._began, self._seconds, self._tokens = time.monotonic(), 0.0, 0.0
        self.before: Mapping[str, Any] | None = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._began, self.before = time.monotonic(), chance()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.before = None
        self._seconds = time.monotonic() - self._began
        self._work.report.progress(state.global_step, state.max_steps)
        if anybody(self._work.stop.wanted) and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True
            control.should_evaluate = False
        self._tell_pause(control)

    def _tell_pause(self, control: Any) -> None:
        if control.should_evaluate or control.should_save:
            self._work.report.phase(LOOKING if control.should_evaluate else SAVING)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **more: Any
    ) -> None:
        known = {
            ours: float(logs[theirs]) for theirs, ours in self._names.items() if theirs in logs
        }
        if "loss" in known:
            known |= self._speed(logs) | memory.measures()
        if known.keys() - {"epoch"}:
            self._work.report.metrics(state.global_step, known)

    def _folder(self, state: Any) -> Path:
        return checkpoints.folder_of(self._work.folder.checkpoints, state.global_step)

    def _speed(self, logs: Mapping[str, Any]) -> dict[str, float]:
        """trl counts the tokens of all batches that this process has trained on."""
        before, self._tokens = self._tokens, float(logs.get("num_tokens", 0))
        return speed({"tokens": self._tokens - before}, self._seconds)

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        if self._samples is not None and is_main():
            self._samples(state.global_step)
        self._work.report.phase(SAVING if control.should_save else TRAINING)

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **more: Any
    ) -> None:
        prompt_network.take(model, self._folder(state))

    def on_train_end(
        self, args: Any, state: Any, control: Any, model: Any = None, **more: Any
    ) -> None:
        if args.load_best_model_at_end and state.best_model_checkpoint:
            prompt_network.take(model, Path(state.best_model_checkpoint))

    def on_save(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:
        wait()
        if is_main():
            prompt_network.keep(model, self._folder(state))
            checkpoints.seal(self._folder(state))
        wait()
        self._work.report.phase(TRAINING)


class MissedLook(TrainerCallback):
    """A look that a stop prevented or broke off comes first when the run goes on."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        step = state.global_step
        looked = {entry["step"] for entry in state.log_history if "eval_loss" in entry}
        wanted = args.eval_strategy != "no" and step and step % args.eval_steps == 0
        if wanted and step not in looked:
            found = self._trainer.evaluate()
            self._trainer._determine_best_metric(metrics=found, trial=None)


def quietly(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Reading held-out rows draws from torch's source of chance; what is learned must not know."""

    def evaluated(*args: Any, **kwargs: Any) -> Any:
        with undisturbed():
            return evaluate(*args, **kwargs)

    return evaluated


def callbacks(schedule: Schedule, watch: Watch, *, evaluates: bool) -> list[Any]:
    """The watch, and what stops early where that is wanted and can be known."""
    early = schedule.patience > 0 and evaluates
    return [watch, EarlyStoppingCallback(schedule.patience)] if early else [watch]


def train(trainer: Any, work: Work, measure: Callable[[], Mapping[str, float]]) -> None:
    """To the end, from the newest whole checkpoint where there is one. Stopped when told to.

    `measure` looks at the model before its first step, which curves begin with. Where there was
    patience, the trainer's model has the best weights afterwards.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.evaluate = quietly(trainer.evaluate)
    trainer.add_callback(MissedLook(trainer))
    if world() == 1:
        breakable(trainer.model, work.stop)
    checkpoint = begin(trainer, work)
    try:
        if checkpoint is None and (first := measure()):
            work.report.metrics(0, first)
            forget_preparation(trainer)
        work.report.phase(TRAINING)
        if checkpoint is None or not taken_whole(trainer, checkpoint):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except Stopped:
        keep_now(trainer, work)
        raise
    state = trainer.state
    if anybody(work.stop.wanted) and state.global_step < state.max_steps:
        raise Stopped
    tell_best(trainer, work)


def taken_whole(trainer: Any, checkpoint: Path) -> bool:
    """Whether its last step was done; the trainer then has it: transformers would do another."""
    state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
    if state.global_step < state.max_steps:
        return False
    trainer.state = state
    trainer._load_from_checkpoint(str(checkpoint))
    if trainer.args.load_best_model_at_end and state.best_model_checkpoint:
        trainer._load_best_model()
    return True


def begin(trainer: Any, work: Work) -> Path | None:
    """What to go on from; time and memory are counted from here."""
    args = trainer.args
    memory.begin()
    work.report.pace.every = {LOOKING: int(args.eval_steps), SAVING: int(args.save_steps)}
    with main_first():
        checkpoint = checkpoints.newest_whole(work.folder.checkpoints, work.report.warn)
    if checkpoint is None:
        work.report.phase(LOOKING)
    else:
        work.report.resumed(checkpoints.step_of(checkpoint))
    return checkpoint


def forget_preparation(trainer: Any) -> None:
    """Accelerate marks a model that it made ready for looking as ready for training, too, and then
    never has several processes share their gradients."""
    if world() > 1:
        trainer.model._is_accelerate_prepared = False
        trainer.accelerator._models.clear()


def keep_now(trainer: Any, work: Work) -> None:
    """A checkpoint of the last whole step, unless there is none or it was kept already."""
    step = trainer.state.global_step
    for watch in trainer.callback_handler.callbacks:
        if isinstance(watch, Watch) and watch.before is not None:
            take_chance(watch.before)
    folder = checkpoints.folder_of(work.folder.checkpoints, step)
    if step and not (folder / checkpoints.MANIFEST).exists():
        work.report.phase(SAVING)
        trainer._save_checkpoint(trainer.model, trial=None)
        trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)


def tell_best(trainer: Any, work: Work) -> None:
    state, args = trainer.state, trainer.args
    best = state.best_global_step if args.load_best_model_at_end else None
    looks = [c.early_stopping_patience for c in early_stops(trainer)]
    tell(
        work,
        step=state.global_step,
        total=state.max_steps,
        best=best,
        looks=looks[0] if looks else 0,
    )


def early_stops(trainer: Any) -> list[Any]:
    return [c for c in trainer.callback_handler.callbacks if isinstance(c, EarlyStoppingCallback)]


def last_look(trainer: Any) -> float | None:
    """The held-out loss of the weights as they are, where it was just measured."""
    if trainer.args.load_best_model_at_end and trainer.state.best_metric is not None:
        return float(trainer.state.best_metric)
    for entry in reversed(trainer.state.log_history):
        if "eval_loss" in entry:
            return entry["eval_loss"] if entry["step"] == trainer.state.global_step else None
    return None
