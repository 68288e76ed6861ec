"""Which reward model looks over a person's chats, and what it found of their answers."""

from django.conf import settings
from django.db import models

from chat.models.conversation import Message
from training.models import ModelVersion


class RewardLens(models.Model):
    """Off for whoever has no row."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reward_lens"
    )
    reward_model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.reward_model} for {self.owner}"


class RewardScore(models.Model):
    """The normalised score of an answer as it was: `text_hash` tells whether it still says that."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reward_scores")
    reward_model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    text_hash = models.CharField(max_length=64)
    score = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "reward_model"], name="one_score_per_answer_and_judge"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reward_model}: {self.score:.2f}"
