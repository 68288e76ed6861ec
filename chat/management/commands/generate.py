"""`manage.py generate`: from the shell what the page does, through the same services."""

import json
import os
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from chat.services.one_answer import REFUSALS, Answer, RequestError, Wanted, answer
from llmkit.prompts import LAYOUTS, ways

SETTINGS = ("max_tokens", "temperature", "top_k", "top_p", "repetition_penalty", "seed")


def refuse(message: str) -> NoReturn:
    """End with status 1 and one sentence on standard error."""
    sentence = message[:1].upper() + message[1:]
    raise SystemExit(sentence if sentence.endswith((".", "?")) else f"{sentence}.")


class Command(BaseCommand):
    help = "Answer once, plainly or through a prompt template."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.error = refuse  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--model", default="", help=f"A model's name. Default: {settings.DEFAULT_MODEL}.")
        add("--template", default="", metavar="SLUG", help="A prompt template; else plain chat.")
        add("--owner", default="", metavar="NAME", help="Look among this person's templates first.")
        add("--input", metavar="TEXT", help="The text; - reads it from standard input.")
        add("--input-field", action="append", default=[], metavar="NAME=VALUE", dest="fields")
        add("--shots", type=int, metavar="K", help="How many examples to show.")
        add("--choose", choices=ways.names(), help="How the examples are chosen.")
        add("--shot-seed", type=int, metavar="N", help="The seed of --choose random.")
        add("--pick", type=int, action="append", metavar="N", help="Show this one, counted from 1.")
        add("--layout", choices=LAYOUTS, help="Examples as chat turns, or all in one message.")
        add("--max-new-tokens", type=int, metavar="N", dest="max_tokens")
        add("--temperature", type=float, metavar="X", help="0 is greedy.")
        add("--top-k", type=int, metavar="K", help="0 switches it off.")
        add("--top-p", type=float, metavar="P", help="1 switches it off.")
        add("--repetition-penalty", type=float, metavar="R")
        add("--seed", type=int, metavar="S", help="Default: a new one, which is reported.")
        add("--stop", action="append", metavar="TEXT", help="End before this; may be repeated.")
        add("--format", choices=["text", "json"], default="text", dest="form")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options["form"] == "json"
        try:
            done = answer(wanted=wanted(options), on_text=ignore if as_json else self._show)
        except REFUSALS as error:
            refuse(str(error))
        except KeyboardInterrupt:
            sys.exit(130)
        if as_json:
            self.stdout.write(json.dumps(done.facts(), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("")
            self.stderr.write(in_short(done), self.style.NOTICE)

    def _show(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()


def ignore(text: str) -> None:
    """JSON comes at the end, in one piece."""


def in_short(done: Answer) -> str:
    facts = done.facts()
    speed = facts["tokens_per_second"]
    rate = f", {speed:.1f} tokens per second" if speed else ""
    return f"{facts['model']}: {facts['completion_tokens']} tokens{rate}, seed {facts['seed']}."


def wanted(options: dict[str, Any]) -> Wanted:
    """The command's options as a request."""
    given = {name: options[name] for name in SETTINGS if options.get(name) is not None}
    if options["stop"]:
        given["stop"] = options["stop"]
    return Wanted(
        model=options["model"],
        template=options["template"],
        owner=options["owner"],
        text=_text(options["input"]),
        inputs=dict(_named(pair) for pair in options["fields"]),
        use=_use(options),
        given=given,
    )


def _text(given: str | None) -> str | None:
    """The text as typed, or standard input without its last line end."""
    if given != "-":
        return None if given is None else _whole(os.fsencode(given))
    return _whole(sys.stdin.buffer.read()).removesuffix("\n")


def _whole(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError("The input is not UTF-8 text.") from error


def _named(pair: str) -> tuple[str, str]:
    name, found, value = pair.partition("=")
    if not found:
        raise RequestError(f"--input-field takes name=value, not '{pair[:60]}'.")
    return name.strip(), _whole(os.fsencode(value))


def _use(options: dict[str, Any]) -> dict[str, Any]:
    use = {"count": options["shots"], "seed": options["shot_seed"]}
    use |= {name: options[name] for name in ("choose", "layout")}
    if options["pick"]:
        use |= {"choose": "picked", "picked": [number - 1 for number in options["pick"]]}
    return {name: value for name, value in use.items() if value is not None}
