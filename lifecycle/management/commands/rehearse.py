"""`manage.py rehearse`: the whole loop on a model, from its baseline to its place in the chat."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from feedback.rules.declared import RULES
from lifecycle.errors import LifecycleError
from lifecycle.models import Rehearsal
from lifecycle.report import writing
from lifecycle.services import going_on, here, making
from lifecycle.sizes import RULE
from llmkit.identity import identity
from training.management.runs import termed_like_ctrl_c
from training.models import Job
from training.services import registry


class Command(BaseCommand):
    help = (
        "Rehearse the loop: evaluate, answer, rank by a declared rule, freeze, train a reward "
        "model, PPO, evaluate, compare, promote. Run it again to go on with one that was stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--size", choices=Rehearsal.Size.values, default=Rehearsal.Size.QUICK)
        add("--model", default="", help="Default: a throwaway one for quick, the default for full.")
        add("--rule", choices=RULES.names(), default=RULE, help="By what answers are ranked.")
        add("--new", action="store_true", help="Begin anew, also where one could go on.")
        add("--seed", type=int, default=42)
        add("--no-promote", action="store_true", help="Roll the promotion back at once.")
        add("--owner", help="A person's user name; the first admin's else.")
        add("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        registry.sync()
        say = self.stderr.write if options["format"] == "json" else self.stdout.write
        try:
            rehearsal = begun(options, say)
            driven(rehearsal, say)
        except LifecycleError as error:
            raise CommandError(str(error)) from error
        if rehearsal.state != Job.State.DONE:
            raise CommandError(f"{rehearsal}: {rehearsal.error}")
        as_json = options["format"] == "json"
        facts = {"rehearsal": str(rehearsal.pk), **rehearsal.report}
        self.stdout.write(
            json.dumps(facts, ensure_ascii=False) if as_json else writing.in_words(rehearsal)
        )


def driven(rehearsal: Rehearsal, say: here.Say) -> None:
    """To its end, or to where Ctrl-C stops it."""
    try:
        with termed_like_ctrl_c():
            here.drive(rehearsal, say)
    except KeyboardInterrupt:
        going_on.end(rehearsal, Job.State.CANCELLED, making.STOPPED)
        making.stop_work(rehearsal)


def begun(options: dict[str, Any], say: here.Say) -> Rehearsal:
    """The newest one of that size that can go on, else a new one."""
    owner = owner_of(options["owner"])
    going_on.look_after()
    mine = Rehearsal.objects.filter(owner=owner, size=options["size"]).unfinished()
    if options["model"]:
        mine = mine.filter(plan__model=options["model"])
    found: Rehearsal | None = None if options["new"] else mine.first()
    if found is None:
        found = making.create(
            owner=owner,
            size=options["size"],
            model=options["model"],
            rule=options["rule"],
            seed=options["seed"],
            promote=not options["no_promote"],
            driver=identity(),
        )
        say(f"{found} of {found.plan['model']} begins: {settings.DATA_DIR}")
        return found
    if found.state in Job.LIVE:
        raise LifecycleError(f"{found} is at work already. Follow it on its page, or use --new.")
    making.resume(rehearsal=found, driver=identity())
    say(f"{found} of {found.plan['model']} goes on where it was.")
    return found


def owner_of(name: str | None) -> User | None:
    """Nobody where nobody has joined yet."""
    people = User.objects.filter(username=name) if name else User.objects.filter(is_superuser=True)
    found: User | None = people.order_by("pk").first()
    if found is None and name:
        raise LifecycleError(f"There is no person called {name}.")
    return found
