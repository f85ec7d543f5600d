"""Numbers in answers as students write them, and what facts say to them."""

from __future__ import annotations

import re

import pytest

from harness.facts import Fact, compare, of_question

RATES = [
    Fact("1.1", "test accuracy at learning rate 0.0001", 45.18, "%"),
    Fact("1.1", "test accuracy at learning rate 0.1", 71.34, "%", also=("best test accuracy",)),
    Fact("1.1", "test accuracy at learning rate 1", 10.0, "%"),
    Fact("1.1", "training loss of the last epoch at learning rate 0.1", 0.8127),
    Fact("1.1", "epochs of training", 5, "epochs"),
]
SCHEDULES = [
    Fact("1.2", "test accuracy with multistep", 92.14, "%", also=("accuracy multisteplr",)),
    Fact("1.2", "test accuracy with cosine annealing", 93.02, "%", also=("accuracy cosine",)),
    Fact("1.2", "running time with multistep", 1380, "s", also=("time multisteplr",)),
    Fact("1.2", "running time with cosine annealing", 1385, "s", also=("time cosine",)),
    Fact("1.2", "total running time of both schedules", 2790, "s", tolerance=25, also=("total running time",)),
    Fact("1.2", "difference of the two schedules in test accuracy", 0.88, "points", also=("difference", "better")),
]
SIZES = [
    Fact("2.1", "bytes at full precision", 407_080, "B", also=("size original", "size before")),
    Fact("2.1", "bytes of the codes at 8 bits", 101_770, "B"),
    Fact("2.1", "bytes at 8 bits with extra arguments", 101_898, "B", also=("size quantized", "size after")),
    Fact(
        "2.1", "times smaller at 8 bits with extra arguments", 3.995, "×", tolerance=0.005, also=("smaller", "factor")
    ),
    Fact("2.1", "share of the original size at 8 bits", 25.03, "%"),
]
BITS = [
    Fact("2.2", "test accuracy at full precision", 97.5, "%", also=("accuracy float32", "accuracy original")),
    Fact("2.2", "test accuracy at 8 bits", 97.48, "%"),
    Fact("2.2", "test accuracy at 4 bits", 97.31, "%"),
    Fact("2.2", "test accuracy at 2 bits", 65.9, "%"),
    Fact("2.2", "loss of test accuracy at 2 bits", 31.6, "points", also=("loss at 2 bits",)),
]
ROUNDING = [
    Fact("2.3", "mean test accuracy with stochastic rounding", 78.15, "%", also=("accuracy stochastic",)),
    Fact("2.3", "test accuracy with banker's rounding", 65.9, "%", also=("accuracy banker", "accuracy nearest")),
    Fact("2.3", "standard deviation of stochastic rounding", 4.08, "points", tolerance=0.22, also=("deviation",)),
]
PRUNING = [
    Fact(
        "3.3", "test accuracy at the end with pruned filters", 90.4, "%", also=("final accuracy", "accuracy structured")
    ),
    Fact("3.3", "test accuracy before the pruning step at epoch 30", 86.2, "%", also=("accuracy before epoch 30",)),
    Fact("3.3", "test accuracy after the pruning step at epoch 30", 61.7, "%", also=("accuracy after epoch 30",)),
    Fact("3.3", "epochs to recover from the pruning step at epoch 30", 3, "epochs", tolerance=1, also=("recovers",)),
    Fact("3.3", "share of the weights that are zero at the end", 50.45, "%", also=("sparsity", "weights zero")),
    Fact("3.3", "test accuracy of the unpruned baseline", 92.14, "%", also=("accuracy baseline",)),
]
LAYERS = [
    Fact("6.1", "parameters of a convolution, 64 → 128 channels", 73_728),
    Fact("6.1", "parameters of a depthwise separable convolution, 64 → 128 channels", 8_768),
    Fact("6.1", "factor of the parameters, 64 → 128 channels", 8.4088, "×"),
]
SLOWER = [
    Fact("6.2", "times slower than the provided layer", 5.51, "×", tolerance=0.12, also=("slower", "ratio")),
    Fact("6.2", "test accuracy of DWConvNet at the end", 88.7, "%", also=("final accuracy",)),
    Fact("6.2", "parameters of DWConvNet (measured)", 520_778),
]

MATRIX_PRODUCTS = [
    Fact("5.1", "matrix products of the notebook's transformer", 509, also=("matrix products", "matrix products 4 8")),
    Fact("5.1", "parameters", 11_184_698),
]
OF_TWO_BITS = [
    Fact("2.2-2-bits", "test accuracy at full precision", 97.5, "%", also=("accuracy original", "accuracy before")),
    Fact("2.2-2-bits", "test accuracy at 2 bits (on 10,000 images)", 65.9, "%", also=("accuracy",)),
    Fact("2.2-2-bits", "test accuracy at 2 bits (measured)", 66.4, "%", tolerance=3.0, also=("accuracy",)),
    Fact("2.2-2-bits", "loss of test accuracy at 2 bits", 31.6, "points", also=("loss",)),
]
CHANGES = [
    Fact("3.3", "change of test accuracy by the pruning step at epoch 2", -7.3, "points", also=("loss epoch 2",)),
]

#: Sentences with the expected reading: «+…» agrees with a fact, «-…» contradicts one, «~…» is left alone.
SENTENCES = [
    # 1.1
    (RATES, "With a rate of «~0.1», the accuracy is «+71.3 %»."),
    (RATES, "With a rate of «~0.1», the accuracy is «-75.2 %»."),
    (RATES, "«~0.1» works best («+71.34%»), «~0.0001» is too slow («+45.2%») and «~1.0» diverges («+10%»)."),
    (RATES, "The learning rate $«~10^{-4}»$ reaches only $«+45.2\\%»$ after «~5 epochs»."),
    (RATES, "lr=«~0.1» gave a test accuracy of «+0.713», lr=«~1» only «~0.10»."),
    (RATES, "We expected about «~80 %» accuracy at «~0.1», as in the paper."),
    (RATES, "Training accuracy at rate «~0.1» was «~83.9 %»."),
    (RATES, "The best test accuracy is «-73.0 %»."),
    (RATES, "The test error at rate «~0.1» is «+28.7 %»."),
    (RATES, "The final training loss with «~0.1» is «+0.813»."),
    (RATES, "| lr | accuracy (%) |\n|---|---|\n| «~0.0001» | «+45.18» |\n| «~0.1» | «-81.34» |\n| «~1.0» | «+10.0» |"),
    (RATES, "Der Wert bei «~0,1» ist «+71,3 %»."),
    (RATES, "At «~0.1» the accuracy is above «+70 %»."),
    (RATES, "Rate «~0.1» gets about «+70 %» accuracy when training for «+5 epochs»."),
    # 1.2
    (SCHEDULES, "Multistep reaches «+92.1 %» and cosine annealing «+93.0 %», both in «+46 min 30 s»."),
    (SCHEDULES, "Cosine annealing ends at an accuracy of «-95.1 %»."),
    (SCHEDULES, "The total running time was «+46 minutes»."),
    (SCHEDULES, "The total running time was «-1 h 24 min»."),
    (SCHEDULES, "Total running time: «+0:46:20 h»."),
    (SCHEDULES, "Multistep and cosine annealing reach an accuracy of «+92.1» and «+93.0 %»."),
    (SCHEDULES, "Multistep jumps at epochs «~25», «~50» and «~75»; cosine is «+0.9 percentage points» better."),
    (SCHEDULES, "In 2025 we used ResNet-18 on CIFAR-10 (see Figure 3 and part 2.1) with 3×3 kernels."),
    # 2.1
    (SIZES, "The layer shrinks from «+407,080 bytes» to «+101,898 bytes», a factor of «+3.99»."),
    (SIZES, "With «~8 bits» the network is «+4x» smaller."),
    (SIZES, "The quantized size is «-50 kB»."),
    (SIZES, "It is $«+3.995 \\times»$ smaller, «+25 %» of the original size."),
    (SIZES, "The network becomes «-7.9 times» smaller."),
    (SIZES, "Before it takes «+407 kB», after it «+102 kB» («+99.5 KiB»)."),
    # 2.2
    (BITS, "At «~8 bits» the accuracy stays at «+97.5 %», at «~2 bits» it falls to «+65.9 %»."),
    (BITS, "«~8-bit»: «+97.48%», «~4-bit»: «+97.31%», «~2-bit»: «-56.9%» accuracy."),
    (BITS, "We lose «+31.6 points» of accuracy at «~2 bits»."),
    (BITS, "At «~2 bits» there are only $2^2 = «~4»$ levels."),
    (BITS, "With «~4 bits» accuracy is almost the same as with float32, «+97.3 %» against «+97.5 %»."),
    # 2.3
    (ROUNDING, "Stochastic rounding gives «+78.2» ± «+4.1 %», banker's «+65.9 %» accuracy."),
    (ROUNDING, "Banker's rounding has an accuracy of «-78.2 %»."),
    (ROUNDING, "Over «~10» repetitions the standard deviation is «+3.9 points»."),
    # 3.3
    (PRUNING, "Before the pruning step at epoch «~30» the accuracy is «+86.2 %», right after it «+61.7 %»."),
    (PRUNING, "The network recovers within «+3 epochs»."),
    (
        PRUNING,
        "At the end «+50.4 %» of the weights are zero, and the final accuracy is «+90.4 %» (baseline: «+92.1 %»).",
    ),
    (PRUNING, "The accuracy after the pruning step at epoch «~30» is «-80 %»."),
    (PRUNING, "Accuracy drops by «~25 %» at the steps, and recovers when the rate is low."),
    (PRUNING, "The final accuracy is «+90–91 %»."),
    # 6
    (
        LAYERS,
        "A convolution of «~64» → «~128» channels has «+73,728» parameters, ours «+8,768»: a factor of «+8.4».",
    ),
    (SLOWER, "Our layer is «+5.5×» slower."),
    (SLOWER, "The ratio is «-3.2»: our layer is slower since it loops over channels."),
    (SLOWER, "DWConvNet has «+521k» parameters («+0.52 million»)."),
    (SLOWER, "DWConvNet ends at «+88.7 %» accuracy with «-1.2M» parameters."),
    # written later, without a look at the rules
    (
        RATES,
        "We trained for «+5 epochs» each. The middle rate («~0.1») clearly wins with «+71%» test "
        "accuracy; «~1e-4» learns too slowly («+45%») and «~1» never gets beyond chance («+10%»).",
    ),
    (RATES, "Accuracies: «~0.0001» → «+45.2%», «~0.1» → «+71.3%», «~1.0» → «+10.0%»"),
    (RATES, "A rate of «~1.0» is too large: the accuracy is «-54 %», since the steps jump over the minimum."),
    (
        RATES,
        "The network with learning rate «~0.0001» has a test accuracy of «+0.452», so it would need far "
        "more than «~5 epochs».",
    ),
    (SCHEDULES, "MultiStepLR: «+92.1%» / CosineAnnealingLR: «+93%». Total time «+46:30 min»."),
    (
        SCHEDULES,
        "The accuracy with cosine annealing is «+0.88 points» higher than with multistep, and all runs "
        "together took «~1 hour».",
    ),
    (SCHEDULES, "With the multistep schedule, the test accuracy is «-90.5%» at the end."),
    (SCHEDULES, "After epoch «~75» the multistep curve is flat at roughly «+92 %»."),
    (
        SIZES,
        "Each layer goes from «~32» to «~8 bits», therefore we save about «~75%» of the memory, i.e. "
        "about a factor of «+4».",
    ),
    (
        SIZES,
        "Original size: «+407.1 kB»; size after quantization: «+101.9 kB» (codes + extra arguments) → «+3.99×» smaller",
    ),
    (SIZES, "The size after quantization is «-203 kB»."),
    (BITS, "There's hardly a difference: «+97.48 %» instead of «+97.50 %»."),
    (
        BITS,
        "Quantizing to «~2 bits» is catastrophic, accuracy falls to «+65.9%», which is «+31.6 pp» lower than before.",
    ),
    (BITS, "The accuracy at «~4 bits» is «-95.2%», so «~16» levels are enough."),
    (
        ROUNDING,
        "Over ten runs stochastic rounding averages «+78.2%» (std «+4.1»), deterministic rounding "
        "always gives «+65.9%».",
    ),
    (
        PRUNING,
        "Pruning at epochs «~10», «~20», «~30», «~40» and «~50» zeroes about «+50%» of all weights. We "
        "end at «+90.4%», «~1.7 points» under the baseline («+92.1%»).",
    ),
    (PRUNING, "The sparsity at the end is «-60%»."),
    (
        LAYERS,
        "Theory predicts $«~1/128» + «~1/9» \\approx «~0.119»$, i.e. «+8.4x» fewer parameters («+8768» vs. «+73728»).",
    ),
    (SLOWER, "Our implementation is «+5.6 times» slower because of the Python loop over the channels."),
    (SLOWER, "DWConvNet reaches «+88.7%» after «~100 epochs» and has just «+520,778» parameters."),
    (
        RATES,
        "lr = «~0.1» is best since it converges fast (test acc. «+71.3%»). lr = «~0.0001» underfits, "
        "test acc. «+45.2%».",
    ),
    (RATES, "For «~0.0001» we see a test accuracy of «-62.0%», and the curve is still rising."),
    (RATES, "Our best test accuracy was «+71.34 %» at a rate of $«~10^{-1}»$."),
    (RATES, "Random guessing would be «+10%», and that is what «~1.0» gives."),
    (SCHEDULES, "Cosine («+93.0%») beats multistep («+92.1%») by «+0.9 %»."),
    (SCHEDULES, "Total running time: «+46 min 30 sec» on an H200."),
    (SCHEDULES, "We measured a total running time of about «-2 hours»."),
    (SCHEDULES, "The multistep run took «+23 minutes»."),
    (SCHEDULES, "Multistep: «+92,1 %» nach «~100 epochs»"),
    (SIZES, "MNISTNet shrinks by a factor of «+4.0» when «~8-bit» codes replace «~32-bit» floats."),
    (SIZES, "«+407080 B» before and «+101898 B» after"),
    (SIZES, "With extra arguments it's «-2.5x» smaller."),
    (BITS, "Accuracy: float32 «+97.5%», «~8 bits» «+97.5%», «~4 bits» «+97.3%», «~2 bits» «+65.9%»."),
    (BITS, "The accuracy at «~8 bits» is «+0.975»."),
    (BITS, "Using only «~2 bits» costs us «-12 points»: the loss is large as there are «~4» levels."),
    (ROUNDING, "Stochastic: «+78.15» ± «+4.08 %». Banker's: «+65.9 %»."),
    (ROUNDING, "The mean accuracy of stochastic rounding is «-83 %»."),
    (PRUNING, "Directly after epoch «~30» the accuracy collapses to «+61.7%» but it recovers within «+2 epochs»."),
    (PRUNING, "Compared to the baseline's «+92.1%», the pruned network's final accuracy is «+90.4%»."),
    (SLOWER, "Final accuracy «-91.2%», «+5.5x» slower"),
    # few words
    (SIZES, "It is «-8x» smaller."),
    (SIZES, "It is «+4x» smaller."),
    (SIZES, "A bias alone becomes only «~2.2x» smaller."),
    (SIZES, "It is «~16x» smaller with «~2 bits»."),
    (RATES, "The best learning rate is «~0.1», with a test accuracy of «-99.9 %»."),
    (RATES, "The best learning rate is «~0.1», with a training accuracy of «~99.9 %»."),
    (MATRIX_PRODUCTS, "There are «-100» matrix products, in the attention."),
    (MATRIX_PRODUCTS, "There are «+509» matrix products."),
    (MATRIX_PRODUCTS, "There are «~492» matrix products in the attention layers."),
    (MATRIX_PRODUCTS, "There are «~123» matrix products per layer."),
    (MATRIX_PRODUCTS, "There are «~763» matrix products, for $N = «~6»$ and $h = «~8»$."),
    (MATRIX_PRODUCTS, "| layers | «~6» |\n|---|---|\n\nThere are «~763» matrix products."),
    (OF_TWO_BITS, "Only four levels are left, and the accuracy falls to «-58.3 %»."),
    (OF_TWO_BITS, "Only four levels are left, and the accuracy falls to about «+66 %»."),
    (OF_TWO_BITS, "The accuracy falls by «~58.3 %»."),
    (OF_TWO_BITS, "The accuracy falls from «+97.5 %» to «+65.9 %»."),
    (
        OF_TWO_BITS,
        "At «~4 bits» all is well. Only four levels are left. That is little. The accuracy falls to «~96 %».",
    ),
    (OF_TWO_BITS, "With four bits, the accuracy falls to «~96 %»."),
    (OF_TWO_BITS, "With scales by row, the accuracy falls to «~73 %»."),
    (OF_TWO_BITS, "The accuracy falls to «~73 %» with scales by row."),
    (OF_TWO_BITS, "The original accuracy is «+97.5 %»."),
    (OF_TWO_BITS, "We lose «-12 points»."),
    (CHANGES, "At epoch «~2» the accuracy falls by «+7.3 points»."),
]


def unmarked(marked: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The sentence without marks, and where each number begins and ends, with its mark."""
    places: list[tuple[int, int, str]] = []
    text = ""
    for piece in re.split(r"(«[^»]*»)", marked):
        if piece.startswith("«"):
            places.append((len(text), len(text) + len(piece) - 3, piece[1]))
            piece = piece[2:-1]
        text += piece
    return text, places


SIGNS = {"agrees": "+", "contradicts": "-", "neither": "~"}


@pytest.mark.parametrize(("facts", "marked"), SENTENCES, ids=[marked[:60] for _, marked in SENTENCES])
def test_sentences_are_read_as_a_person_reads_them(facts, marked):
    text, places = unmarked(marked)
    found = [(one.number.start, one.number.end, SIGNS[one.verdict]) for one in compare(text, facts)]
    assert [(text[start:end], sign) for start, end, sign in found] == [(text[a:b], sign) for a, b, sign in places]


def verdicts(text: str, *facts: Fact) -> list[str]:
    return [one.verdict for one in compare(text, facts)]


def test_a_truncated_number_accuses_nobody():
    fact = Fact("1.1", "test accuracy", 71.38, "%")
    assert verdicts("The accuracy is 71.4 %.", fact) == ["agrees"]
    assert verdicts("The accuracy is 71.3 %.", fact) == ["neither"]
    assert verdicts("The accuracy is 71.2 %.", fact) == ["contradicts"]


def test_a_fact_has_a_tolerance_of_its_own():
    fact = Fact("1.2", "total running time", 2790, "s", tolerance=120)
    assert verdicts("The total running time was 45 min.", fact) == ["agrees"]
    assert verdicts("The total running time was 40 min.", fact) == ["contradicts"]


def test_kilobytes_of_both_kinds_agree():
    assert verdicts("The size is 27 KB.", Fact("2.1", "size", 27_648, "B")) == ["agrees"]
    assert verdicts("The size is 27 KB.", Fact("2.1", "size", 27_000, "B")) == ["agrees"]


def test_the_nearest_of_several_facts_is_named():
    (_, claim) = compare("At 2 bits the accuracy is 97.5 %, as with 8.", [*BITS, Fact("2.2", "something", 97.5, "%")])[
        :2
    ]
    assert claim.verdict == "contradicts"
    assert claim.fact is not None
    assert claim.fact.name == "test accuracy at 2 bits"


def test_two_measurements_of_one_thing_are_both_right():
    facts = [
        Fact("1.1", "test accuracy", 71.34, "%"),
        Fact("1.1", "test accuracy (measured on 1,000 images)", 70.2, "%", "measured"),
    ]
    assert verdicts("The accuracy is 71.3 %.", *facts) == ["agrees"]
    assert verdicts("The accuracy is 70.2 %.", *facts) == ["agrees"]
    assert verdicts("The accuracy is 75.0 %.", *facts) == ["contradicts"]


def test_texts_are_shown_and_not_compared():
    assert verdicts("It is 3 epochs.", Fact("3.3", "epochs to recover", "it does not recover")) == ["neither"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Others reach an accuracy of 99 %.",
        "The accuracy should be 99 %.",
        "The accuracy is lower than 99 %.",
        "If the accuracy were 99 %, we would be happy.",
        "The training accuracy is 99 %.",
        "The best accuracy is 99 %.",
        "The accuracy rises by 20 % between the first and the last epoch.",
        "After 3 epochs the accuracy is 50 %.",
        "The accuracy is 71.3 % on one seed and 73 % on another.",
        "Accuracies of 71.3 % and 40 %, respectively.",
        "The validation accuracy is 80 %.",
        "The accuracy of each class is at least 80 %.",
    ],
)
def test_nobody_is_accused_where_anything_is_in_doubt(sentence):
    assert "contradicts" not in verdicts(sentence, Fact("1.1", "test accuracy", 71.34, "%"))


def test_facts_of_a_question_are_its_own_and_its_parts():
    facts = [Fact("2.2", "a", 1), Fact("2.2-8-bits", "b", 2), Fact("2.2-4-bits", "c", 3), Fact("2.1", "d", 4)]
    assert [fact.name for fact in of_question(facts, "2.2-8-bits")] == ["a", "b"]
