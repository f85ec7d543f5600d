"""Figures: what is drawn of records, where it is drawn, and that nothing is cut or hidden."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from course import plotting
from course.plotting import style
from course.plotting.curves import MAX_POINTS
from course.records import Run, Settings
from course.trainer import moving_average

STEPS = 40
"""The steps of an epoch."""
MULTISTEP = [0.1 ** (1 + epoch // 25) for epoch in range(100)]
COSINE = [0.05 * (1 + np.cos(np.pi * epoch / 100)) for epoch in range(100)]
QUARTERS = [(0.0, 0.001), (0.25, 0.2), (0.5, 0.3), (0.75, 0.35)]


def make_run(title: str = "a run", epochs: int = 5, done: int | None = None, **fields) -> Run:
    """A run whose loss falls by half in each epoch, from 2, and whose accuracy rises."""
    done = epochs if done is None else done
    settings = Settings(epochs, 128, "sgd", 0.1, 0.9, 5e-4, "constant", 1, True, "float32")
    losses = [2 * 0.5 ** (step / STEPS) for step in range(done * STEPS)]
    accuracies = [0.9 - 0.5 / epoch for epoch in range(1, done + 1)]
    values = {"losses": losses, "accuracies": accuracies, "seconds": [1.5] * done, **fields}
    return Run("a-run", title, settings, **values)


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for one in figure.legends for text in one.get_texts()]


def panels(figure: Figure) -> list[Any]:
    """The axes; matplotlib's own types know less of what is in them."""
    return list(figure.axes)


def curves(axes) -> list[np.ndarray]:
    """(points, 2) of each line, without the vertical ones that mark epochs."""
    return [line.get_xydata() for line in axes.get_lines() if len(set(line.get_xdata())) > 1]


def vertical(axes: Any) -> list[float]:
    """The epochs with a vertical line."""
    return [
        line.get_xdata()[0]
        for line in axes.get_lines()
        if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 1
    ]


def words(figure: Figure) -> str:
    figure.canvas.draw()
    return " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())


@pytest.fixture
def every_figure() -> dict[str, Figure]:
    return draw_all()


def draw_all() -> dict[str, Figure]:
    runs = [make_run("the first"), make_run("the second", 100, 12)]
    long = [make_run("steps", 100, rates=MULTISTEP), make_run("smooth", 100, rates=COSINE)]
    quarters = [make_run("a network", 1, within=QUARTERS), make_run("another", 1, within=QUARTERS)]
    marked = plotting.learning_curves(runs, title="marked")
    plotting.mark(marked, "quick profile: 640 training images, not the handout's run")
    pruned = [make_run("pruned", zeros=[[0, 0], [1, 2], [1, 2], [3, 4], [5, 10]])]
    titles = [f"a run with a rather long title, number {place}" for place in range(7)]
    rng = np.random.default_rng(0)
    return {
        "curves": plotting.learning_curves(runs, title="curves", marks=[1, 3], mark_label="pruning step"),
        "long": plotting.learning_curves(long, title="long", marks=[10, 50], mark_label="pruning steps"),
        "quarters": plotting.learning_curves(quarters, title="quarters"),
        "marked": marked,
        "one epoch": plotting.learning_curves([make_run(epochs=1), make_run(epochs=1)], title="one epoch"),
        "seven": plotting.learning_curves([make_run(title) for title in titles], title="seven " * 20),
        "none": plotting.learning_curves([], title="none"),
        "sparsity": plotting.sparsity_curves(pruned, totals=[10, 20], title="sparsity"),
        "seconds": plotting.epoch_seconds([make_run(), make_run(seconds=[99.0] * 5)], title="seconds"),
        "spread": plotting.accuracy_spread({"8 bits": [0.97], "2 bits": [0.5, 0.6]}, title="spread", baseline=0.98),
        "histograms": plotting.histograms({"fc1": rng.normal(size=500)}, title="errors", xlabel="Steps"),
        "encoding": plotting.encoding(np.sin(np.arange(2048 * 256).reshape(2048, 256)), title="encoding"),
        "bars": plotting.bars(["1", "2\n3 → 4"], {"a": [10, 2e6], "b": [0, 3]}, title="bars", xlabel="n"),
    }


def test_the_loss_is_a_moving_average_against_the_epoch():
    run = make_run(epochs=50)
    left, right = plotting.learning_curves([run], title="").axes
    (loss,) = curves(left)
    assert left.get_ylabel() == "Training loss (mean of 100 steps)"
    expected = moving_average(run.losses, 100)
    assert loss[0] == pytest.approx([100 / STEPS, expected[0]])
    assert loss[-1] == pytest.approx([50, expected[-1]])
    assert len(loss) <= MAX_POINTS
    (accuracy,) = curves(right)
    np.testing.assert_allclose(accuracy, np.stack([np.arange(1, 51), np.multiply(run.accuracies, 100)], axis=1))


def test_short_runs_have_a_mean_of_fewer_steps_and_the_label_says_how_many():
    left = plotting.learning_curves([make_run(epochs=5), make_run(epochs=50)], title="").axes[0]
    assert left.get_ylabel() == "Training loss (mean of 20 steps)"
    tiny = make_run(epochs=1, losses=[2.0, 1.0, 0.5])
    assert plotting.learning_curves([tiny], title="").axes[0].get_ylabel() == "Training loss"


def test_a_run_that_has_just_begun_is_smoothed_as_its_whole_will_be():
    assert (
        plotting.learning_curves([make_run(epochs=100, done=3)], title="").axes[0].get_ylabel().endswith("100 steps)")
    )


@pytest.mark.parametrize(("epochs", "scale"), [(3, "linear"), (10, "log")])
def test_the_loss_axis_is_logarithmic_where_the_loss_spans_more_than_twenty(epochs, scale):
    assert plotting.learning_curves([make_run(epochs=epochs)], title="").axes[0].get_yscale() == scale


def test_the_legend_says_how_far_an_unfinished_run_got():
    figure = plotting.learning_curves([make_run("done"), make_run("stopped", 100, 12)], title="")
    assert legend(figure) == [
        "done, last epoch: 80.00 %",
        "stopped (12 of 100 epochs), last epoch: 85.83 %",
    ]


def test_runs_without_an_epoch_are_left_out():
    assert legend(plotting.learning_curves([make_run("begun", done=0), make_run("done")], title="")) == [
        "done, last epoch: 80.00 %"
    ]
    assert "no epoch is finished yet" in words(plotting.learning_curves([make_run(done=0)], title=""))


def test_marks_beyond_the_last_epoch_are_not_drawn():
    figure = plotting.learning_curves([make_run(epochs=50, done=20)], title="", marks=[10, 20, 30], mark_label="steps")
    for axes in panels(figure):
        assert vertical(axes) == [10, 20]
    assert "steps after epochs 10 and 20" in legend(figure)


def by_label(figure: Figure) -> dict[str, Any]:
    return {axes.get_title() or axes.get_ylabel(): axes for axes in panels(figure)}


def test_long_runs_have_a_panel_of_their_last_25_epochs():
    runs = [make_run(epochs=100, rates=MULTISTEP), make_run(epochs=100, done=80, rates=MULTISTEP[:80])]
    axes = by_label(plotting.learning_curves(runs, title=""))["Last 25 epochs"]
    (first, second) = curves(axes)
    assert first[:, 0].tolist() == list(range(76, 101))
    np.testing.assert_allclose(first[:, 1], np.multiply(runs[0].accuracies[75:], 100))
    assert second[:, 0].tolist() == list(range(76, 81))
    low, high = axes.get_ylim()
    assert high - low < 3
    assert "Last 25 epochs" not in by_label(plotting.learning_curves([make_run(rates=[0.1] * 4 + [0.01])], title=""))


def test_the_learning_rate_is_drawn_where_it_changes():
    runs = [make_run(epochs=100, rates=MULTISTEP), make_run(epochs=100, rates=COSINE)]
    axes = by_label(plotting.learning_curves(runs, title=""))["Learning rate"]
    drawn = curves(axes)
    assert [len(line) for line in drawn] == [101, 101]
    assert drawn[0][[0, 24, 25, 100], 1] == pytest.approx([0.1, 0.1, 0.01, 1e-4])
    assert drawn[1][:100, 1] == pytest.approx(COSINE)
    constant = plotting.learning_curves([make_run(rates=[0.1] * 5)], title="")
    assert "Learning rate" not in by_label(constant)


def test_runs_of_the_same_rates_share_their_line_and_the_panel_says_so():
    runs = [make_run(epochs=100, rates=MULTISTEP), make_run(epochs=100, done=60, rates=MULTISTEP[:60])]
    assert len(curves(by_label(plotting.learning_curves(runs, title=""))["Learning rate (same in all runs)"])) == 1


def test_milestones_are_marked_and_named_and_a_smooth_schedule_has_none():
    figure = plotting.learning_curves([make_run(epochs=100, rates=MULTISTEP)], title="")
    assert "the learning rate falls after epochs 25, 50 and 75" in legend(figure)
    assert vertical(figure.axes[0]) == [25, 50, 75]
    assert vertical(by_label(figure)["Last 25 epochs"]) == [75]
    smooth = plotting.learning_curves([make_run(epochs=100, rates=COSINE)], title="")
    assert len(legend(smooth)) == 1
    assert not any(vertical(axes) for axes in panels(smooth))


def test_accuracies_within_an_epoch_are_drawn_at_their_share_of_it():
    run = make_run(epochs=1, within=QUARTERS, accuracies=[0.4])
    right = plotting.learning_curves([run], title="").axes[1]
    (line,) = curves(right)
    assert line.tolist() == [[0, pytest.approx(0.1)], [0.25, 20], [0.5, 30], [0.75, 35], [1, 40]]


def test_a_mark_is_in_the_figure_below_its_title():
    figure = plotting.learning_curves([make_run()], title="a title")
    plotting.mark(figure, "quick profile: 640 training images")
    assert "quick profile: 640 training images" in words(figure)
    canvas: Any = figure.canvas
    renderer = canvas.get_renderer()
    note = figure.texts[-1]
    below = note.get_window_extent(renderer)
    for axes in panels(figure):
        assert not below.overlaps(axes.get_tightbbox(renderer))
    one_line: Any = plotting.learning_curves([make_run()], title="a title")
    one_line.canvas.draw()
    assert below.y1 <= figure.bbox.y1 - (one_line.bbox.y1 - one_line._suptitle.get_window_extent().y0)


def test_legends_have_the_colours_and_lines_of_what_is_drawn(every_figure):
    for name in ("curves", "long", "quarters", "seven", "sparsity", "seconds"):
        figure = every_figure[name]
        drawn = {_look(line) for axes in panels(figure) for line in axes.get_lines()}
        for handle in figure.legends[0].legend_handles:
            assert _look(handle) in drawn, (name, handle.get_label())


def _look(line: Any) -> tuple[object, ...]:
    return line.get_color(), line.get_linestyle(), line.get_alpha()


def test_bars_have_linear_axes(every_figure):
    for name in ("bars", "sparsity", "histograms"):
        for axes in panels(every_figure[name]):
            if axes.patches:
                assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")


def test_axis_titles_begin_with_a_capital_letter_and_no_figure_says_your(every_figure):
    for name, figure in every_figure.items():
        for axes in panels(figure):
            for title in (axes.get_xlabel(), axes.get_ylabel()):
                assert title == "n" or title[:1] == title[:1].upper(), (name, title)
        assert "your" not in words(figure).lower()


def test_epochs_are_whole_numbers(every_figure):
    for name in ("curves", "long", "seven", "seconds", "sparsity"):
        every_figure[name].canvas.draw()
        for axes in every_figure[name].axes:
            if axes.get_xlabel() == "Epoch":
                ticks = axes.get_xticks()
                assert len(ticks), name
                np.testing.assert_array_equal(ticks, np.round(ticks))


def test_sparsity_is_the_share_of_each_convolution_and_of_all():
    figure = plotting.sparsity_curves([make_run("pruned", 2, zeros=[[0, 0], [5, 2]])], totals=[10, 20], title="")
    left, right = panels(figure)
    last = sorted(line.get_ydata()[-1] for line in left.get_lines())
    assert last == pytest.approx([10, 100 * 7 / 30, 50])
    assert [bar.get_height() for bar in right.patches] == pytest.approx([50, 10])


def test_zeros_of_another_network_are_refused():
    with pytest.raises(ValueError, match="zeros of 2 convolutions, totals of 3"):
        plotting.sparsity_curves([make_run(zeros=[[0, 0]])], totals=[1, 2, 3], title="")


def test_the_ratio_of_medians_is_in_the_figure():
    slow, fast = (
        make_run("loop", epochs=3, seconds=[90.0, 12.0, 12.0]),
        make_run("groups", epochs=3, seconds=[4.0, 4.0, 9.0]),
    )
    figure = plotting.epoch_seconds([slow, fast], title="")
    assert "Median epoch: loop takes 3 times as long as groups" in words(figure)
    assert legend(figure) == ["loop, median: 12 s", "groups, median: 4 s"]


def test_repetitions_are_drawn_with_mean_and_standard_deviation():
    figure = plotting.accuracy_spread({"4 bits": [0.9712], "2 bits": [0.5, 0.6, 0.7]}, title="", baseline=0.9783)
    found = words(figure)
    assert "97.12 %" in found
    assert "60.00 ± 10.00 %" in found
    assert "full precision: 97.83 %" in found
    assert max(len(line.get_xdata()) for line in panels(figure)[0].get_lines()) == 3


def test_no_accuracy_tick_is_beyond_100_percent():
    (axes,) = plotting.accuracy_spread({"a": [1.0], "b": [0.2]}, title="").axes
    assert max(axes.get_yticks()) == 100


def test_accuracies_in_percent_are_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        plotting.accuracy_spread({"a": [97.8]}, title="")


def test_histograms_share_their_bins_and_say_what_is_left_out():
    figure = plotting.histograms({"a": np.array([0, 1, np.nan]), "b": np.array([[3.0, 4.0]])}, title="", xlabel="x")
    assert legend(figure) == ["a (2 values, 1 not finite)", "b (2 values)"]
    first, second = (patch.get_data() for patch in panels(figure)[0].patches)
    np.testing.assert_array_equal(first.edges, second.edges)
    assert first.values.sum() == second.values.sum() == 100


def test_a_constant_group_and_an_empty_one_are_drawn():
    plotting.histograms({"zeros": np.zeros(5), "none": np.array([])}, title="", xlabel="x").canvas.draw()
    assert "no values" in words(plotting.histograms({"none": np.array([])}, title="", xlabel="x"))


def test_the_encoding_is_drawn_against_position_and_depth():
    values = np.linspace(-1, 1, 2048)[:, None] * np.ones(256)
    left, right, _ = panels(plotting.encoding(values, title=""))
    assert left.get_xlim() == (-0.5, 2047.5)
    assert left.get_ylim() == (-0.5, 255.5)
    (image,) = left.get_images()
    assert image.get_clim() == (-1, 1)
    shown = image.get_array()
    assert shown.shape[0] == 256, "depth is vertical"
    np.testing.assert_allclose(shown[0].mean(), values.mean(), atol=1e-12)
    np.testing.assert_allclose(right.get_images()[0].get_array(), values[:64].T)


def test_bars_have_their_numbers():
    found = words(plotting.bars(["x", "y"], {"a": [1212778, 0], "b": [0.123456, 3.5]}, title="", xlabel="Parameters"))
    for text in ("1,212,778", "0.1235", "3.5", "Parameters"):
        assert text in found
    with pytest.raises(ValueError, match="1 values for 2 labels"):
        plotting.bars(["x", "y"], {"a": [1]}, title="", xlabel="")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1212778, "1,212,778"),
        (1212778.0, "1,212,778"),
        (1234.56, "1,235"),
        (51.1234, "51.12"),
        (0.42071, "0.4207"),
        (2.1034e-5, "2.103e-05"),
        (0.0, "0"),
        (-1500, "-1,500"),
        (float("inf"), "∞"),
        (float("nan"), "no number"),
    ],
)
def test_numbers_have_separators_or_four_digits(value, text):
    assert plotting.number(value) == text


def _is_within(box: Any, figure: Figure) -> bool:
    room = figure.bbox
    return bool(room.x0 <= box.x0 <= box.x1 <= room.x1 and room.y0 <= box.y0 <= box.y1 <= room.y1)


@pytest.mark.slow
def test_no_text_is_cut_and_no_legend_lies_on_data(every_figure):
    for name, figure in every_figure.items():
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        for axes in panels(figure):
            box = axes.get_tightbbox(renderer)
            assert _is_within(box, figure), name
            for one in figure.legends:
                assert not one.get_window_extent(renderer).overlaps(box), name
        for one in [*figure.legends, *([figure._suptitle] if figure._suptitle else [])]:
            assert _is_within(one.get_window_extent(renderer), figure), name


def test_several_things_differ_in_color_line_marker_and_hatch():
    looks = style.looks(len(style.COLORS))
    for field in zip(*looks, strict=True):
        assert len(set(map(str, field))) == len(looks)


def test_titles_with_signs_of_formulas_are_drawn_as_they_are():
    figure = plotting.learning_curves([make_run("$x^ _ run \\frac")], title="$x^ _{ title")
    assert "$x^ _ run" in words(figure)


@pytest.mark.slow
def test_pictures_are_saved_whole_small_and_the_same_each_time(every_figure, tmp_path):
    equal = draw_all()
    for name, figure in every_figure.items():
        png, pdf = plotting.save(figure, tmp_path / "one", name)
        assert png.read_bytes().startswith(b"\x89PNG")
        assert pdf.read_bytes().startswith(b"%PDF")
        assert pdf.stat().st_size < 1e6, name
        again = plotting.save(equal[name], tmp_path / "two", name)
        for first, second in zip((png, pdf), again, strict=True):
            assert first.read_bytes() == second.read_bytes(), first.name
    assert len(list((tmp_path / "one").iterdir())) == 2 * len(every_figure), "nothing else is left behind"


def test_a_picture_that_cannot_be_drawn_leaves_nothing(tmp_path):
    figure = plotting.learning_curves([make_run()], title="")
    plotting.save(figure, tmp_path, "curves")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    figure.axes[0].set_xlabel("$x^$", parse_math=True)
    with pytest.raises(ValueError, match="x"):
        plotting.save(figure, tmp_path, "curves")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_no_display_and_no_global_state_is_needed():
    before = dict(matplotlib.rcParams)
    plotting.learning_curves([make_run()], title="")
    assert dict(matplotlib.rcParams) == before
    check = "import sys, course.plotting; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], timeout=120).returncode == 0
