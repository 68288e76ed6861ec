"""Every metric against its reference library, on random and nasty strings."""

import random

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from scipy import stats

from evaluation import metrics
from evaluation.metrics import Item, rouge
from evaluation.metrics.pass_at_k import estimate
from evaluation.statistics.resampling import draws, numbered, resampled

WORDS = [
    "the",
    "cat",
    "cats",
    "running",
    "ran",
    "It's",
    "cold,",
    "outside.",
    "été",
    "42",
    "数",
    "\n",
]
NASTY = [
    "",
    " ",
    "\n\n",
    ".",
    "a",
    "the the the",
    "é" * 50,
    "\u200b",
    "🙂 🙂",
    "x\ty\r\nz",
    "A B\nC D",
]


def texts(count: int, seed: int) -> list[str]:
    pick = random.Random(seed)
    made = [" ".join(pick.choices(WORDS, k=pick.randrange(0, 30))) for _ in range(count)]
    return [*NASTY, *made]


@pytest.fixture(scope="module")
def items() -> list[Item]:
    said, first, second = texts(60, 1), texts(60, 2), texts(60, 3)
    random.Random(4).shuffle(first)
    several = zip(said, first, second, strict=True)
    return [Item(a, (b, c) if place % 2 else (b,)) for place, (a, b, c) in enumerate(several)]


def test_rouge_is_rouge_score(items: list[Item]) -> None:
    scorer = RougeScorer(list(rouge.KINDS), use_stemmer=True)
    wanted = [scorer.score_multi(list(item.references), item.output) for item in items]
    found = metrics.get("rouge").measure(items)
    for kind in rouge.KINDS:
        for part, name in (("fmeasure", ""), ("precision", "precision"), ("recall", "recall")):
            values = [getattr(one[kind], part) for one in wanted]
            mine = found[rouge.name_of(kind, name)].per_item
            assert mine == pytest.approx(values, abs=1e-12), (kind, part)


def test_swapped_sentences_are_whole_for_lsum_and_half_for_l() -> None:
    found = metrics.get("rouge").measure([Item("b b b\na a a", ("a a a\nb b b",))])
    assert found["rougeL"].value == pytest.approx(0.5)
    assert found["rougeLsum"].value == pytest.approx(1.0)


def test_ten_thousand_words_are_taken_whole() -> None:
    pick = random.Random(5)
    long = [" ".join(pick.choices("abcdefghij", k=10_000)) for _ in range(2)]
    scorer = RougeScorer(["rouge1", "rouge2"], use_stemmer=True)
    found = rouge.overlaps(*long)
    wanted = scorer.score(*long)
    assert found["rouge2"].f1 == pytest.approx(wanted["rouge2"].fmeasure)
    assert found["rouge1"].f1 == pytest.approx(wanted["rouge1"].fmeasure)
    assert 0.4 < found["rougeL"].f1 == found["rougeLsum"].f1 < 1


def columns(items: list[Item]) -> list[list[str | None]]:
    return [
        [item.references[place] if place < len(item.references) else None for item in items]
        for place in range(2)
    ]


@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_corpus_scores_and_their_bootstrap_are_sacrebleus(name: str, items: list[Item]) -> None:
    reference = {"bleu": BLEU, "chrf": CHRF}[name]()
    outputs, references = [item.output for item in items], columns(items)
    found = metrics.get(name).measure(items)[name]
    score = reference.corpus_score(outputs, references)
    assert found.value == pytest.approx(score.score, abs=1e-9)
    assert found.signature.endswith(str(reference.get_signature()))
    counts = np.array(reference._extract_corpus_statistics(outputs, references))
    for drawn, row in zip(next(draws(len(items), rounds=50)), resampled_by(found, 50), strict=True):
        again = reference._compute_score_from_stats(list(drawn @ counts))
        assert row == pytest.approx(again.score, abs=1e-9)


def resampled_by(found: metrics.Finding, rounds: int) -> np.ndarray:
    owners = numbered(range(found.evidence.items))
    return resampled([found.evidence], owners, rounds=rounds)[0]


@pytest.mark.parametrize(
    ("output", "reference"), [("a b", "a b"), ("", "a"), ("x", "y"), ("a", "")]
)
def test_bleu_of_hardly_anything_is_sacrebleus(output: str, reference: str) -> None:
    found = metrics.get("bleu").measure([Item(output, (reference,))])["bleu"]
    score = BLEU().corpus_score([output], [[reference]]).score
    assert found.value == pytest.approx(score, abs=1e-9)
    sentence = BLEU(effective_order=True).sentence_score(output, [reference]).score
    assert found.per_item == pytest.approx([sentence], abs=1e-9)


def numbers_with_ties() -> list[tuple[float, float]]:
    pick = np.random.default_rng(7)
    return list(zip(pick.integers(0, 6, 80), pick.integers(0, 6, 80) / 2, strict=True))


@pytest.mark.parametrize(
    ("name", "reference"), [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)]
)
def test_correlations_and_their_draws_are_scipys(name: str, reference: object) -> None:
    pairs = numbers_with_ties()
    items = [Item(str(x), (str(y),)) for x, y in pairs]
    found = metrics.get(name).measure(items)[name]
    x, y = np.array(pairs).T
    assert found.value == pytest.approx(reference(x, y)[0], abs=1e-9)  # type: ignore[operator]
    drawn = next(draws(80, rounds=5)).astype(int)
    for row, counts in zip(resampled_by(found, 5), drawn, strict=True):
        again = reference(np.repeat(x, counts), np.repeat(y, counts))[0]  # type: ignore[operator]
        assert row == pytest.approx(again, abs=1e-9)


def test_matthews_of_two_labels_is_their_correlation_and_of_three_gorodkins() -> None:
    pick = np.random.default_rng(8)
    said, wanted = pick.integers(0, 2, (2, 60))
    items = [Item(str(a), (str(b),)) for a, b in zip(said, wanted, strict=True)]
    found = metrics.get("matthews").measure(items)["matthews"]
    assert found.value == pytest.approx(np.corrcoef(said, wanted)[0, 1])
    three = [("a", "a"), ("b", "a"), ("b", "b"), ("c", "b"), ("c", "c"), ("c", "c")]
    items = [Item(a, (b,)) for a, b in three]
    wanted_value = (4 * 6 - (1 * 2 + 2 * 2 + 3 * 2)) / np.sqrt((36 - 14) * (36 - 12))
    assert metrics.get("matthews").measure(items)["matthews"].value == pytest.approx(wanted_value)
    same = [Item("a", ("a",)), Item("a", ("a",))]
    assert metrics.get("matthews").measure(same)["matthews"].value == 0


def test_calibration_error_keeps_equal_values_in_one_bin() -> None:
    choices = [(0.9, True)] * 12 + [(0.6, True), (0.6, False)]
    items = [
        Item(choices=("a", "b"), log_probs=(np.log(p), np.log(1 - p)), right=0 if right else 1)
        for p, right in choices
    ]
    found = metrics.get("calibration").measure(items)["ece"]
    assert found.value == pytest.approx((12 * 0.1 + 2 * 0.1) / 14)
    assert "300 items" in found.notes[0]


def test_pass_at_k_is_the_chance_of_a_draw_without_putting_back() -> None:
    assert estimate(5, 2, 3) == pytest.approx(1 - stats.hypergeom(5, 2, 3).pmf(0))
    assert estimate(4, 0, 4) == 0 and estimate(3, 3, 1) == 1 and estimate(4, 1, 4) == 1
