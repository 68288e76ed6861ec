"""Whether transformers can read a finished folder. In the adding process only: it is slow."""

from pathlib import Path

from llmkit.adding.errors import AddError
from llmkit.adding.inspecting import read_json

LOCAL = {"local_files_only": True, "trust_remote_code": False}


def require_usable(folder: Path) -> None:
    """AddError unless the model writes text, its kind is known, and its tokenizer works."""
    require_writer(str(read_json(folder / "config.json").get("model_type", "")))
    from transformers import AutoConfig, AutoTokenizer

    try:
        AutoConfig.from_pretrained(folder, **LOCAL)
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
        works = bool(tokenizer("Hello").input_ids)
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise AddError(f"Its config or tokenizer can't be read: {reason}") from error
    if not works:
        raise AddError("Its tokenizer makes no tokens of text, so nothing can be asked of it.")


def require_writer(kind: str) -> None:
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
        MODEL_MAPPING_NAMES,
    )

    writers = {*MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, *MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES}
    if kind in writers:
        return
    if kind in MODEL_MAPPING_NAMES:
        raise AddError(f"A {kind} model does not write text, so it can't be chatted with.")
    raise AddError(
        f"This kind of model ({kind or 'unnamed'}) is not known to the installed transformers. "
        "A newer version of this app may know it."
    )
