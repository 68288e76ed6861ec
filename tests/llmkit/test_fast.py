"""The lean decoder and its products give the numbers of the module that they were made from."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from llmkit.engine.fast.building import lean_decoder
from llmkit.engine.fast.products import Half, Int8, Plain, Product, fbgemm, fits_half

PACKED = pytest.mark.skipif(not fbgemm(), reason="this processor has no FBGEMM")
SMALL = {
    "vocab_size": 99,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.4,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
}


def weight_and_bias() -> tuple[torch.Tensor, torch.Tensor]:
    """What a bfloat16 checkpoint holds, read as float32."""
    torch.manual_seed(0)
    return torch.randn(96, 64).bfloat16().float(), torch.randn(96)


@pytest.mark.parametrize("rows", [1, 2, 8, 64])
@pytest.mark.parametrize(
    ("kind", "close"),
    [
        ("plain", 1e-5),
        pytest.param("half", 1e-5, marks=PACKED),
        pytest.param("int8", 0.02, marks=PACKED),
    ],
)
def test_a_packed_product_equals_a_plain_one(kind: str, close: float, rows: int) -> None:
    weight, bias = weight_and_bias()
    kinds: dict[str, Callable[[], Product]] = {
        "plain": lambda: Plain(weight, bias, pack=True),
        "half": lambda: Half(weight, bias),
        "int8": lambda: Int8(weight, bias),
    }
    product = kinds[kind]()
    x = torch.randn(rows, 64)
    x[0, 3] = 40  # models have such outliers
    want = functional.linear(x, weight, bias)
    with torch.inference_mode():
        assert (product(x) - want).abs().max() <= close * want.abs().max()
        assert (product.weight() - weight).abs().max() <= close * weight.abs().max()


@PACKED
def test_with_8_bits_a_row_is_the_same_to_the_bit_in_any_company() -> None:
    product = Int8(*weight_and_bias())
    x = torch.randn(8, 64) * torch.logspace(-3, 3, 8).unsqueeze(1)
    alone = torch.cat([product(row.unsqueeze(0)) for row in x])
    assert torch.equal(product(x), alone)
    assert product(torch.zeros(1, 64)).isfinite().all()


def test_float16_holds_bfloat16_weights_but_not_all_float32_ones() -> None:
    weight, bias = weight_and_bias()
    assert fits_half(weight)
    assert fits_half(weight * 2.0**-20), "what is lost there is too small to matter"
    assert not fits_half(bias), "24 bits do not go into 11"
    assert not fits_half(weight * 2.0**17), "beyond the largest float16"


def family(kind: str) -> Any:
    """A small model of the family with random weights and biases."""
    import transformers

    config = getattr(transformers, f"{kind}Config")(**SMALL)
    torch.manual_seed(1)
    model = getattr(transformers, f"{kind}ForCausalLM")(config).float().eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:
            torch.nn.init.normal_(parameter, 1)
    return model


@pytest.mark.parametrize("kind", ["Llama", "Mistral", "Qwen2", "Qwen3"])
def test_the_family_is_run_lean_and_from_one_copy_of_its_weights(kind: str) -> None:
    model = family(kind)
    tokens = torch.tensor([[5, 6, 7]])
    before = model(tokens).logits
    assert lean_decoder(model) is not None, "building compares its logits with the module's"
    assert torch.equal(model(tokens).logits, before)
    first = model.model.layers[0].self_attn
    assert first.q_proj.weight.untyped_storage().data_ptr() == (
        first.k_proj.weight.untyped_storage().data_ptr()
    )


@pytest.mark.parametrize("kind", ["Gemma", "Phi", "GPTNeoX", "Olmo2"])
def test_other_families_stay_with_their_module(kind: str) -> None:
    assert lean_decoder(family(kind)) is None


def test_a_model_that_only_looks_like_the_family_stays_with_its_module() -> None:
    model = family("Granite")
    model.config.embedding_multiplier = model.model.embedding_multiplier = 3.0
    assert lean_decoder(model) is None
    assert lean_decoder(family("Llama").bfloat16()) is None, "float32 only"


@PACKED
@pytest.mark.parametrize("int8", [False, True])
def test_the_module_works_on_with_the_packed_weights_alone(int8: bool) -> None:
    model = family("Qwen2").bfloat16().float()
    tokens, attention = torch.tensor([[5, 6, 7]]), model.model.layers[0].self_attn
    before, weight, bias = model(tokens).logits, attention.k_proj.weight, attention.k_proj.bias
    assert lean_decoder(model, int8=int8) is not None
    assert not list(attention.parameters()), "no float copy is kept"
    close = 0.1 if int8 else 1e-4
    for got, want in (
        (model(tokens).logits, before),
        (attention.k_proj.weight, weight),
        (attention.k_proj.bias, bias),
    ):
        assert (got - want).abs().max() <= close * want.abs().max()


@PACKED
def test_8_bits_hold_less_and_answer_nearly_the_same() -> None:
    exact, short = lean_decoder(family("Llama")), lean_decoder(family("Llama"), int8=True)
    assert exact is not None
    assert short is not None
    assert short.nbytes < exact.nbytes


@PACKED
@pytest.mark.parametrize("dora", [False, True])
def test_an_adapter_over_packed_weights_answers_as_over_floats(dora: bool) -> None:
    """DoRA looks at the weights themselves, which are unpacked for it."""
    from peft import LoraConfig, get_peft_model

    from llmkit.engine.fast.lora import adapted_decoder

    def adapted(model: Any) -> Any:
        torch.manual_seed(2)
        config = LoraConfig(
            r=4,
            target_modules=["q_proj", "v_proj", "down_proj"],
            use_dora=dora,
            init_lora_weights=False,
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, config).eval().get_base_model()

    want = adapted(family("Llama").bfloat16().float())
    model = family("Llama").bfloat16().float()
    base = lean_decoder(model)
    got, tokens = adapted(model), torch.tensor([[5, 6, 7]])
    torch.testing.assert_close(got(tokens).logits, want(tokens).logits, rtol=1e-3, atol=1e-3)
    assert (adapted_decoder(base, got) is None) == dora
