"""Submissions that look alike: what is found, what is not, and that no text of theirs does harm."""

from __future__ import annotations

import builtins
import itertools
import keyword
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.classroom import similarity
from harness.classroom.earlier_years import check_earlier, earlier_year
from harness.classroom.roster import RosterError
from harness.classroom.similarity import Similarity, SimilarityError, write_report
from harness.submission.required_names import FILES
from harness.validation.cases import SOLUTION, STUBS, read_cases, write_modules
from tests.classroom_pages.made import batch, entry, roster_entry

RIGHT = {case.name: case for case in read_cases("right")}
KEPT = {"self", "super", "torch", "np", "nn", *dir(builtins)}


def renamed(text: str) -> str:
    """With other names for what is in lower case, other comments and other spacing."""

    def other(match: re.Match[str]) -> str:
        name = match[1]
        return name if name in KEPT or keyword.iskeyword(name) else f"my_{name[::-1]}"

    lines = (line.partition("  # ")[0] for line in re.sub(r"(?<![\w.\"'])([a-z_]\w*)\b", other, text).split("\n"))
    return "\n".join(f"{line}\n" if line.startswith("    return") else line for line in lines)


@pytest.fixture
def submissions(tmp_path: Path) -> dict[str, Path]:
    """Two that were written apart in part 2, and are stubs elsewhere."""
    return {
        "ada": written(tmp_path / "ada", quantization=RIGHT["python_loops"].text),
        "bob": written(tmp_path / "bob", quantization=RIGHT["zero_point_as_float"].text),
    }


def written(folder: Path, **modules: str) -> Path:
    """The stubs, with these modules' texts in the place of theirs."""
    write_modules(STUBS, folder)
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def compared(submissions: dict[str, Path], tmp_path: Path) -> Similarity:
    out = tmp_path / "grades"
    out.mkdir(exist_ok=True)
    return write_report(submissions, out)


class Tags(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# ---- what is found -------------------------------------------------------------------------------------------


def test_a_copy_with_other_names_is_found(submissions, tmp_path):
    text = RIGHT["python_loops"].text
    assert renamed(text) != text
    submissions["eve"] = written(tmp_path / "eve", quantization=renamed(text))
    (pair,) = compared(submissions, tmp_path).pairs
    assert (pair.one, pair.other) == ("ada", "eve")
    assert [match.module for match in pair.matches] == ["quantization"]
    assert pair.similarity > 0.75


@pytest.mark.parametrize("module", ["quantization", "transformer", "depthwise", "pruning"])
def test_a_copy_of_the_solution_with_other_names_is_found(module, tmp_path):
    text = (SOLUTION / f"{module}.py").read_text(encoding="utf-8")
    submissions = {
        "one": written(tmp_path / "one", **{module: text}),
        "two": written(tmp_path / "two", **{module: renamed(text)}),
    }
    (pair,) = compared(submissions, tmp_path).pairs
    assert [match.module for match in pair.matches] == [module]


def test_a_copy_inside_more_code_is_found(submissions, tmp_path):
    more = RIGHT["levels_by_searchsorted"].text + "\n\n" + RIGHT["python_loops"].text
    submissions["eve"] = written(tmp_path / "eve", quantization=more)
    (pair,) = compared(submissions, tmp_path).pairs
    (match,) = pair.matches
    assert match.one > 0.9 > match.other


def test_what_is_shared_is_marked_in_both_texts(submissions, tmp_path):
    submissions["eve"] = written(tmp_path / "eve", quantization=RIGHT["python_loops"].text)
    page = compared(submissions, tmp_path).page.read_text(encoding="utf-8")
    marked = re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL)
    assert sum("def quantize" in text for text in marked) == 2
    assert not [text for text in marked if "from __future__" in text]


def test_the_pair_that_shares_most_comes_first(tmp_path):
    quantization, transformer = ((SOLUTION / f"{name}.py").read_text() for name in ("quantization", "transformer"))
    submissions = {
        "a": written(tmp_path / "a", quantization=quantization),
        "b": written(tmp_path / "b", quantization=quantization, transformer=transformer),
        "c": written(tmp_path / "c", transformer=transformer),
    }
    assert [(pair.one, pair.other) for pair in compared(submissions, tmp_path).pairs] == [("b", "c"), ("a", "b")]


def test_a_module_is_not_compared_with_another_one(submissions, tmp_path):
    text = RIGHT["python_loops"].text
    submissions["eve"] = written(tmp_path / "eve", training=text, pruning=text)
    assert not compared(submissions, tmp_path).pairs


# ---- groups and earlier years ---------------------------------------------------------------------------------


def test_who_is_alike_with_one_of_a_group_belongs_to_it(submissions, tmp_path):
    ada, bob = RIGHT["python_loops"].text, RIGHT["zero_point_as_float"].text
    submissions["eve"] = written(tmp_path / "eve", quantization=renamed(ada))
    submissions["dan"] = written(tmp_path / "dan", quantization=ada + "\n\n" + bob)
    submissions["joe"] = written(tmp_path / "joe", quantization=RIGHT["levels_by_searchsorted"].text)
    found = compared(submissions, tmp_path)
    assert ("ada", "bob") not in [(pair.one, pair.other) for pair in found.pairs]
    (group,) = found.groups
    assert group.names == ("ada", "bob", "dan", "eve")
    assert group.pairs == found.pairs
    assert group.equal == ()
    assert group.least < group.most


def test_who_has_the_same_letter_by_letter_is_named(submissions, tmp_path):
    text = RIGHT["python_loops"].text
    submissions["eve"] = written(tmp_path / "eve", quantization=text.replace("\n", "\r\n"))
    submissions["dan"] = written(tmp_path / "dan", quantization=renamed(text))
    found = compared(submissions, tmp_path)
    (group,) = found.groups
    assert group.equal == (("ada", "eve"),)
    page = found.page.read_text(encoding="utf-8")
    assert "letter by letter:</b> ada, eve" in page
    assert page.index("<h2>Groups</h2>") < page.index("<h2>Pairs</h2>")
    assert found.summary == "1 group of submissions that are alike, in 3 pairs, of 4."


def test_groups_apart_stay_apart(tmp_path):
    texts = {name: RIGHT[name].text for name in ("python_loops", "zero_point_as_float")}
    submissions = {
        f"{name}-{copy}": written(tmp_path / f"{name}-{copy}", quantization=text)
        for name, text in texts.items()
        for copy in range(2)
    }
    assert {group.names for group in compared(submissions, tmp_path).groups} == {
        ("python_loops-0", "python_loops-1"),
        ("zero_point_as_float-0", "zero_point_as_float-1"),
    }


def test_an_earlier_year_is_compared_with_this_one_and_not_with_itself(submissions, tmp_path):
    ada = submissions["ada"]
    earlier = {
        name: written(tmp_path / f"old-{name}", quantization=(ada / "quantization.py").read_text()) for name in "xy"
    }
    out = tmp_path / "grades"
    out.mkdir()
    found = write_report(submissions, out, earlier={**earlier, "bob": earlier["x"]})
    pairs = {(pair.one, pair.other, pair.is_earlier) for pair in found.pairs}
    assert pairs == {("ada", "x", True), ("ada", "y", True), ("ada", "bob (earlier)", True)}
    (group,) = found.groups
    assert group.names[0] == "ada"
    assert set(group.earlier) == {"x", "y", "bob (earlier)"}
    assert (found.submissions, found.earlier) == (2, 3)
    assert "earlier year</em>" in found.page.read_text(encoding="utf-8")
    assert found.summary == ("1 group of submissions that are alike, in 3 pairs, 3 of them with an earlier year, of 2.")


@pytest.mark.parametrize("place", ["", "code"])
def test_an_earlier_year_is_read_from_the_folder_of_its_batch(tmp_path, place):
    folder = batch(tmp_path / "2024", entry("s1"), roster_entries=(roster_entry("s1", "Ada"),))
    with earlier_year(folder / place) as found:
        assert {name: sorted(path.name for path in of.iterdir()) for name, of in found.items()} == {
            "Ada (s1), 2024": ["training.py"]
        }


def test_an_earlier_year_is_read_from_a_folder_of_submissions(tmp_path):
    written(tmp_path / "2024" / "ada")
    (tmp_path / "2024" / "bob").mkdir()
    with earlier_year(tmp_path / "2024") as found:
        ((name, folder),) = found.items()
        assert name == "ada (ada), 2024"
        assert (folder / "quantization.py").read_text() == (STUBS / "quantization.py").read_text()
    assert not folder.exists()


def test_what_is_no_earlier_year_is_refused_before_anything_is_graded(tmp_path):
    with pytest.raises(RosterError, match="does not exist: name a folder that holds the submissions"):
        check_earlier(tmp_path / "2024")


# ---- what is not ---------------------------------------------------------------------------------------------


def test_solutions_written_apart_are_below_the_threshold(tmp_path):
    names = [name for name, case in RIGHT.items() if case.module == "quantization" and "def dequantize" in case.text]
    assert len(names) >= 8
    submissions = {name: written(tmp_path / name, quantization=RIGHT[name].text) for name in names}
    assert not compared(submissions, tmp_path).pairs


def test_transformers_written_apart_are_below_the_threshold(tmp_path):
    names = [name for name in RIGHT if name.startswith("full_")]
    assert len(names) >= 8
    submissions = {name: written(tmp_path / name, transformer=RIGHT[name].text) for name in names}
    assert not compared(submissions, tmp_path).pairs


def test_stubs_are_like_nobody(submissions, tmp_path):
    for name in ("blank", "empty-handed"):
        submissions[name] = written(tmp_path / name)
    assert not compared(submissions, tmp_path).pairs


def test_what_the_course_provides_is_like_nobody(tmp_path):
    given = (similarity.ROOT / "course" / "layers.py").read_text(encoding="utf-8")
    submissions = {name: written(tmp_path / name, depthwise=given) for name in ("one", "two")}
    assert not compared(submissions, tmp_path).pairs


def test_a_few_equal_lines_are_no_pair(tmp_path):
    text = "def make_scheduler(optimizer, epochs):\n    return lambda step: optimizer.rate(step, epochs * 3)\n"
    submissions = {name: written(tmp_path / name, training=text) for name in ("one", "two")}
    assert not compared(submissions, tmp_path).pairs


def test_an_empty_class_gives_a_page(tmp_path):
    found = compared({}, tmp_path)
    assert "No two of 0 submissions" in found.page.read_text(encoding="utf-8")


# ---- texts that are not friendly -----------------------------------------------------------------------------

SCRIPT = "<script>document.title = 'taken'</script>"
BREAK_OUT = "</mark></pre></textarea><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"


def test_no_text_of_a_submission_becomes_part_of_the_page(tmp_path):
    text = f"# {SCRIPT}{BREAK_OUT}\n" + RIGHT["python_loops"].text.replace("def ", f"# {SCRIPT}\ndef ")
    names = [f"one{SCRIPT}", f"two{BREAK_OUT}"]
    folders = [written(tmp_path / str(place), quantization=text) for place in range(2)]
    found = compared(dict(zip(names, folders, strict=True)), tmp_path)
    assert len(found.pairs) == 1
    page = found.page.read_text(encoding="utf-8")
    tags = Tags(page).found
    assert not {"script", "img", "link", "iframe", "object", "form"} & {tag for tag, _ in tags}
    assert not [attributes for _, attributes in tags for name in attributes if name.startswith("on")]
    assert "49" not in re.findall(r"\{\{ 7 \* 7 \}\}|\b49\b", page)
    assert page.count("&lt;script&gt;") > 4


def test_the_page_needs_no_network(submissions, tmp_path):
    submissions["eve"] = submissions["ada"]
    page = compared(submissions, tmp_path).page.read_text(encoding="utf-8")
    addresses = [attributes.get(name) for _, attributes in Tags(page).found for name in ("href", "src")]
    assert all(address is None or address.startswith("#") for address in addresses)
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page


def test_a_module_that_is_too_large_is_named_and_left_out(submissions, tmp_path):
    huge = RIGHT["python_loops"].text + "# more\n" * 100_000
    submissions["eve"] = written(tmp_path / "eve", quantization=huge)
    found = compared(submissions, tmp_path)
    assert not found.pairs
    (note,) = found.notes
    assert note == "quantization.py of eve has more than 100,000 bytes and was not compared: look at it."
    assert note in found.page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "noise", [b"\xff\xfe\x80# latin \xe9\n", b"\xef\xbb\xbf\r\n\r\n", b"# \0\x1b[31m\n\r", b"\n\n\n"]
)
def test_bytes_that_are_no_text_hide_no_copy(noise, submissions, tmp_path):
    submissions["eve"] = written(tmp_path / "eve")
    (submissions["eve"] / "quantization.py").write_bytes(noise + RIGHT["python_loops"].text.encode())
    found = compared(submissions, tmp_path)
    assert [(pair.one, pair.other) for pair in found.pairs] == [("ada", "eve")]
    page = found.page.read_text(encoding="utf-8")
    assert not set(page) & set(map(chr, {*range(32), 127} - {9, 10}))
    assert any("def quantize" in text for text in re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL))


@pytest.mark.parametrize("text", ["", "\n", "x", "(" * 3000, '"' * 3000, "def " * 900, "f'{" * 900, "\\\n" * 900])
def test_what_does_not_parse_stops_nothing(text, submissions, tmp_path):
    for name in ("odd", "odder"):
        submissions[name] = written(tmp_path / name, quantization=text)
    submissions["eve"] = submissions["ada"]
    pairs = [(pair.one, pair.other) for pair in compared(submissions, tmp_path).pairs]
    assert ("ada", "eve") in pairs


def test_links_and_missing_modules_are_passed_over(submissions, tmp_path):
    folder = tmp_path / "eve"
    folder.mkdir()
    (folder / "quantization.py").symlink_to(submissions["ada"] / "quantization.py")
    (folder / "pruning.py").mkdir()
    submissions["eve"] = folder
    found = compared(submissions, tmp_path)
    assert not found.pairs
    assert not found.notes


def test_a_fault_of_the_comparison_costs_one_sentence(submissions, tmp_path, monkeypatch):
    fingerprint = similarity._fingerprint

    def fails_on_ada(text, given=None):
        if given is not None and text.startswith("# quantization: pure Python"):
            raise RecursionError
        return fingerprint(text, given)

    assert RIGHT["python_loops"].text  # a case's text is without its first lines
    monkeypatch.setattr(similarity, "_fingerprint", fails_on_ada)
    quantization = submissions["ada"] / "quantization.py"
    quantization.write_text("# quantization: pure Python\n" + quantization.read_text())
    (note,) = compared(submissions, tmp_path).notes
    assert note == "quantization.py of ada could not be compared (RecursionError): look at it."


# ---- the rest ------------------------------------------------------------------------------------------------


def test_without_copydetect_one_sentence_names_the_extra(submissions, tmp_path, monkeypatch):
    monkeypatch.setattr(similarity, "find_spec", lambda name: None)
    with pytest.raises(SimilarityError, match=r"copydetect is not installed: run pip install -e '\.\[similarity\]'"):
        compared(submissions, tmp_path)


def test_the_module_is_imported_without_copydetect():
    code = "import sys; sys.modules['copydetect'] = None; import harness.classroom.similarity"
    subprocess.run([sys.executable, "-c", code], cwd=similarity.ROOT, check=True)


def test_hashes_of_another_run_change_nothing(tmp_path):
    """Python draws the hashes of texts anew in every run: with pieces that are all compared, nothing hangs on them."""
    names = ["interpolated", "single_precision_throughout", "nearest_of_all_levels"]
    for name in names:
        written(tmp_path / name, quantization=RIGHT[name].text)
    code = (
        "from pathlib import Path; from harness.classroom.similarity import write_report; import sys; "
        "place = Path(sys.argv[1]); "
        "found = write_report({name: place / name for name in sys.argv[2:]}, place, threshold=0.1); print(found.pairs)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), *names],
            cwd=similarity.ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert b"Match" in printed.pop()


def test_every_module_is_compared(tmp_path):
    submissions = {name: tmp_path / name for name in ("one", "two")}
    for folder in submissions.values():
        write_modules(SOLUTION, folder)
    (pair,) = compared(submissions, tmp_path).pairs
    short = {"finetuning.py", "training.py"}  # what a student writes there may be too little
    assert {f"{match.module}.py" for match in pair.matches} >= set(FILES) - short
    assert all(match.similarity == 1 for match in pair.matches)
    assert [pair for pair in itertools.pairwise(match.module for match in pair.matches) if pair[0] == pair[1]] == []
