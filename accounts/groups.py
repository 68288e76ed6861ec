"""The groups by which people may do things, and the room each one opens."""

CHATTER, LABELER, TRAINER, ADMIN = "chatter", "labeler", "trainer", "admin"
GROUPS = (CHATTER, LABELER, TRAINER, ADMIN)

# URL namespace → the groups that may enter. A room that is not named here is open to all members.
ROOMS = {
    "chat": (CHATTER,),
    "api": (CHATTER,),
    "feedback": (LABELER, TRAINER, ADMIN),
    "datasets": (TRAINER, ADMIN),
    "training": (TRAINER, ADMIN),
    "evaluation": (TRAINER, ADMIN),
    "rehearsals": (TRAINER, ADMIN),
}
