"""run_experiments.py: what it runs, what it leaves, and what happens when something goes wrong."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from course import checkpoints
from course.datasets import FIXTURES, DataError, load
from course.experiments import lab as lab_module
from course.experiments import part1, part4
from course.experiments.device import environment
from course.experiments.profiles import PROFILES
from course.experiments.runner import EXPERIMENTS, ConflictError, Session, parts_of
from course.records import MODULES, PARTS, Record, comparable, read
from course.timing import EpochTime
from course.trainer import evaluate
from harness.validation.cases import SOLUTION, STUBS
from tests.pset2.quick_results import TINY
from tests.pset2.short_sessions import SHORT, run_part, session


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


# ---- which parts -------------------------------------------------------------------------------------------------


def test_every_part_of_the_handout_has_an_experiment():
    assert tuple(EXPERIMENTS) == PARTS == tuple(MODULES)


def test_parts_are_chosen_by_number():
    assert parts_of([]) == list(PARTS)
    assert parts_of(["3.3", "1"]) == ["1.1", "1.2", "3.3"]
    with pytest.raises(ValueError, match=r"There is no part 7: choose from 1\.1, 1\.2"):
        parts_of(["7"])


def test_the_full_profile_has_the_handouts_numbers():
    full = PROFILES["full"]
    assert (full.source, full.batch_size, full.halved, full.short, full.long, full.lapse, full.training) == (
        *("complete", 128, False, 5, 100),
        *(1, None),
    )


# ---- what a run leaves -------------------------------------------------------------------------------------------


def test_what_is_left_can_be_loaded_and_does_what_the_record_says(quick_results):
    test = load("cifar10", "test").halved()
    for part in ("1.1", "1.2", "3.2", "3.3", "3.4", "6.2"):
        for run in read(quick_results / part).runs:
            assert run.checkpoint is not None
            model = checkpoints.load(quick_results / part / run.checkpoint.file, run.checkpoint.architecture)  # type: ignore[arg-type]
            assert evaluate(model, test).correct == run.checkpoint.test.correct, (part, run.name)
            assert len(run.losses) == 10 * run.settings.epochs  # 320 images, 32 a step


def test_a_network_learns_and_a_rate_that_is_too_small_learns_less(quick_results):
    """Ten steps at 0.1 take the loss down from 2.3; at 0.0001 they hardly do."""
    small, right, _ = read(quick_results / "1.1").runs
    long = read(quick_results / "1.2").runs[1]
    assert sum(long.losses[-10:]) < 0.95 * sum(right.losses[:10])
    assert sum(small.losses) / 10 > 2.2


def test_both_layers_train_alike_and_the_students_takes_longer(quick_results):
    own, provided, _ = read(quick_results / "6.2").runs
    assert own.losses[:3] == pytest.approx(provided.losses[:3], rel=1e-3)
    assert sum(own.seconds) > sum(provided.seconds)


def test_pruning_removes_a_tenth_at_each_step(quick_results):
    zeros = read(quick_results / "3.3").runs[0].zeros
    assert [row[8] for row in zeros] == [9 * 256 * 26 * min(epoch, 5) for epoch in range(1, 11)]


def test_a_checkpoint_says_of_which_profile_it_is(quick_results):
    with safe_open(quick_results / "1.2/multistep.safetensors", framework="pt") as file:
        assert file.metadata() == {"about": "part 1.2, quick profile, seed 43"}


def test_equal_seeds_leave_equal_records(tmp_path, quick_results):
    again = run_part(tmp_path, "3.2", profile=TINY)
    assert comparable(again) == comparable(read(quick_results / "3.2"))
    other = run_part(tmp_path / "other", "3.2", profile=TINY, seed=44)
    assert other.runs[0].losses != again.runs[0].losses


def test_figures_and_the_report_are_drawn_from_what_is_there(tmp_path):
    one = session(tmp_path, "2.2", "3.1", "6.1", "5.1", "2.3", "2.1")
    for part in one.parts:
        assert one.run(part).state == "complete", part
    page = one.draw()
    assert page == tmp_path / "report.html"
    text = page.read_text()
    for part in one.parts:
        figures = read(tmp_path / part).figures
        assert figures
        for name in figures:
            assert (tmp_path / part / f"{name}.png").stat().st_size > 5_000
            assert (tmp_path / part / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert text.count("data:image/png;base64,") == 6


# ---- nothing is lost ---------------------------------------------------------------------------------------------


def conflict(one: Session) -> str:
    with pytest.raises(ConflictError) as caught:
        one.check()
    return str(caught.value)


def test_results_that_are_there_are_not_overwritten(tmp_path, submission):
    run_part(tmp_path, "3.1")
    assert "keep them and continue with --resume" in conflict(session(tmp_path, "3.1"))
    assert "of seed 43: replace them with --replace" in conflict(session(tmp_path, "3.1", seed=7, resume=True))
    changed = submission(pruning=(SOLUTION / "pruning.py").read_text() + "\n# changed\n")
    assert "of another version of pruning.py" in conflict(session(tmp_path, "3.1", student=changed, resume=True))
    (tmp_path / "3.1/record.json").write_text("{")
    assert "can't be read" in conflict(session(tmp_path, "3.1", resume=True))
    for options in ({"seed": 7}, {"student": changed}, {}):
        session(tmp_path, "3.1", replace=True, **options).check()


def test_quick_results_never_replace_full_ones(tmp_path):
    run_part(tmp_path, "3.1", profile=replace(SHORT, name="full"))
    assert "of the full profile, which quick results never replace" in conflict(session(tmp_path, "3.1", replace=True))


def test_full_results_replace_quick_ones_unasked(tmp_path):
    run_part(tmp_path, "3.1")
    full = session(tmp_path, "3.1", profile=replace(SHORT, name="full"))
    full.check()
    assert full.run("3.1").profile == "full"


def test_what_is_replaced_is_kept_until_its_successor_is_complete(tmp_path, submission):
    run_part(tmp_path, "3.1")
    aside = tmp_path / "3.1.replaced"
    broken = submission(pruning="def broken(:\n")
    for _ in range(2):
        assert run_part(tmp_path, "3.1", student=broken, replace=True).state == "failed"
        assert read(aside).state == "complete"
    assert run_part(tmp_path, "3.1", replace=True).state == "complete"
    assert not aside.exists()


def test_what_was_skipped_is_no_result_that_could_be_lost(tmp_path):
    assert run_part(tmp_path, "3.1", student=STUBS).state == "skipped"
    session(tmp_path, "3.1").check()


# ---- student code ------------------------------------------------------------------------------------------------


def test_stubs_are_skipped_with_the_reason(tmp_path):
    for part in PARTS:
        record = run_part(tmp_path, part, student=STUBS)
        assert record.state == "skipped", part
        assert "not implemented yet: Part" in record.reason or "is not set yet" in record.reason, part
    session(tmp_path, *PARTS, student=STUBS).draw()
    assert "LEARNING_RATES in training.py is not set yet" in (tmp_path / "report.html").read_text()


def test_an_error_in_student_code_is_one_sentence_with_its_line(tmp_path, submission):
    text = "def positional_encoding(length, depth):\n    return 1 / 0\n"
    record = run_part(tmp_path, "5.1", student=submission(transformer=text))
    assert (record.state, record.reason) == ("failed", "transformer.py, line 2: ZeroDivisionError: division by zero")
    record = run_part(tmp_path / "2", "5.1", student=submission_of(tmp_path, "def broken(:\n"))
    assert record.reason.startswith("transformer.py, line 1: SyntaxError")


def submission_of(folder: Path, transformer: str) -> Path:
    other = folder / "another"
    other.mkdir()
    (other / "transformer.py").write_text(transformer)
    return other


def test_a_missing_module_is_said(tmp_path, submission):
    record = run_part(tmp_path, "3.1", student=submission(pruning=None))
    assert (record.state, record.reason) == ("failed", "pruning.py is missing in submission/")


@pytest.mark.parametrize(
    ("part", "module", "text", "reason"),
    [
        ("2.1", "quantization", "def quantize(W, bits=8): pass", "an array of codes and the extra arguments"),
        ("1.2", "training", "def make_scheduler(*_): pass", "make_scheduler in training.py returned a NoneType"),
        ("6.2", "depthwise", "def dw_conv_block(*_): return 5", "dw_conv_block in depthwise.py returned a int"),
        ("3.1", "pruning", "def SparseConvNet(): raise SystemExit", "the student's code ended the program"),
        ("3.1", "pruning", "def SparseConvNet(): raise NotImplementedError", "yet: SparseConvNet in pruning.py"),
    ],
)
def test_what_student_code_does_instead_is_named(tmp_path, submission, part, module, text, reason):
    student = submission(**{module: (SOLUTION / f"{module}.py").read_text() + f"\n\n{text}\n"})
    assert reason in run_part(tmp_path, part, student=student).reason


def test_other_parts_are_run_after_one_has_failed(tmp_path, submission):
    one = session(tmp_path, "2.2", "3.1", student=submission(quantization="raise ValueError('no')"))
    assert [one.run(part).state for part in one.parts] == ["failed", "complete"]


def test_a_loss_that_is_nan_is_one_sentence_and_stops_no_other_rate(tmp_path, submission):
    rates = "\nLEARNING_RATES = [1e30, 0.1]\n"
    student = submission(training=(SOLUTION / "training.py").read_text() + rates)
    record = run_part(tmp_path, "1.1", student=student)
    assert record.state == "failed"
    assert record.reason.startswith("learning rate 1e+30: the loss is nan at step ")
    assert "the training diverged, so try a smaller rate first" in record.reason
    assert [run.finished for run in record.runs] == [False, True]


def test_constants_of_a_wrong_kind_are_said(tmp_path, submission):
    student = submission(training="LEARNING_RATES = 'fast'\nBEST_LEARNING_RATE = -1\n")
    assert "expected a list of positive numbers" in run_part(tmp_path, "1.1", student=student).reason
    assert "expected a positive number" in run_part(tmp_path, "1.2", student=student).reason


def test_a_dry_run_estimates_for_the_images_of_the_profile(tmp_path, monkeypatch):
    counts = []

    def epoch_time(training, images, test_images):
        counts.append((images, test_images))
        return EpochTime(steps=1.0, evaluation=0.5)

    monkeypatch.setattr(lab_module, "epoch_time", epoch_time)
    record, seconds = session(tmp_path, "1.1").estimate("1.1")
    assert record.data is not None
    assert {*counts} == {(record.data.training, record.data.test)}
    assert record.data.training < len(load("cifar10", "train"))
    assert seconds == 1.5 * len(counts) * SHORT.short


# ---- the machine -------------------------------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_and_keeps_what_was_done(tmp_path, monkeypatch):
    def full(state, path, metadata=None):
        raise OSError(errno.ENOSPC, "No space left on device")

    one = session(tmp_path, "1.1")
    monkeypatch.setattr(checkpoints, "write_tensors", full)
    with pytest.raises(OSError, match="No space left"):
        one.run("1.1")
    assert len(read(tmp_path / "1.1").runs[0].accuracies) == 1


def test_no_memory_on_the_gpu_is_one_sentence(tmp_path, monkeypatch):
    def no_memory(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(part1, "ConvNet", no_memory)
    record = run_part(tmp_path, "1.1")
    assert record.state == "failed"
    assert "no memory is left on" in record.reason
    assert "--device cpu" in record.reason


def test_a_part_fails_whose_data_can_not_be_had(tmp_path, monkeypatch):
    def nothing(name, split, source="fixtures"):
        raise DataError("cifar10 can't be downloaded (no network)")

    monkeypatch.setattr(lab_module, "load", nothing)
    record = run_part(tmp_path, "1.1")
    assert (record.state, record.reason) == ("failed", "cifar10 can't be downloaded (no network)")


def test_a_data_dir_that_is_no_folder_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "nowhere"))
    for part in ("1.1", "4.2"):  # no CIFAR-10 stands in for what somebody meant to have
        record = run_part(tmp_path, part, profile=PROFILES["full"])
        assert record.state == "failed"
        assert record.reason.startswith(f"DATA_DIR names {tmp_path / 'nowhere'}, which is not a folder")


@pytest.mark.parametrize("content", [b"", b"garbage", (FIXTURES / "cifar10_test.npz").read_bytes()[:5_000]])
def test_data_that_are_no_data_are_one_sentence(tmp_path, monkeypatch, content):
    for name in ("cifar10", "cinic10"):
        (tmp_path / f"{name}.npz").write_bytes(content)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for part, name in (("1.1", "cifar10"), ("4.2", "cinic10")):
        record = run_part(tmp_path, part, profile=PROFILES["full"])
        assert record.state == "failed"
        assert record.reason.startswith(f"{tmp_path / name}.npz can't be read (")
        assert "delete it" in record.reason


def test_cifar10_stands_in_for_cinic10_and_the_report_says_so(tmp_path, monkeypatch):
    asked = []

    def without_cinic10(name, split, source="fixtures"):
        asked.append(name)
        if name == "cinic10":
            raise DataError("cinic10 can't be downloaded (no network)")
        return load(name, split)

    monkeypatch.setattr(lab_module, "load", without_cinic10)
    one = session(tmp_path, "4.2", profile=replace(SHORT, source="complete"))
    record = Record("4.2", "", "quick", 43, environment(one.device), {})
    training, _ = part4.images(one.lab(record))
    assert asked[0] == "cinic10"
    assert len(training) == 96
    assert record.stand_ins == [
        "CIFAR-10 stands in for CINIC-10, which is not available: cinic10 can't be downloaded (no network)."
    ]


def test_a_fault_of_this_software_is_kept_for_the_staff(tmp_path, monkeypatch):
    def fault(lab):
        raise KeyError("missing")

    monkeypatch.setattr(part1, "rates_of", fault)
    record = run_part(tmp_path, "1.1")
    assert "KeyError: 'missing'. This happened with the values that " in record.reason
    assert "Traceback" in (tmp_path / "1.1/fault.txt").read_text()
