class ModelsError(Exception):
    """It can't be done; the text is one sentence for people, and nothing was changed."""


class RunsError(Exception):
    """The run can't be made or changed; the text is one sentence for people.

    `field` names what is wrong: a setting, `peft.rank`, a slot; empty where it is nothing single.
    """

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
