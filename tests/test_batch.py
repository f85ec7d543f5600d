"""A class at once: who handed in what, the table of grades, the class page, and batches that stop and go on."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from course.crew import Crew, Died, pool
from grader.batch import digests, page, tables
from grader.batch.ledger import Entry, Header, Ledger, LedgerError, Status
from grader.batch.roster import HandIn, Person, RosterError, read_roster
from grader.batch.work import Task, grade_one
from grader.catalog import RESULTS, read_suites
from grader.gradebook import State
from grader.sandbox import doctor
from grader.sandbox.fork import ForkLauncher
from grader.sandbox.limits import Limits
from grader.validation.cases import SOLUTION, STUBS, read_cases, write_modules, write_solution
from tests.classes import write_class
from tests.conftest import ROOT

MAXIMUM = sum(test.points for test in read_suites())
OF_CODE = {test.number for test in read_suites() if RESULTS not in test.tags}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# ---- who handed in what ----------------------------------------------------------------------------------------


def test_folders_archives_notebooks_and_modules_are_submissions(tmp_path):
    (tmp_path / "ada").mkdir()
    for name in (
        "CS2420_PSet2_Alan_Grace.zip",
        "barbara.tar.gz",
        "edsger.ipynb",
        "quantization_tony.py",
        "notes.txt",
        ".DS_Store",
    ):
        (tmp_path / name).write_text("")
    roster = read_roster(tmp_path)
    assert [hand_in.name for hand_in in roster.hand_ins] == [
        "CS2420_PSet2_Alan_Grace",
        "ada",
        "barbara",
        "edsger",
        "quantization_tony",
    ]
    assert roster.left_out == ("notes.txt",)


def test_the_folder_of_grades_is_no_submission(tmp_path):
    for name in ("ada", "grades"):
        (tmp_path / name).mkdir()
    assert [hand_in.id for hand_in in read_roster(tmp_path, without=tmp_path / "grades").hand_ins] == ["ada"]


@pytest.mark.parametrize("nested", [False, True])
def test_gradescopes_export(tmp_path, nested):
    export = tmp_path / "assignment_123_export" if nested else tmp_path
    export.mkdir(exist_ok=True)
    (export / "submission_1").mkdir()
    (export / "submission_9").mkdir()
    (export / "submission_metadata.yml").write_text(
        "---\n"
        "submission_1:\n"
        "  :submitters:\n"
        "  - :name: Ada Lovelace\n    :sid: '0815'\n    :email: ada@example.edu\n"
        "  - :name: Alan Turing\n    :sid: 42\n    :email: alan@example.edu\n"
        "  :created_at: !ruby/object:ActiveSupport::TimeWithZone\n    utc: 2025-10-01 12:00:00.000000000 Z\n"
        "  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n    score: 1.5\n"
        "submission_2:\n"
        "  :submitters:\n  - :name: Grace Hopper\n    :sid:\n    :email: grace@example.edu\n"
    )
    one, two, nine = read_roster(tmp_path).hand_ins
    assert one.people == (
        Person("Ada Lovelace", "0815", "ada@example.edu"),
        Person("Alan Turing", "42", "alan@example.edu"),
    )
    assert one.path == export / "submission_1"
    assert two.people == (Person("Grace Hopper", "", "grace@example.edu"),)
    assert not two.path.exists()
    assert nine.name == "submission_9"


@pytest.mark.parametrize(
    "text", ["{", "- 1\n- 2\n", "", "a: !!python/object/apply:os.system ['true']\n", "\x00", "a: *b\n"]
)
def test_metadata_that_is_none_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "submission_metadata.yml").write_text(text)
    with pytest.raises(RosterError, match=r"(can't be read|lists no submissions).*export"):
        read_roster(tmp_path)


def test_metadata_leads_nowhere_else(tmp_path):
    (tmp_path / "class").mkdir()
    write_solution(tmp_path / "elsewhere")
    listed = {key: {":submitters": "nobody"} for key in ("../elsewhere", str(tmp_path / "elsewhere"), "..", "")}
    (tmp_path / "class" / "submission_metadata.yml").write_text(yaml.safe_dump(listed))
    assert not any(hand_in.path.exists() for hand_in in read_roster(tmp_path / "class").hand_ins)


def test_what_is_no_class_is_refused_in_a_sentence(tmp_path):
    write_solution(tmp_path / "one")
    (tmp_path / "empty").mkdir()
    (tmp_path / "export.zip").write_bytes(b"")
    for name, said in {
        "nowhere": "does not exist: name a folder",
        "empty": "holds no submissions: they are folders",
        "export.zip": "is a file: unpack it",
        "one": "is one submission: python -m grader grade",
    }.items():
        with pytest.raises(RosterError, match=said):
            read_roster(tmp_path / name)


def test_ids_are_harmless_and_different(tmp_path):
    names = ["Ada Lovelace", "Ada_Lovelace", "Ada\nLovelace", "ädä", "=cmd", "-rf", "x" * 200, "x" * 199, "<script>"]
    for name in names:
        (tmp_path / name).mkdir()
    ids = [hand_in.id for hand_in in read_roster(tmp_path).hand_ins]
    assert len(set(ids)) == len(names)
    for one in ids:
        assert one.isascii()
        assert not set(one) & set("/ \n<>%&?#=")
        assert not one.startswith(("-", "."))


def test_no_name_can_be_chosen_to_get_the_reports_of_another(tmp_path):
    (tmp_path / "Ada Lovelace").mkdir()
    (taken,) = (hand_in.id for hand_in in read_roster(tmp_path).hand_ins)
    (tmp_path / taken).mkdir()
    assert len({hand_in.id for hand_in in read_roster(tmp_path).hand_ins}) == 2


def test_a_link_that_leads_to_itself_is_left_out(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    roster = read_roster(tmp_path, without=tmp_path / "grades")
    assert [hand_in.id for hand_in in roster.hand_ins] == ["ada"]
    assert roster.left_out == ("loop",)


@pytest.mark.parametrize("key", ["x" * 300, "../ada"])
def test_what_no_folder_can_be_called_is_not_there(tmp_path, key):
    (tmp_path / "submission_metadata.yml").write_text(json.dumps({key: {}}))
    (listed,) = read_roster(tmp_path).hand_ins
    assert not listed.path.exists()
    assert len(listed.name) <= 200


# ---- the table and the page ------------------------------------------------------------------------------------


def full(id: str, share: float = 1.0, **other: object) -> Entry:
    scores = {test.number: test.points * share for test in read_suites()}
    states = {test.number: State.PASSED if share == 1 else State.FAILED for test in read_suites()}
    return Entry(id, Status.GRADED, scores=scores, states=states, **other)  # type: ignore[arg-type]


def hand_in(id: str, *names: str) -> HandIn:
    return HandIn(id, Path(id), tuple(Person(name, f"sid-{name}", f"{name}@example.edu") for name in names or (id,)))


def test_a_row_a_student_and_a_row_of_maxima():
    found = rows(tables.render([hand_in("one", "ada", "alan"), hand_in("two")], {"one": full("one")}))
    maxima, ada, alan, two = found
    assert maxima["Student"] == "Points Possible"
    assert float(maxima["Total"]) == MAXIMUM
    assert {**ada, "Student": "", "SID": "", "Email": ""} == {**alan, "Student": "", "SID": "", "Email": ""}
    assert ada["Total"] == maxima["Total"]
    assert ada["Email"] == "ada@example.edu"
    parts = [column for column in found[0] if column[0].isdigit()]
    assert sum(float(maxima[part]) for part in parts) == MAXIMUM
    assert two["Status"] == "not graded yet"
    assert two["Total"] == "" == two["1.1"]


def test_what_is_nothing_earns_zero_and_what_the_grader_failed_at_earns_no_number():
    entries = {"a": full("a", 0.0), "b": full("b", 0.0)}
    entries = {
        "a": Entry("a", Status.REFUSED, scores=entries["a"].scores),
        "b": Entry("b", Status.FAULT, scores=entries["b"].scores),
    }
    _, refused, fault = rows(tables.render([hand_in("a"), hand_in("b")], entries))
    assert refused["Total"] == "0"
    assert fault["Total"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_name_is_a_formula(name):
    (_, row) = rows(tables.render([hand_in("one", name)], {}))
    assert row["Student"] == f"'{name}"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_name_that_is_no_text_is_a_row(tmp_path):
    (tmp_path / os.fsdecode(b"ad\xe4\n.zip")).write_bytes(b"")
    text = tables.render(read_roster(tmp_path).hand_ins, {})
    assert rows(text)[1]["Submission"] == "ad\N{REPLACEMENT CHARACTER} .zip"
    text.encode()


def test_the_page_shows_whom_to_look_at_and_nothing_runs_in_it():
    nasty = "<script>alert(1)</script>"
    entries = {
        "a": full("a", 0.5, code="1"),
        "b": full("b", code="2"),
        "c": full("c", 0.5, code="1"),
        "d": Entry("d", Status.FAULT, reason=f"it died {nasty}"),
    }
    hand_ins = [hand_in("a"), hand_in("b", nasty), hand_in("c"), hand_in("d"), hand_in("e")]
    graded = page.Class("class", 1, hand_ins, entries)
    assert [one.id for one in graded.equal[0]] == ["a", "c"]
    assert len(graded.equal) == 1
    assert [one.id for one, _ in graded.troubles] == ["d", "e"]
    assert graded.total.mean == pytest.approx(MAXIMUM * 2 / 3)
    assert sum(graded.total.counts(20)) == 3
    assert graded.total.counts(20)[-1] == 1
    text = page.render(graded)
    assert nasty not in text
    assert "&lt;script&gt;alert(1)" in text
    assert text.count("<script>") == 1


def test_hardest_tests_are_those_that_who_tried_them_lost():
    number = read_suites()[0].number
    lost = full("b")
    lost.scores[number], lost.states[number] = 0.0, State.FAILED
    skipped = full("c", 0.0)
    skipped.states.update(dict.fromkeys(skipped.states, State.NOT_IMPLEMENTED))
    graded = page.Class("class", 1, [hand_in(id) for id in "abc"], {"a": full("a"), "b": lost, "c": skipped})
    assert [(result.test.number, result.earned, result.tried) for result in graded.hardest] == [(number, 0.5, 2)]


def test_a_class_without_any_grade_has_a_page():
    assert "not graded yet" in page.render(page.Class("class", 1, [hand_in("a")], {}))


# ---- what is kept ----------------------------------------------------------------------------------------------


def test_a_line_that_was_cut_off_costs_its_own_grade(tmp_path):
    ledger = Ledger(tmp_path / "grades")
    ledger.begin(Header(1, "class"))
    for id in ("a", "b"):
        ledger.add(full(id), "{}", "<p>", {"training.py": b"x"})
    lines = tmp_path / "grades" / "ledger.jsonl"
    lines.write_bytes(lines.read_bytes()[:-100])
    ledger.begin(Header(1, "class"))
    ledger.add(full("c"), "{}", "<p>", {})
    assert set(ledger.entries()) == {"a", "c"}


def test_the_last_line_counts_and_modules_are_those_of_the_last_grading(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.begin(Header(1, "class"))
    ledger.add(full("a", 0.5), "{}", "<p>", {"training.py": b"x", "pruning.py": b"y"})
    ledger.add(full("a"), "{}", "<p>", {"training.py": b"z"})
    assert ledger.entries()["a"].score == MAXIMUM
    assert {file.name: file.read_bytes() for file in ledger.code("a").iterdir()} == {"training.py": b"z"}


def test_what_somebody_leaves_beside_the_modules_stops_nothing(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.begin(Header(1, "class"))
    ledger.add(full("a"), "{}", "<p>", {"training.py": b"x"})
    (ledger.code("a") / "__pycache__").mkdir()
    (ledger.code("a") / "__pycache__" / "training.pyc").write_bytes(b"")
    ledger.add(full("a"), "{}", "<p>", {"training.py": b"y"})
    assert [file.name for file in ledger.code("a").iterdir()] == ["training.py"]


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'{"id": "a", "status": "graded", "states": {"1.1a": "well"}}'])
def test_a_line_that_makes_no_sense_does_not_count(tmp_path, line):
    ledger = Ledger(tmp_path)
    ledger.begin(Header(1, "class"))
    (tmp_path / "ledger.jsonl").write_bytes(line + b"\n")
    assert ledger.entries() == {}


@pytest.mark.parametrize("text", [None, b"", b"{}", b"\xff"])
def test_a_batch_whose_seed_is_lost_says_what_to_do(tmp_path, text):
    ledger = Ledger(tmp_path)
    ledger.begin(Header(1, "class"))
    ledger.add(full("a"), "{}", "<p>", {})
    (tmp_path / "batch.json").unlink()
    if text is not None:
        (tmp_path / "batch.json").write_bytes(text)
    assert ledger.exists
    with pytest.raises(LedgerError, match="--seed tells --resume the seed"):
        ledger.header()


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_grades_are_nobody_elses_business(tmp_path):
    Ledger(tmp_path / "grades").begin(Header(1, "class"))
    assert (tmp_path / "grades").stat().st_mode & 0o077 == 0


def test_two_batches_do_not_write_into_one_folder(tmp_path):
    with (
        Ledger(tmp_path).locked(),
        pytest.raises(LedgerError, match="Another batch is writing"),
        Ledger(tmp_path).locked(),
    ):
        pass


def test_a_grade_depends_on_what_was_handed_in_and_on_its_inputs(tmp_path):
    write_modules(STUBS, tmp_path / "one")
    task = Task("one", tmp_path / "one", "one", 1, 60)
    key = task.key
    assert Task("one", tmp_path / "one", "one", 1, 60).key == key
    assert Task("one", tmp_path / "one", "one", 2, 60).key != key
    (tmp_path / "one" / "notes.txt").write_text("x")
    changed = digests.of_submission(tmp_path / "one")
    assert task.key != key
    (tmp_path / "one" / "notes.txt").rename(tmp_path / "one" / "other.txt")
    assert digests.of_submission(tmp_path / "one") != changed


def test_nothing_that_is_handed_in_is_followed_or_waited_for(tmp_path):
    (tmp_path / "one").mkdir()
    os.mkfifo(tmp_path / "one" / "pipe")
    (tmp_path / "one" / "link").symlink_to("/dev/zero")
    (tmp_path / "one" / "folder").symlink_to("/")
    assert digests.of_submission(tmp_path / "one") == digests.of_submission(tmp_path / "one")


def test_what_the_grader_may_not_read_is_no_zero(tmp_path, monkeypatch):
    write_modules(STUBS, tmp_path / "ada")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    done = grade_one(Task("ada", tmp_path / "ada", "ada", 1, 60))
    assert done is not None
    assert done.entry.status is Status.FAULT
    assert "can't be read by who grades: change its permissions" in done.entry.reason


def test_what_is_listed_and_not_there_is_no_zero(tmp_path):
    done = grade_one(Task("ada", tmp_path / "ada", "ada", 1, 60, there=False))
    assert done is not None
    assert done.entry.status is Status.FAULT
    assert "is not there: export the submissions again" in done.entry.reason


def test_who_runs_out_of_time_is_to_look_at(tmp_path):
    write_modules(STUBS, tmp_path / "ada")
    done = grade_one(Task("ada", tmp_path / "ada", "ada", 1, 0.001))
    assert done is not None
    assert done.entry.status is Status.OVERDUE
    assert "tests were not run after 0.001 seconds" in done.entry.reason
    graded = page.Class("class", 1, [hand_in("ada")], {"ada": done.entry})
    assert graded.troubles
    assert graded.graded


@pytest.mark.skipif(sys.platform != "linux", reason="there is no wall")
def test_what_others_have_handed_in_is_tried_to_be_read(tmp_path, launcher):
    write_modules(STUBS, tmp_path / "ada")
    other = tmp_path / "ada" / "training.py"
    attempt = "read what others have handed in"
    assert attempt not in [found.attempt for found in doctor.open_ways(launcher, other)]
    open_door = ForkLauncher(Limits(), without=("own user", "Landlock"))
    try:
        assert attempt in [found.attempt for found in doctor.open_ways(open_door, other)]
    finally:
        open_door.stop()


# ---- work that kills -------------------------------------------------------------------------------------------


def work(number: int) -> int:
    if number % 4 == 3:
        os._exit(1)
    return number * number


@contextmanager
def plain_pool(jobs: int):
    with ProcessPoolExecutor(jobs) as executor:
        yield executor


def test_work_that_kills_its_process_costs_itself_alone():
    found = dict(Crew(plain_pool, 2).results(work, range(12)))
    assert {number for number, result in found.items() if isinstance(result, Died)} == {3, 7, 11}
    assert {number: result for number, result in found.items() if number % 4 != 3} == {
        number: number * number for number in range(12) if number % 4 != 3
    }


class Cluster(Executor):
    """Tries again by itself, and says so in the end."""

    def submit(self, fn, /, *args, **kwargs):
        return self.inner.submit(refuse, *args)

    def __enter__(self):
        self.inner = ProcessPoolExecutor(1)
        return self

    def __exit__(self, *error):
        self.inner.shutdown()


def refuse(number: int) -> int:
    if number == 2:
        raise TimeoutError("tried 3 times")
    return number


def test_an_executor_may_try_again_itself():
    found = dict(Crew(lambda jobs: Cluster(), 2, deadly=(TimeoutError,)).results(work, range(4)))
    assert [number for number, result in found.items() if isinstance(result, Died)] == [2]


def test_a_pool_goes_when_its_owner_is_killed(tmp_path):
    code = (
        "import sys, time\n"
        "from course.crew import pool\n"
        "if __name__ == '__main__':\n"
        "    with pool(2) as executor:\n"
        "        futures = [executor.submit(time.sleep, 60) for _ in range(2)]\n"
        "        import multiprocessing\n"
        "        print(*[child.pid for child in multiprocessing.active_children()], flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "owner.py").write_text(code)
    owner = subprocess.Popen(
        [sys.executable, tmp_path / "owner.py"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert owner.stdout is not None
    children = list(map(int, owner.stdout.readline().split()))
    time.sleep(5)  # until they have begun
    owner.kill()
    owner.wait()
    ends = time.monotonic() + 30
    while children and time.monotonic() < ends:
        children = [pid for pid in children if _lives(pid)]
        time.sleep(0.2)
    assert not children


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


STOPPED = """
import signal, sys
from course.crew import heed_stops
signal.signal(signal.SIGHUP, signal.SIG_IGN)
heed_stops()
signal.raise_signal(signal.SIGHUP)
try:
    signal.raise_signal(signal.SIGTERM)
except KeyboardInterrupt:
    print("heard")
"""


@pytest.mark.skipif(os.name != "posix", reason="there are no such signals")
def test_a_stop_is_as_ctrl_c_but_for_nohup(run):
    assert run("-c", STOPPED).stdout == "heard\n"


# ---- the command -----------------------------------------------------------------------------------------------


def check_grades(out: Path, kinds: dict[str, str]) -> None:
    """Hold the table and the reports to what is known of each submission."""
    cases = {case.id: case for case in read_cases()}
    maxima, *students = rows((out / "grades.csv").read_text())
    assert float(maxima["Total"]) == MAXIMUM
    assert {row["Submission"] for row in students} == set(kinds)
    for row in students:
        kind = kinds[row["Submission"]].removeprefix("copy of ")
        if kind == "empty":
            assert (row["Status"], row["Total"]) == ("nothing to grade", "0")
            continue
        if kind == "damaged":
            assert row["Status"] in ("graded", "nothing to grade")
            continue
        assert row["Status"] == "graded", kind
        report = json.loads((out / "reports" / f"{row['Submission']}.json").read_text())
        assert float(row["Total"]) == pytest.approx(report["score"], abs=0.01)
        lost = {test["number"] for test in report["tests"] if test["status"] != "passed"} & OF_CODE
        if kind in cases:
            assert lost - cases[kind].may_lose == set(cases[kind].loses), kind
        elif not kind.startswith("attack/"):
            assert lost == (OF_CODE if kind == "stubs" else set()), kind


def test_a_batch_that_is_killed_goes_on(run, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    kinds = write_class(folder, 8)
    batch = subprocess.Popen(
        [sys.executable, "-m", "grader", "batch", folder, "--out", out, "--jobs", "2"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    lines = out / "ledger.jsonl"
    ends = time.monotonic() + 240
    while time.monotonic() < ends and (not lines.exists() or lines.read_bytes().count(b"\n") < 2):
        time.sleep(0.1)
    batch.kill()
    batch.wait()
    kept = lines.read_bytes()
    assert 2 <= kept.count(b"\n") < len(kinds)
    done = run("-m", "grader", "batch", folder, "--out", out, "--resume", "--jobs", "2", timeout=500)
    assert done.returncode == 0, done.stderr
    assert lines.read_bytes().startswith(kept)
    check_grades(out, kinds)
    assert "Equal code" in (out / "index.html").read_text()


def test_only_what_has_changed_is_graded_again(run, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    for name in ("ada", "alan"):
        write_modules(STUBS, folder / name)
    first = run("-m", "grader", "batch", folder, "--out", out)
    assert first.returncode == 0, first.stderr
    refused = run("-m", "grader", "batch", folder, "--out", out)
    assert refused.returncode == 2
    assert "holds grades already: --resume keeps those that are still right" in refused.stderr
    (folder / "alan" / "depthwise.py").write_text((SOLUTION / "depthwise.py").read_text())
    (folder / "grace.ipynb").write_text("{")
    second = run("-m", "grader", "batch", folder, "--out", out, "--resume")
    assert second.returncode == 0, second.stderr
    assert "ada: as it was" in second.stderr
    assert len((out / "ledger.jsonl").read_bytes().splitlines()) == 4
    graded = {row["Student"]: row for row in rows((out / "grades.csv").read_text())}
    assert float(graded["alan"]["Total"]) > 0 == float(graded["ada"]["Total"])
    assert graded["grace"]["Status"] == "nothing to grade"


def test_ctrl_c_leaves_a_table_and_says_how_to_go_on(run, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    for index in range(8):
        write_solution(folder / f"student{index}")
    batch = subprocess.Popen(
        [sys.executable, "-m", "grader", "batch", folder, "--out", out],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,  # a shell may have switched it off
    )
    ends = time.monotonic() + 240
    while time.monotonic() < ends and not (out / "ledger.jsonl").exists():
        time.sleep(0.1)
    os.killpg(batch.pid, signal.SIGINT)  # as a terminal does it: to all processes
    said, errors = batch.communicate(timeout=60)
    assert batch.returncode == 130
    assert "Interrupted: the same command with --resume goes on." in said
    assert "Traceback" not in errors
    statuses = [row["Status"] for row in rows((out / "grades.csv").read_text())[1:]]
    assert {"graded", "not graded yet"} == set(statuses)
    assert (out / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{class}", "--out", "{class}"], "holds the submissions themselves"),
        (["{class}", "--out", "{other}"], "holds something else"),
        (["{class}", "--out", "{file}"], "is a file"),
        (["{nowhere}"], "does not exist"),
    ],
)
def test_nothing_is_lost_by_a_wrong_path(run, tmp_path, arguments, said):
    places = {name: tmp_path / name for name in ("class", "other", "file", "nowhere")}
    write_modules(STUBS, places["class"] / "ada")
    (places["other"] / "mine").mkdir(parents=True)
    places["file"].write_text("mine")
    done = run("-m", "grader", "batch", *(argument.format(**places) for argument in arguments), cwd=ROOT)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert places["file"].read_text() == "mine"


def test_a_submission_that_kills_the_grader_is_a_row(tmp_path):
    """A process of the pool that dies whenever it has this submission, which none is known to do."""
    found = dict(Crew(pool, 2).results(grade_or_die, ["ada", "kills", "alan"]))
    assert isinstance(found["kills"], Died)
    assert [found["ada"], found["alan"]] == ["ada", "alan"]


def grade_or_die(name: str) -> str:
    if name == "kills":
        os._exit(1)
    return name
