"""Projects, tasks, rankings and their work in Django's admin: to look things up."""

from accounts.looking_up import JOB, look_up
from feedback.models import (
    Annotation,
    Assignment,
    Attempt,
    Batch,
    BatchAnswer,
    BatchPrompt,
    Candidate,
    CandidateSet,
    CandidateSource,
    Doubting,
    Filling,
    Freezing,
    Guidelines,
    Import,
    ImportJob,
    Labeler,
    Project,
    PromptGroup,
    QuarantinedRow,
    RankingTask,
    RedTeam,
    RefusedPrompt,
)

look_up(
    Project,
    "name owner objective overlap open_to_all archived_at created_at",
    filters="objective open_to_all created_at",
    search="name slug owner__username",
    related="owner",
)
look_up(
    Guidelines,
    "project number written_by created_at",
    filters="created_at",
    search="project__name",
    related="project written_by",
)
look_up(
    Labeler,
    "name kind project user created_at",
    filters="kind",
    search="name project__name",
    related="project user",
)
look_up(
    RankingTask,
    "project external_id source overlap priority created_at withdrawn_at",
    filters="source created_at",
    search="external_id project__name prompt_hash",
    related="project",
)
look_up(
    Candidate,
    "id task author created_at",
    filters="created_at",
    search="text_hash task__external_id",
    related="task__project author",
)
look_up(
    CandidateSource,
    "candidate_id model tokens finish_reason created_at",
    filters="finish_reason",
    search="model",
    related="candidate",
)
look_up(
    CandidateSet,
    "task version created_at",
    search="task__external_id hash",
    related="task__project",
)
look_up(
    Assignment,
    "task labeler slot state expires_at claimed_at ended_at",
    filters="state claimed_at",
    search="task__external_id labeler__name",
    related="task__project labeler",
)
look_up(
    Annotation,
    "task labeler revision source withdrawn created_at voided_at",
    filters="source withdrawn created_at",
    search="key task__external_id labeler__name",
    related="task__project labeler",
)
look_up(
    Batch,
    f"name project candidates {JOB} started_by",
    filters="state created_at",
    search="id name project__name",
    related="project started_by",
)
look_up(
    BatchPrompt,
    "batch number name state priority task_id",
    filters="state",
    search="batch__name name prompt_hash",
    related="batch",
)
look_up(
    BatchAnswer,
    "prompt number attempt column tokens finish_reason created_at",
    filters="finish_reason created_at",
    search="prompt__batch__name",
    related="prompt",
)
look_up(RefusedPrompt, "batch number fault", search="batch__name fault", related="batch")
look_up(
    Doubting,
    f"project judge {JOB} started_by",
    filters="state created_at",
    search="project__name judge__name",
    related="project judge started_by",
)
look_up(
    Freezing,
    f"name project wanted {JOB} started_by",
    filters="state wanted created_at",
    search="name project__name",
    related="project started_by",
)
look_up(
    Import,
    "file_name project format tasks annotations imported_by created_at",
    filters="format created_at",
    search="file_name project__name sha256",
    related="project imported_by",
)
look_up(
    QuarantinedRow,
    "found_in number fault",
    search="found_in__file_name fault",
    related="found_in",
)
look_up(
    ImportJob,
    f"file_name project format {JOB} started_by",
    filters="state format created_at",
    search="file_name project__name",
    related="project started_by",
)
look_up(
    PromptGroup,
    "project number key near",
    search="key project__name",
    related="project",
)
look_up(RedTeam, "project", search="project__name", related="project")
look_up(
    Attempt,
    "alias model labeler project state success outcome created_at",
    filters="state outcome created_at",
    search="alias model labeler__name",
    related="labeler project",
)
look_up(Filling, f"attempt_made_id {JOB}", filters="state created_at")
