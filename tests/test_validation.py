"""Validation finds the grader's errors. The whole of it, all of grader/cases, is ``make validate``."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner

from harness import cli
from harness.catalog import RESULTS, read_suites
from harness.checks import CheckFailure, as_pair, assert_within, told_apart, tolerances_kept
from harness.gradebook import Gradebook, Measurement, Outcome, State
from harness.grading import grade
from harness.host.failures import SandboxError
from harness.isolation.limits import Limits
from harness.validation import cli as validation_cli
from harness.validation import mutants, mutation_report, tables, verdicts
from harness.validation.cases import SOLUTION, STUBS, Case, of_code, read_cases, solution_and_stubs
from harness.validation.impact import affected
from harness.validation.verdicts import SEED, Error, Task, Verdict, compare, grade_case, grade_cases, slowest_first
from tests.conftest import ROOT

CASES = read_cases()
MAXIMUM = sum(test.points for test in read_suites())


def case_of(kind: str, **fields) -> Case:
    """A case of part 1 that is the solution, and is said to be something else."""
    solution = next(case for case in solution_and_stubs() if case.module == "training")
    return dataclasses.replace(solution, **{"kind": kind, "name": "made_up", "text": "# changed", **fields})


def gradebook_of(**outcomes: Outcome) -> Gradebook:
    """A gradebook of part 1 in which all tests but these are passed, as ``_1_2a=...``."""
    gradebook = Gradebook("made up", SEED)
    for test in gradebook.tests:
        name = "_" + test.number.replace(".", "_")
        gradebook.record(test.number, outcomes.get(name, Outcome(State.PASSED, test.points)))
    return gradebook


@contextmanager
def this_process(jobs: int | None = None) -> Iterator[Executor]:
    """In the place of a pool: its processes would import torch first."""

    class Here(Executor):
        def submit(self, fn, /, *args, **kwargs):
            future: Future[object] = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    yield Here()


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(verdicts, "pool", this_process)


def printed(table: RenderableType) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


# ---- the solution, the stubs, and what cases there are -----------------------------------------------------------


def test_the_stubs_earn_nothing_and_every_line_says_so(launcher, tmp_path):
    stubs = shutil.copytree(STUBS, tmp_path / "stubs")  # next to student/ there may be results
    gradebook = grade(stubs, launcher=launcher)
    assert gradebook.score == 0
    assert gradebook.maximum == MAXIMUM
    for test, outcome in gradebook.results:
        assert outcome.state is State.NOT_IMPLEMENTED, test.number
        first = "No results yet" if RESULTS in test.tags else f"Not implemented yet: Part {test.part[0]}."
        assert outcome.message.startswith(first), test.number


def test_there_are_enough_cases_and_each_wrong_one_names_a_symptom():
    kinds = [case.kind for case in CASES]
    assert kinds.count("wrong") >= 120
    assert kinds.count("right") >= 50
    assert kinds.count("broken") >= 40
    assert [case.name for case in CASES if case.kind == "wrong" and not any(case.loses.values())] == []


def test_every_test_of_code_has_a_case_that_loses_it():
    assert set(of_code()) == {number for case in CASES for number in case.loses}


# ---- the verdict ---------------------------------------------------------------------------------------------------


def test_what_should_be_lost_and_is_not_is_missed(launcher):
    verdict = grade_case(Task(case_of("wrong", loses={"1.2a": "", "1.2b": "steps"})), launcher)
    assert verdict.errors == [Error("missed", number, f"{number} was passed") for number in ("1.2a", "1.2b")]
    assert not verdict.is_right


def test_what_should_not_be_lost_and_is_is_a_false_alarm(launcher):
    case = case_of("right", text="LEARNING_RATES = [0.1, 0.1, 0.1]\n")
    verdict = grade_case(Task(case), launcher)
    assert [(error.kind, error.number) for error in verdict.errors] == [("false alarm", "1.1a")]
    assert verdict.seconds > 0


def test_another_message_than_the_case_names_is_missed():
    failed = Outcome(State.FAILED, finding="the rate is 0.1, expected 0.01")
    case = case_of("wrong", loses={"1.2a": "the rate is 0.1", "1.2b": "half a cosine"})
    verdict = compare(Task(case), gradebook_of(_1_2a=failed, _1_2b=failed))
    text = '1.2b does not say "half a cosine" but: the rate is 0.1, expected 0.01'
    assert verdict.errors == [Error("missed", "1.2b", text)]
    assert verdict.catchers == {"1.2a", "1.2b"}


def test_a_test_that_was_not_run_has_lost_the_point_and_caught_nothing():
    waited = Outcome(State.NOT_RUN, finding="Not run: 1.2a failed first.")
    case = case_of("wrong", loses={"1.2a": "", "1.2b": "half a cosine"})
    verdict = compare(Task(case), gradebook_of(_1_2a=Outcome(State.FAILED), _1_2b=waited))
    assert verdict.is_right
    assert verdict.catchers == {"1.2a"}


def test_partial_credit_is_a_loss_and_what_may_be_lost_is_not_looked_at():
    case = case_of("wrong", loses={"1.2a": ""}, may_lose=frozenset({"1.2b"}))
    partial = Outcome(State.PARTIAL, 0.5)
    assert compare(Task(case), gradebook_of(_1_2a=partial)).is_right
    assert compare(Task(case), gradebook_of(_1_2a=partial, _1_2b=partial)).is_right
    assert not compare(Task(case), gradebook_of(_1_2a=partial, _1_2c=partial)).is_right


def test_a_fault_of_the_grader_is_no_verdict():
    broken = Outcome(State.NOT_RUN, finding="sorry", fault="ZeroDivisionError in a suite")
    verdict = compare(Task(case_of("wrong", loses={"1.2a": "sorry"})), gradebook_of(_1_2a=broken))
    assert verdict.errors == [Error("fault", "1.2a", "1.2a: ZeroDivisionError in a suite")]
    assert not verdict.is_right


def test_several_processes_come_to_the_verdicts_of_one():
    tasks = [Task(case_of("wrong", name=f"case_{index}", loses={"1.1a": ""})) for index in range(3)]
    verdicts = {verdict.case.name: verdict for verdict in grade_cases(tasks, jobs=2)}
    assert set(verdicts) == {"case_0", "case_1", "case_2"}
    assert all(verdict.errors == [Error("missed", "1.1a", "1.1a was passed")] for verdict in verdicts.values())


def test_what_takes_long_comes_first():
    kinds = [case_of("right"), case_of("broken"), case_of("right", module="transformer")]
    order = [(case.kind, case.module) for case in slowest_first(kinds)]
    assert order == [("broken", "training"), ("right", "transformer"), ("right", "training")]


# ---- tests that a case can't change --------------------------------------------------------------------------------

USES = {number: frozenset({"quantize", "dequantize"}) for number in of_code("2")} | {
    "2.2a": frozenset({"quantize_model"}),
    "2.3a": frozenset({"stochastic_quantize"}),
    "2.3b": frozenset({"*"}),
}


def affected_by(text: str) -> set[str]:
    return set(affected(case_of("wrong", module="quantization", text=text), USES))


def test_a_case_is_graded_by_the_tests_that_ask_for_what_it_defines():
    assert affected_by("def stochastic_quantize(W, bits=2, rng=None):\n    return W, 1") == {"2.2a", "2.3a", "2.3b"}
    assert affected_by("def quantize_model(model, bits=8):\n    return model") == {"2.2a", "2.3b"}
    assert affected_by("def quantize(W, bits=8):\n    return W, 1") >= {"2.1a", "2.2a", "2.2b"}
    assert "2.3a" not in affected_by("def quantize(W, bits=8):\n    return W, 1")


@pytest.mark.parametrize(
    "text",
    [
        "import numpy\nnumpy.random.seed(0)",
        "quantize_model.cache = {}",
        "@print\ndef quantize_model(model):\n    pass",
        "def quantize_model(model, rng=np.random.seed(0)):\n    pass",
        "class Model(print()):\n    pass",
        "class Model:\n    state = np.random.seed(0)",
        "_kept = [quantize(np.ones(3))]",
        "from numpy import *",
        "for name in ():\n    pass",
        "def quantize(:",
    ],
)
def test_what_does_more_than_define_is_graded_by_all_tests(text):
    assert affected_by(text) == set(of_code("2"))


def test_a_whole_module_and_what_nothing_is_known_of_are_graded_by_all_tests():
    text = "def quantize_model(model, bits=8):\n    return model"
    whole = case_of("wrong", module="quantization", text=text, whole=True)
    assert set(affected(whole, USES)) == set(of_code("2"))
    assert set(affected(case_of("wrong", module="pruning", text=text), USES)) == set(of_code("3"))


def test_the_exam_runs_the_tests_that_a_case_can_change_and_no_others(in_this_process):
    solution = next(case for case in solution_and_stubs() if case.name == "solution_training")
    wrong = next(case for case in CASES if case.name == "rates_zero_lost")
    found = {one.case.name: one for one in grade_cases([Task(wrong), Task(solution)], jobs=1, thorough=False)}
    assert set(found["solution_training"].uses) == set(of_code("1"))
    assert set(found["rates_zero_lost"].uses) == {"1.1a", "1.1b"}  # those that ask for LEARNING_RATES
    assert found["rates_zero_lost"].is_right
    seconds = [Task(solution), Task(solution, 7)]
    assert [set(one.uses) for one in grade_cases(seconds, jobs=1, thorough=False)] == [set(of_code("1"))] * 2
    again = next(grade_cases([Task(wrong)], jobs=1))
    assert set(again.uses) == set(of_code("1"))


# ---- what each test is there for -----------------------------------------------------------------------------------


def test_tests_are_known_by_what_they_alone_catch():
    def verdict(name: str, *lost: str) -> Verdict:
        return Verdict(case_of("wrong", name=name), SEED, dict.fromkeys(lost, ""), frozenset())

    verdicts = [verdict("alone", "1.2a"), verdict("two", "1.2a", "1.2b"), verdict("far", "1.2a", "1.1a")]
    found = {one.test.number: one for one in tables.catches(verdicts)}
    assert found["1.2a"].caught == ("alone", "two", "far")
    assert found["1.2a"].alone == ("alone",)
    assert found["1.2a"].nearly_alone == ("two",)  # a test of another part is no neighbour
    assert found["1.2b"].nearly_alone == ("two",)
    assert found["1.2d"].caught == ()
    assert all(number.startswith("1") for number in found)


def test_that_a_test_is_dead_weight_is_said_where_every_case_of_its_part_was_graded():
    known = [case_of("wrong", name="seen"), case_of("right", name="other"), case_of("wrong", name="left_out")]
    verdicts = [Verdict(known[0], SEED, {"1.2a": ""}, frozenset())]

    def rows(graded: list[Verdict], known: list[Case]) -> dict[str, bool]:
        output = printed(tables.by_test(graded, known))
        return {line.split()[0]: "superfluous" in line for line in output.splitlines() if line[:2] in ("1.", "2.")}

    every = dict.fromkeys(of_code("1"), True)
    assert rows(verdicts, known[:2]) == {**every, "1.2a": False}
    assert rows(verdicts, known) == {"1.2a": False}  # the others might have noticed what was left out
    right = [Verdict(known[1], SEED, {}, frozenset())]
    assert not re.search(r"^\d", printed(tables.by_test(right, known)), re.MULTILINE)


def test_the_suite_says_what_the_two_results_are():
    with pytest.raises(CheckFailure, match=r"split returned .*, expected two things: the rows and the columns"):
        as_pair(3, "split", "the rows and the columns")


# ---- the command ---------------------------------------------------------------------------------------------------


def validated(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app_for(""), ["validate", *arguments], catch_exceptions=False)
    return result.exit_code, re.sub(r"\s+", " ", result.output)


def test_the_command_prints_tables_messages_and_a_page(in_this_process, tmp_path: Path):
    page = tmp_path / "validation.html"
    code, output = validated("rates_only_the_good_two", "--messages", "--detail", "--html", str(page))
    assert code == 0
    assert "wrong/rates_only_the_good_two" in output
    assert "1.1a 1 1 0 rates_only_the_good_two" in output
    verdict = "1 submission was graded; the grader errs in none."
    assert output.startswith(verdict)
    assert output.rstrip().endswith(verdict)
    text = page.read_text(encoding="utf-8")
    assert '<td class="caught"' in text
    assert 'id="wrong/rates_only_the_good_two"' in text


def test_the_verdict_on_one_case_is_printed_once_if_it_fits_on_a_screen(in_this_process):
    output = validated("rates_only_the_good_two")[1].rstrip()
    verdict = "1 submission was graded; the grader errs in none."
    assert (output.count(verdict), output.endswith(verdict)) == (1, True)


def test_the_command_fails_where_the_grader_errs(in_this_process, monkeypatch, tmp_path: Path):
    wrong = case_of("wrong", name="not_wrong", loses={"1.2a": "<b>"})
    monkeypatch.setattr(validation_cli, "read_cases", lambda: (wrong,))
    code, output = validated("not_wrong", "--detail", "--html", str(tmp_path / "validation.html"))
    assert code == 1
    assert "wrong/not_wrong (seed 2420): missed: 1.2a was passed" in output
    assert "NOTHING: superfluous?" in output  # this one case is all of them
    assert output.startswith("1 submission was graded; the grader errs in 1 of them.")
    page = (tmp_path / "validation.html").read_text(encoding="utf-8")
    assert '<td class="missed" title="1.2a was passed">' in page
    assert f'<td class="mistake">{wrong.title}</td>' in page
    assert "<b>wrong/not_wrong</b> (seed 2420): missed: 1.2a was passed" in page


def test_what_each_test_catches_is_shown_on_request_only(in_this_process):
    assert "What each test catches" in validated("rates_only_the_good_two", "--detail")[1]
    assert "What each test catches" not in validated("rates_only_the_good_two")[1]


def test_a_part_is_graded_by_its_own_tests_and_those_that_they_need(monkeypatch):
    graded: list[Task] = []

    def kept(tasks, *_: object):
        graded.extend(tasks)
        return (Verdict(task.case, task.seed, {}, frozenset()) for task in tasks)

    monkeypatch.setattr(validation_cli, "grade_cases", kept)
    assert validated("--part", "2.3")[0] == 0
    assert {task.tests for task in graded} == {of_code("2.3")}
    assert all({*task.case.loses, *task.case.may_lose} & {*task.tests} for task in graded if task.case.kind != "right")
    assert {task.case.kind for task in graded} == {"wrong", "right", "broken"}
    graded.clear()
    assert validated("--part", "2.3f")[0] == 0
    assert {task.tests for task in graded} == {("2.3b", "2.3f")}


def test_a_part_of_a_part_is_graded(in_this_process):
    code, output = validated("--part", "1.1", "rates_only_the_good_two", "solution_training")
    assert (code, output.startswith("2 submissions were graded; the grader errs in none.")) == (0, True)


def test_right_cases_are_repeated_with_other_seeds(in_this_process):
    code, output = validated("quarters_of_training", "--repeat", "2", "--jobs", "1")
    assert code == 0
    assert "2 submissions were graded; the grader errs in none." in output


def test_a_log_has_a_line_now_and_then(in_this_process, monkeypatch):
    monkeypatch.setattr(validation_cli, "SECONDS_BETWEEN_LINES", 3600.0)  # however slow the machine is
    assert "1 of 2 graded" not in validated("quarters_of_training", "--repeat", "2", "--jobs", "1")[1]
    monkeypatch.setattr(validation_cli, "SECONDS_BETWEEN_LINES", 0.0)
    assert "1 of 2 graded, the grader erred in none." in validated("quarters_of_training", "--repeat", "2")[1]


def test_repeats_show_which_values_come_near_a_tolerance():
    shares = [
        {"6.1b": {"the sums": 0.3, "the output": share}, "6.1c": {"it": share / 3}} for share in (0.01, 0.5, 0.02)
    ]
    case = case_of("right", name="in_two_passes")
    verdicts = [Verdict(case, seed, {}, frozenset(), shares=one) for seed, one in enumerate(shares)]
    lines = printed(tables.repeated(verdicts)).splitlines()
    assert [line.split() for line in lines if line.startswith("6.1")] == [
        ["6.1b", "0.02", "0.50", "the", "output:", "in_two_passes", "(seed", "1)"]
    ]
    for verdict in verdicts:
        verdict.shares.clear()
    assert "tolerance" not in printed(tables.repeated(verdicts))


def test_the_share_of_a_tolerance_is_kept():
    found, expected = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 4.0])
    with tolerances_kept() as shares:
        assert_within(found, expected, np.array([2.0, 1.0, 0.0]), "values")
        assert_within(expected, expected, 1.0, "values")
        assert_within(expected, expected, 0.0, "equal ones")
        with pytest.raises(CheckFailure):
            assert_within(found, expected, 0.1, "others")
    assert shares == {"values": 0.25}
    assert_within(found, expected, 1.0, "values")
    assert shares == {"values": 0.25}


@pytest.mark.parametrize(
    ("found", "expected", "texts"),
    [
        (0.25, 0.5, ("0.25", "0.5")),
        (0.60395, 0.60404, ("0.6039", "0.604")),
        (0.604041, 0.604044, ("0.604041", "0.604044")),
        (0.5, np.nextafter(0.5, 1), ("0.5", "0.5000000000000001")),
        (0.5, 0.5, ("0.5", "0.5")),
        (float("nan"), float("nan"), ("nan", "nan")),
    ],
)
def test_numbers_that_differ_are_told_apart(found, expected, texts):
    assert told_apart(found, expected) == texts


def test_the_worst_value_is_told_apart_from_the_expected_one():
    with pytest.raises(CheckFailure, match=r"at \[0\], is 240\.00001, expected 240 ± 1e-06\."):
        assert_within(np.array([240.00001]), np.array([240.0]), 1e-6, "values")


def test_an_exam_keeps_how_near_a_submission_came_to_tolerances():
    solution = next(case for case in solution_and_stubs() if case.name == "solution_depthwise")
    verdict = grade_case(Task(solution, SEED, ("6.1a", "6.1b")), verdicts.shared_launcher())
    assert set(verdict.shares) == {"6.1b"}
    assert all(0 < share < 1 for share in verdict.shares["6.1b"].values())


def test_what_was_graded_before_ctrl_c_is_shown(monkeypatch):
    def stopped_after_one(tasks, *_: object):
        yield grade_case(tasks[0], verdicts.shared_launcher())
        raise KeyboardInterrupt

    monkeypatch.setattr(validation_cli, "grade_cases", stopped_after_one)
    code, output = validated("quarters_of_training", "--repeat", "3")
    assert code == 130
    assert "1 submission was graded" in output
    assert "Interrupted: 2 of 3 were not graded." in output
    assert validated("solution_quantization", "--calibrate", "3")[0] == 130


@pytest.mark.skipif(sys.platform != "linux", reason="there is no server to be started")
def test_where_no_sandbox_can_be_started_one_sentence_says_so(monkeypatch):
    from harness.host.fork import ForkLauncher

    def silent(self: object) -> None:
        raise SandboxError("the sandbox's server doesn't answer: it ended.")

    def in_this_process(tasks, *_: object):
        return (grade_case(task, ForkLauncher(Limits())) for task in tasks)

    monkeypatch.setattr(ForkLauncher, "_wait_until_ready", silent)
    monkeypatch.setattr(validation_cli, "grade_cases", in_this_process)
    sentence = "Nothing can be graded here: the sandbox's server doesn't answer: it ended."
    assert validated("solution_training", "quarters_of_training") == (
        1,
        f"{sentence} python -m grader doctor says more. ",
    )


def test_where_the_grader_breaks_in_every_test_the_faults_are_shown(monkeypatch):
    fault = Outcome(State.NOT_RUN, fault="Traceback\nNameError: name 'gone' is not defined")
    outcomes = {"_" + number.replace(".", "_"): fault for number in of_code("1")}

    def broken(tasks, *_: object):
        return (compare(task, gradebook_of(**outcomes)) for task in tasks)

    monkeypatch.setattr(validation_cli, "grade_cases", broken)
    code, output = validated("solution_training")
    assert code == 1
    assert "name 'gone' is not defined" in output
    assert "the grader errs in 1 of them." in output


def test_unknown_cases_and_parts_are_refused():
    assert validated("nonsense") == (
        2,
        "There is no case nonsense: they are the files in grader/cases/. ",
    )
    assert validated("casts_before_rounding")[1].endswith("did you mean cast_without_rounding? ")
    for unknown in ("7", "2.9", "two"):
        code, output = validated("--part", unknown)
        assert code == 2
        assert output.startswith(f"There is no part {unknown}: choose one of 1, 1.1, 1.2, 2, 2.1, 2.2, 2.3, 3, ")
    assert validated("rates_only_the_good_two", "--repeat", "2")[0] == 2
    assert validated("rates_only_the_good_two", "--calibrate", "2")[0] == 2


def test_bounds_are_shown_against_what_was_measured():
    measured = [{"2.2c": [Measurement("digits recognised", value, 965)]} for value in (975, 970, 972)]
    verdicts = [Verdict(solution_and_stubs()[0], SEED, {}, frozenset(), measurements=one) for one in measured]
    row = next(line for line in printed(tables.calibration(verdicts)).splitlines() if line.startswith("2.2c"))
    assert row.split() == ["2.2c", "digits", "recognised", "≥", "965", "970", "972", "975", "2", "σ"]


def test_a_bound_from_above_has_its_margin_below():
    assert Measurement("what is left", 0.3, 1, rises=False).margin == pytest.approx(0.7)
    assert Measurement("what is gained", 0.3, 1).margin == pytest.approx(-0.7)


# ---- mutation testing ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_training() -> list[mutants.Mutant]:
    return mutants.mutants_of("training")


def test_both_engines_change_the_solution_and_no_change_comes_twice(of_training):
    assert {mutant.engine for mutant in of_training} == {"mutmut", "Cosmic Ray"}
    assert len({mutant.text for mutant in of_training}) == len(of_training)
    assert all(mutant.before != mutant.after for mutant in of_training)


def test_mutants_are_made_in_any_folder(tmp_path):
    code = "from harness.validation.mutants import mutants_of; print(len(mutants_of('training')))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    made = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert int(made.stdout) == len(mutants.mutants_of("training"))


def test_a_mutant_is_killed_by_the_test_that_it_loses(of_training):
    late = next(mutant for mutant in of_training if "milestones=[26, 50, 75]" in mutant.after)
    assert late.line == 14
    assert mutants.try_one(late).killed_by == "1.2a"


def test_an_equivalent_mutant_survives_and_is_explained(of_training):
    known = next(mutant for mutant in of_training if mutant.change in mutants.equivalents())
    result = mutants.try_one(known)
    assert (result.killed_by, result.fault) == ("", "")
    assert mutation_report.unexplained([result]) == []
    assert mutants.equivalents()[known.change] in mutation_report.markdown([result], 1.0)


def test_what_survives_unexplained_is_listed(of_training):
    result = mutants.MutantResult(of_training[0], "")
    assert mutation_report.unexplained([result]) == [result]
    assert "None." not in mutation_report.markdown([result], 1.0).partition("## Survived")[2]
    assert mutation_report.unexplained([mutants.MutantResult(of_training[0], "1.1a")]) == []


def test_an_explanation_without_a_mutant_is_stale(of_training):
    assert mutants.stale(of_training) == []
    known = next(mutant for mutant in of_training if mutant.change in mutants.equivalents())
    others = [mutant for mutant in of_training if mutant.change != known.change]
    assert mutants.stale(others) == [known.change]


def test_every_explanation_is_one_of_a_line_of_the_solution():
    """That its mutant is made as well is what ``make mutants`` looks at: making all of them takes a minute."""
    for (module, before, _), reason in mutants.equivalents().items():
        lines = [line.strip() for line in (SOLUTION / f"{module}.py").read_text(encoding="utf-8").splitlines()]
        assert all(line.strip() in lines for line in before.splitlines()), before
        assert len(reason) > 20
