class EvaluationsError(Exception):
    """The evaluation can't be made or changed; the text is one sentence for people.

    `field` names what is wrong, empty where it is nothing single.
    """

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
