"""The figures of each part, drawn from records: what they compare, and what they say of their profile."""

from __future__ import annotations

from typing import Any

import matplotlib.text
import pytest
from matplotlib.figure import Figure

from course.experiments.experiment import Drawing
from course.experiments.runner import EXPERIMENTS
from course.records import Data, Record, Table
from tests.pset2.full_records import GPU, full_records

FEW = Data("cifar10", "fixtures", 640, 1_000, 32, "", "")


def drawings(part: str, found: dict[str, Record]) -> dict[str, Drawing]:
    return EXPERIMENTS[part].drawings(found)


def words(figure: Figure) -> str:
    texts: list[Any] = figure.findobj(matplotlib.text.Text)
    return " ".join(text.get_text() for text in texts)


def of_table(part: str, *tables: Table) -> dict[str, Record]:
    return {part: Record(part, part, "full", 43, GPU, {}, "complete", tables=list(tables))}


def test_figures_of_the_quick_profile_say_so_and_those_of_the_full_one_say_nothing():
    found = full_records()
    assert "profile" not in words(drawings("4.2", found)["fine-tuning"].figure)
    found["4.2"].profile, found["4.2"].data = "quick", FEW
    note = "quick profile: 640 training images, not the handout's run"
    assert note in words(drawings("4.2", found)["fine-tuning"].figure)
    found["2.2"].profile, found["2.2"].data = "quick", FEW
    assert "quick profile: not the handout's run" in words(drawings("2.2", found)["bits"].figure)


def test_fine_tuning_is_drawn_from_before_the_training_on():
    found = full_records()
    figure: Any = drawings("4.2", found)["fine-tuning"].figure
    for line in figure.axes[1].get_lines():
        assert list(line.get_xdata()) == [0, 0.25, 0.5, 0.75, 1]
    for run in found["4.2"].runs:
        run.within = []
    assert "quarter" not in drawings("4.2", found)["fine-tuning"].caption


def test_runs_of_another_profile_are_not_compared():
    found = full_records()
    assert "unpruned baseline" in words(drawings("3.3", found)["accuracy"].figure)
    found["1.2"].profile = "quick"
    drawn = drawings("3.3", found)["accuracy"]
    assert "unpruned baseline" not in words(drawn.figure)
    assert "The unpruned baseline comes with part 1.2." in drawn.caption


def test_sizes_are_shares_of_a_convolution_on_a_linear_axis():
    columns = ["channels", "convolution", "depthwise separable", "factor", "theory: 1 / (1/C_out + 1/k²)"]
    table = Table("Parameters", columns, [["64 → 64", 36_864, 4_672, 7.8904, 7.8904]])
    figure: Any = drawings("6.1", of_table("6.1", table))["parameters"].figure
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([12.674, 12.674], abs=1e-3)
    assert axes.get_xscale() == "linear"
    assert drawings("6.1", of_table("6.1", Table("Another", ["a"], [[1]]))) == {}


def test_what_is_trained_is_a_share_of_each_network():
    columns = ["network", "parameters", "trainable", "trainable in fc", "trainable (%)"]
    figure: Any = drawings("4.1", of_table("4.1", Table("", columns, [["pt_net", 1000, 250, 50, 25.0]])))[
        "parameters"
    ].figure
    assert [bar.get_width() for bar in figure.axes[0].patches] == [25, 5]


@pytest.mark.slow
def test_no_figure_says_your_and_every_number_in_a_legend_has_a_name():
    found = full_records()
    for part in found:
        for name, drawing in drawings(part, found).items():
            assert "your" not in words(drawing.figure).lower().split(), (part, name)
            for one in drawing.figure.legends:
                for label in (text.get_text() for text in one.get_texts()):
                    assert "%" not in label or any(what in label for what in ("last epoch: ", "precision: ")), label
