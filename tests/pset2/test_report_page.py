"""The experiments' report: one page that has everything, needs nothing else, and is harmless whatever records say."""

from __future__ import annotations

import base64
import html
import re

import pytest

from course import plotting
from course.experiments import report
from course.experiments.fact_tables import fact_tables
from course.records import Checkpoint, Claim, Data, Environment, PartSession, Record, Run, Settings, Table
from harness.facts import Fact
from harness.problem import problem
from tests.pset2.full_records import full_records

HOSTILE = '\x1b[31m\x07 \u202e <script>alert(1)</script> " onload="alert(2)" [bold]markup[/bold] \udcff {{ 7 * 7 }}'
HERE = Environment("NVIDIA H200", "3.11.2", "2.8.0", "0.23.0", "2.2.6", "Linux x86_64", 16)


def make_run(
    title: str = "MultiStepLR", epochs: int = 4, done: int | None = None, correct: int = 9281, **fields
) -> Run:
    done = epochs if done is None else done
    settings = Settings(epochs, 128, "sgd", 0.1, 0.9, 5e-4, "multistep", 1, True, "bfloat16")
    found = Claim(correct, 10_000)
    values = {
        "losses": [2.0, 1.0] * done,
        "accuracies": [0.5, 0.94, 0.9, 0.93][:done],
        "seconds": [9.0, 1.0, 1.5, 1.0][:done],
        "checkpoint": Checkpoint("a.safetensors", "0" * 64, "ConvNet", found, Claim(920, 1000))
        if done == epochs
        else None,
        **fields,
    }
    return Run(title.lower(), title, settings, **values)


def make_record(part: str = "1.2", **fields) -> Record:
    values = {"profile": "full", "seed": 43, "environment": HERE, "student": {}, "state": "complete", **fields}
    return Record(part, values.pop("title", "Schedules"), **values)


def text_of(page: str) -> str:
    """What a reader sees, on one line."""
    body = page[page.index("<body>") :]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_page_has_what_every_record_holds(tmp_path):
    data = Data("cifar10", "complete", 50_000, 10_000, 32, "", "")
    table = Table("Weights", ["layer", "weights", "share (%)"], [["conv 1", 1212778, 46.8759], ["conv 2", 3, ""]])
    runs = [make_run(), make_run("Cosine", correct=9340)]
    records = [
        make_record(runs=runs, data=data, tables=[table], notes=["a note"], seconds=131.0),
        make_record("4.2", title="Fine-tuning", stand_ins=["CIFAR-10 stands in for CINIC-10"], seconds=5.25),
        make_record("5.1", title="The transformer", state="skipped", reason="transformer.py holds nothing but stubs"),
    ]
    text = text_of(report.render(tmp_path, records))
    for expected in (
        "Profile full",
        "Seed 43",
        "NVIDIA H200, 16 CPU threads; PyTorch 2.8.0, torchvision 0.23.0, NumPy 2.2.6, Python 3.11.2, Linux x86_64",
        "Total time 2 min 16 s Not run",
        "Not run 1.1, 2.1, 2.2, 2.3, 3.1, 3.2, 3.3, 3.4, 4.1, 6.1, 6.2",
        "1.2 Schedules ✓ complete test accuracy 93.40 % (Cosine) 2 min 11 s",
        "Skipped: transformer.py holds nothing but stubs.",
        "Stand-in. CIFAR-10 stands in for CINIC-10.",
        "a note.",
        "CIFAR-10, complete: 50,000 training and 10,000 test images of 32 × 32 pixels.",
        "conv 1 1,212,778 46.88",
        "SGD, momentum 0.9, weight decay 0.0005",
        "128 images, cropped and flipped",
        "bfloat16",
        "Final test accuracy 93.00 % 93.00 %",
        "Best test accuracy 94.00 % 94.00 %",
        "9,281 of 10,000 (92.81 %) 9,340 of 10,000 (93.40 %)",
        "920 of 1,000 (92.00 %)",
        "Median epoch 1.25 s 1.25 s",
    ):
        assert expected in text
    assert "earn no points" not in text


def test_a_part_has_the_questions_that_it_answers_and_what_the_records_say(tmp_path):
    runs = [make_run("multistep"), make_run("cosine_annealing", correct=9340)]
    text = text_of(report.render(tmp_path, [make_record(runs=runs)]))
    question = next(one for one in problem().question if one.part == "1.2")
    assert f"For the write-up: {question.title} (3 points, at most 50 words) {question.asks}" in text
    assert "total running time of both schedules" in text


def test_facts_of_several_epochs_rates_or_layers_stand_side_by_side():
    found = [
        Fact("3.3", "test accuracy before the pruning step at epoch 10", 81.2, "%"),
        Fact("3.3", "change of test accuracy by the pruning step at epoch 10", -3.456, "points"),
        Fact("3.3", "test accuracy before the pruning step at epoch 20", 85.0, "%"),
        Fact("3.3", "change of test accuracy by the pruning step at epoch 20", 0.5, "points"),
        Fact("3.3", "epochs to recover from the pruning step at epoch 20", "it does not recover"),
        Fact("3.3", "running time", 2780.0, "s"),
    ]
    single, steps = fact_tables(found)
    assert single == ([], [("running time", ["2,780\u00a0s (46\u00a0min\u00a020\u00a0s)"])], "")
    assert steps.columns == ["test accuracy before the step (%)", "change (points)", "epochs to recover"]
    assert steps.rows == [
        ("step after epoch 10", ["81.20", "−3.46", ""]),
        ("step after epoch 20", ["85.00", "+0.50", "it does not recover"]),
    ]
    assert "until the accuracy before the step is reached again" in steps.note
    (layers,) = fact_tables([Fact("6.1", "factor of the parameters, 64 → 128 channels", 7.89, "×")])
    assert layers == (["factor (×)"], [("64 → 128 channels", ["7.890"])], "")


def test_the_end_of_a_training_is_the_last_row_of_its_epochs_and_quarters():
    found = [
        Fact("4.2", "test accuracy of pt_net", 75.0, "%"),
        Fact("4.2", "test accuracy of pt_net before the training", 0.1, "%"),
        Fact("4.2", "test accuracy of pt_net after half of the epoch", 70.0, "%"),
    ]
    (quarters,) = fact_tables(found)
    assert quarters.rows[-1] == ("after the epoch", ["75.00"])
    (epochs,) = fact_tables([Fact("1.2", f"accuracy{when}", 75.0, "%") for when in ("", " at epoch 25")])
    assert [name for name, _ in epochs.rows] == ["epoch 25", "at the end"]


def test_a_number_with_its_error_stands_once_and_changes_have_a_sign():
    found = [
        Fact("2.3", "gain", 5.2, "points"),
        Fact("2.3", "gain: mean ± standard error", "5.20 ± 0.66 points"),
        Fact("2.3", "difference", 0.26, "points"),
        Fact("2.3", "standard deviation", 2.0, "points"),
        Fact("2.3", "mean training loss", 2.0),
    ]
    assert fact_tables(found)[0].rows == [
        ("gain: mean ± standard error", ["5.20 ± 0.66 points"]),
        ("difference", ["+0.26\u00a0points"]),
        ("standard deviation", ["2.00\u00a0points"]),
        ("mean training loss", ["2.000"]),
    ]


def test_a_page_of_full_records_has_the_numbers_that_the_answers_need(tmp_path):
    text = text_of(report.render(tmp_path, list(full_records().values())))
    for expected in (
        "learning rate 0.0001 36.70",
        "running time with cosine annealing",
        "test accuracy with multistep (%) test accuracy with cosine annealing (%) epoch 25",
        "total running time of both schedules (sum of the two runs)",
        "loss of test accuracy at 2 bits 31.91 points",
        "against full precision: mean ± standard error 26.63 ± 0.66 points",
        "test accuracy before the step (%) right after the step (%) change (points) weights that are zero (%)",
        "weights that are zero at the end",
        "difference of the network with pruned single weights to the unpruned baseline",
        "before the training 0.10 0.10 0.10 after a quarter of the epoch 63.10 55.20 43.20",
        "times slower than the provided layer (median epoch of each)",
        "parameters of DWConvNet 520,778",
    ):
        assert expected in text


def test_times_measured_beside_other_runs_have_a_warning_and_sessions_are_told(tmp_path):
    session = PartSession("2026-03-01T12:00:30+00:00", 95.0, 2, 4, "a CPU", False)
    records = [
        make_record("1.1", seconds=95.0, sessions=[session]),
        make_record("1.2", seconds=95.0, sessions=[session], runs=[make_run(alone=False)]),
    ]
    text = text_of(report.render(tmp_path, records))
    assert "Total time 1 min 35 s by the clock; the parts together took 3 min 10 s" in text
    assert "Session of 2026-03-01 12:00 UTC: 1 min 35 s on a CPU, 4 CPU threads, --jobs 2, beside other parts." in text
    assert "Times. Other parts ran at the same time" in text
    assert "Times measured beside other runs" in text
    alone = make_record("1.2", runs=[make_run(alone=True)])
    assert "Something else ran" not in text_of(report.render(tmp_path, [alone]))


def test_quick_results_are_said_to_earn_no_points(tmp_path):
    quick = make_record("1.1", profile="quick")
    text = text_of(report.render(tmp_path, [quick]))
    assert "Quick results: they earn no points." in text
    assert "--profile full" in text
    assert "Quick results in 1.1: they earn no points." in text_of(report.render(tmp_path, [quick, make_record()]))


def test_parts_are_in_the_handouts_order(tmp_path):
    records = [make_record("6.1"), make_record("1.1"), make_record("3.2")]
    assert [row.part for row in report.summary_rows(records)] == ["1.1", "3.2", "6.1"]


@pytest.mark.parametrize(
    ("record", "result"),
    [
        (make_record(runs=[make_run()]), "test accuracy 92.81 %"),
        (make_record(runs=[make_run(), make_run("Cosine", correct=9340)]), "test accuracy 93.40 % (Cosine)"),
        (make_record(runs=[make_run("SGD", 4, 2)]), "SGD: 2 of 4 epochs, test accuracy 94.00 %"),
        (make_record(runs=[make_run("half", checkpoint=None)]), "half: 4 of 4 epochs, test accuracy 93.00 %"),
        (make_record(runs=[make_run(), make_run("SGD", 4, 0)]), "test accuracy 92.81 %, SGD: 0 of 4 epochs"),
        (
            make_record("2.2", values={"full": [0.978], "2 bits": [0.5]}),
            "test accuracy 97.80 % (full precision), 50.00 % (2 bits)",
        ),
        (make_record("2.3", values={"2 bits": [0.5, 0.6]}), "test accuracy 55.00 % (2 bits, mean of 2)"),
        (make_record(tables=[Table("", [], [])], figures={"a": "", "b": ""}), "1 table, 2 figures"),
        (make_record(state="failed"), ""),
    ],
)
def test_the_key_result_is_the_best_final_accuracy_or_what_there_is(record, result):
    assert report.summary_rows([record])[0].result == result


def test_a_remark_is_the_reason_and_the_stand_ins():
    (row,) = report.summary_rows([make_record(state="failed", reason="it broke", stand_ins=["one for another."])])
    assert row == ("1.2", "Schedules", "failed", "", "", "it broke. one for another.")


def test_figures_are_in_the_page_and_missing_ones_are_said(tmp_path):
    plotting.save(plotting.learning_curves([make_run()], title="curves"), tmp_path / "1.2", "curves")
    page = report.render(tmp_path, [make_record(figures={"curves": "The curves.", "gone": "What is gone."})])
    assert 'type="checkbox" aria-label="Enlarge: The curves."' in page
    (picture,) = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="The curves\."', page)
    assert base64.b64decode(picture) == (tmp_path / "1.2" / "curves.png").read_bytes()
    assert "What is gone. The picture is missing: there is no 1.2/gone.png" in text_of(page)


@pytest.mark.parametrize("name", ["../secret", "/tmp/secret", "..", "", "a\nb", "link", "text"])
def test_no_other_file_gets_into_the_page(tmp_path, name):
    (tmp_path / "1.2").mkdir()
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\nsecret")
    (tmp_path / "1.2" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "1.2" / "text.png").write_text("no picture")
    page = report.render(tmp_path, [make_record(figures={name: "a caption"}), make_record("../1.2", figures={"x": ""})])
    assert "data:image" not in page
    assert "The picture is missing" in text_of(page)


def test_the_page_is_harmless_whatever_records_say(tmp_path):
    hostile = make_run(HOSTILE)
    hostile.settings = Settings(4, 1, HOSTILE, 0.1, 0, 0, HOSTILE, 1, False, HOSTILE)
    hostile.checkpoint = Checkpoint(HOSTILE, HOSTILE, HOSTILE, Claim(0, 0), Claim(0, 0))
    record = make_record(
        HOSTILE,
        title=HOSTILE,
        profile=HOSTILE,
        environment=Environment(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1),
        state="failed",
        reason=HOSTILE,
        data=Data(HOSTILE, HOSTILE, 0, 0, 0, "", ""),
        stand_ins=[HOSTILE],
        notes=[HOSTILE],
        runs=[hostile, make_run(seconds=[1e308] * 4)],
        tables=[Table(HOSTILE, [HOSTILE], [[HOSTILE], [float("nan")], []])],
        figures={HOSTILE: HOSTILE},
    )
    page = report.write_report(tmp_path, [record, make_record()]).read_text(encoding="utf-8")
    assert "<script" not in page
    assert 'onload="' not in page
    assert "49" not in text_of(page)
    assert not set(page) & set("\x1b\x07\u202e")
    assert "[bold]markup[/bold]" in page
    assert not set("".join("".join(row) for row in report.summary_rows([record]))) & set("\x1b\x07\u202e\udcff")


def test_the_page_needs_nothing_but_itself(tmp_path):
    page = report.render(tmp_path, [make_record(runs=[make_run()])])
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert "@import" not in page
    assert "<script" not in page


def test_a_page_without_records_says_what_was_not_run(tmp_path):
    text = text_of(report.render(tmp_path, []))
    assert "Not run 1.1, 1.2" in text
    assert "earn no points" not in text


def test_another_environment_is_said_where_it_is_another(tmp_path):
    elsewhere = Environment("a CPU", "3.10.1", "2.9.0", "0.24.0", "2.0.0", "Darwin arm64", 1)
    records = [make_record("1.1"), make_record("1.2"), make_record("2.1", environment=elsewhere)]
    text = text_of(report.render(tmp_path, records))
    assert text.count("Measured on NVIDIA H200") == 1
    assert text.count("Measured on a CPU, 1 CPU thread; PyTorch 2.9.0") == 1


def test_the_report_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = report.write_report(tmp_path / "results", [])
    assert path == tmp_path / "results" / "report.html"
    before = path.read_bytes()
    monkeypatch.setattr(report, "render", lambda folder, records: "cut \udcff")
    with pytest.raises(UnicodeEncodeError):
        report.write_report(path.parent, [])
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.417, "0.42 s"), (7.3, "7.3 s"), (59.97, "1 min 00 s"), (252, "4 min 12 s"), (7500, "2 h 05 min")],
)
def test_durations_have_units_that_say_something(seconds, text):
    assert report.duration(seconds) == text
