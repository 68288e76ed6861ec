"""A reward model with random weights over a tiny model, saved as a run saves one."""

from pathlib import Path

from tests.tiny_adapters import build_adapter


def build_reward(base: Path, folder: Path, *, seed: int = 5) -> Path:
    """An adapter, a head and the constants of normalisation, in `folder`."""
    import torch
    from transformers import AutoConfig

    from llmkit import heads
    from llmkit.scoring import Normalisation, save_facts

    build_adapter(base, folder, seed=seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        heads.save(heads.scalar_head(AutoConfig.from_pretrained(base).hidden_size), folder)
    save_facts(folder, Normalisation(mean=0.5, std=2.0))
    return folder
