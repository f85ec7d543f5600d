"""500 damaged, wrong or hostile hand-ins: each is graded or refused with a sentence, and nothing else happens."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from harness.catalog import read_suites
from harness.grading import grade
from harness.submission.gather import gather
from harness.submission.intake import SubmissionError, open_submission
from tests.damaged_submissions import damaged_submission

CHUNK = 25
MAXIMUM = sum(test.points for test in read_suites())


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("chunk", range(500 // CHUNK))
@pytest.mark.filterwarnings("ignore")
def test_each_is_graded_or_refused(launcher, tmp_path, chunk):
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        place = tmp_path / str(seed)
        (place / "in").mkdir(parents=True)
        (place / "scratch").mkdir()
        path = damaged_submission(place / "in", seed)
        before = listing(place)
        try:
            submission = gather(path, place / "scratch", path.name)
        except SubmissionError as error:
            assert str(error).startswith(path.name), seed
            assert "\n" not in str(error), seed
        else:
            gradebook = grade(submission, parts=("2.1a",), launcher=launcher)
            assert gradebook.maximum == MAXIMUM, seed
            assert not gradebook.faults, seed
            assert gradebook.undecided == 0, seed
        assert [name for name in listing(place) if not name.startswith("scratch/")] == before, seed


@pytest.mark.parametrize("seed", range(500, 530))
def test_the_same_in_a_process_of_its_own(tmp_path, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = damaged_submission(tmp_path, seed)
    before = listing(tmp_path)
    try:
        with open_submission(path) as submission:
            assert submission.folder.is_dir()
            scratch = submission.folder
    except SubmissionError as error:
        assert "can't be read (" not in str(error)  # said by gather, and not because it broke
    else:
        assert not scratch.exists()
    assert listing(tmp_path) == before
