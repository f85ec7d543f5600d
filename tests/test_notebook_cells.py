"""What the notebook's cells call: how they find the notebook's own file, and what they say."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from course import notebook, notebook_commands


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """An empty folder, and no sign of Jupyter, VS Code or Colab."""
    monkeypatch.chdir(tmp_path)
    for name in (notebook.VARIABLE, "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(notebook, "_shell", lambda: None)
    monkeypatch.setattr(notebook.client, "start", lambda: False)  # it would outlive the test


def write(path: Path, *sources: str) -> Path:
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def shell(*history: str, **names: Any) -> types.SimpleNamespace:
    manager = types.SimpleNamespace(input_hist_raw=["", *history])
    return types.SimpleNamespace(user_ns=names, history_manager=manager)


def found(file: str | None = None) -> Path:
    with notebook.notebook_file(file) as path:
        return path


# ---- the file ------------------------------------------------------------------------------------------------


def test_the_only_notebook_of_the_folder_is_taken(tmp_path):
    path = write(tmp_path / "mine.ipynb")
    assert found() == path


def test_without_a_notebook_one_sentence_says_what_to_do(tmp_path):
    with pytest.raises(notebook.NotebookNotFoundError, match=r"There is not a notebook in .* check\(…, file='CS2420"):
        found()


def test_of_several_notebooks_none_is_guessed(tmp_path):
    write(tmp_path / "a.ipynb")
    write(tmp_path / "b.ipynb")
    with pytest.raises(notebook.NotebookNotFoundError, match="There are 2 notebooks in"):
        found()


def test_jupyter_names_the_file(tmp_path, monkeypatch):
    write(tmp_path / "a.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", str(write(tmp_path / "b.ipynb")))
    assert found() == tmp_path / "b.ipynb"


def test_a_name_that_jupyter_knew_before_the_file_was_renamed_is_no_use(tmp_path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "old.ipynb"))
    path = write(tmp_path / "new.ipynb")
    assert found() == path


def test_vs_code_names_the_file(tmp_path, monkeypatch):
    write(tmp_path / "a.ipynb")
    other = write(tmp_path / "b.ipynb")
    monkeypatch.setattr(notebook, "_shell", lambda: shell(__vsc_ipynb_file__=str(other)))
    assert found() == other


def test_a_file_that_is_named_goes_first(tmp_path, monkeypatch):
    write(tmp_path / "a.ipynb")
    write(tmp_path / "b.ipynb")
    monkeypatch.setenv(notebook.VARIABLE, "b.ipynb")
    assert found() == tmp_path / "b.ipynb"
    assert found("a.ipynb") == tmp_path / "a.ipynb"


def test_a_named_file_that_is_missing_ends_with_a_sentence(capsys):
    notebook.check("2.1", file="missing.ipynb")
    assert "missing.ipynb does not exist: name this notebook's file" in capsys.readouterr().out


def colab(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    message = types.ModuleType("google.colab._message")

    def blocking_request(request: str, timeout_sec: float) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    message.blocking_request = blocking_request  # type: ignore[attr-defined]
    message.MessageError = RuntimeError  # type: ignore[attr-defined]
    package = types.ModuleType("google.colab")
    package._message = message  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    monkeypatch.setitem(sys.modules, "google.colab._message", message)


def test_in_colab_the_notebook_is_what_is_on_the_screen(monkeypatch):
    document = {"cells": [], "nbformat": 4}
    colab(monkeypatch, {"ipynb": document})
    with notebook.notebook_file() as path:
        assert json.loads(path.read_text(encoding="utf-8")) == document
        assert path.name == "CS2420_PSet2.ipynb"
    assert not path.exists()


@pytest.mark.parametrize("answer", [None, RuntimeError("the page is closed")], ids=["in time", "at all"])
def test_where_colab_does_not_answer_one_sentence_says_so(monkeypatch, capsys, answer):
    colab(monkeypatch, answer)
    notebook.check("2.1")
    assert "Colab did not hand over the notebook" in capsys.readouterr().out


# ---- what is not saved ---------------------------------------------------------------------------------------

SAVED = "# Code Cell 2.3: quantize\nquantize = 1\n"


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ((SAVED,), False),
        ((SAVED.replace("1\n", "2\n"), SAVED), False),
        ((SAVED, SAVED.replace("1\n", "2\n")), True),
        (("# Code Cell 9.9: of another notebook", "quantize = 3"), False),
    ],
    ids=["as it was run", "as it was run last", "run in another version", "not of this notebook"],
)
def test_a_cell_that_was_run_in_another_version_is_named(tmp_path, monkeypatch, capsys, history, said):
    write(tmp_path / "a.ipynb", SAVED.rstrip())
    monkeypatch.setattr(notebook, "_shell", lambda: shell(*history))
    found()
    sentence = "Code Cell 2.3 differs in a.ipynb from what was run last: save the notebook, then run this cell again."
    assert (sentence in capsys.readouterr().out) is said


def test_a_file_that_is_no_notebook_is_left_to_the_grader(tmp_path, monkeypatch):
    (tmp_path / "a.ipynb").write_text("[]", encoding="utf-8")
    monkeypatch.setattr(notebook, "_shell", lambda: shell(SAVED))
    assert found() == tmp_path / "a.ipynb"


# ---- commands ------------------------------------------------------------------------------------------------


def test_results_of_the_parts_that_are_checked_go_along(tmp_path):
    path = write(tmp_path / "a.ipynb")
    for part in ("1.1", "1.2"):
        (tmp_path / "results" / part).mkdir(parents=True)
        (tmp_path / "results" / part / "record.json").write_text("{}", encoding="utf-8")
    with notebook._with_results(path, Path("results"), ["1.1"]) as submission:
        names = {file.relative_to(submission).as_posix() for file in submission.rglob("*") if file.is_file()}
        assert names == {"a.ipynb", "results/1.1/record.json"}
    with notebook._with_results(path, Path("results"), ["2.1"]) as submission:
        assert submission == path


@pytest.mark.parametrize(
    ("names", "parts"), [(("3.3a", "3.3b"), ["3.3"]), (("3",), ["3.1", "3.2", "3.3", "3.4"]), (("5.1",), ["5.1"])]
)
def test_names_of_tests_and_parts_are_about_parts(names, parts):
    assert notebook._parts(names) == parts


def test_what_a_command_prints_is_shown_and_its_code_returned(capsys):
    assert notebook_commands.run("-c", "print('✓ done'); raise SystemExit(3)") == 3
    assert capsys.readouterr().out == "✓ done\n"


def test_commands_write_as_into_a_file_though_kernels_ask_for_colours(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as ipykernel does
    notebook_commands.run("-c", "from rich.console import Console; print(Console().is_terminal, Console().width)")
    assert capsys.readouterr().out == f"False {notebook_commands.WIDTH}\n"


def test_a_quiet_command_speaks_only_when_it_fails(capsys):
    assert notebook_commands.run("-c", "print('fine')", quiet=True) == 0
    assert capsys.readouterr().out == ""
    assert notebook_commands.run("-c", "print('not fine'); raise SystemExit(2)", quiet=True) == 2
    assert capsys.readouterr().out == "not fine\n"


def test_lines_of_modules_are_named_by_their_cell(tmp_path):
    path = write(
        tmp_path / "a.ipynb",
        "# Code Cell 2.3: quantize\nimport torch\n\nx = 1 / 0\n",
        "# Code Cell 2.4: b\nimport torch",
    )
    (tmp_path / "quantization.py").write_text("import torch\nx = 1 / 0\n", encoding="utf-8")
    places = notebook._Places(path, tmp_path)
    assert (
        places.named("✗ 2.1: quantization.py, line 2: ZeroDivisionError")
        == "✗ 2.1: Code Cell 2.3, line 4: ZeroDivisionError"
    )
    assert places.named("quantization.py, line 1: twice there") == "quantization.py, line 1: twice there"
    assert places.named("pruning.py, line 7: not there") == "pruning.py, line 7: not there"


def test_missing_packages_are_named_outside_of_colab(monkeypatch, capsys):
    monkeypatch.setattr(notebook, "_missing_packages", lambda: ["loralib>=0.1.2"])
    notebook.prepare()
    assert "Missing here: loralib>=0.1.2. Run make setup in" in capsys.readouterr().out


def test_a_package_is_missing_where_it_is_not_installed_or_too_old(monkeypatch):
    real = notebook.importlib.metadata.version

    def version(name: str) -> str:
        if name == "loralib":
            raise notebook.importlib.metadata.PackageNotFoundError(name)
        return "0.0.1" if name == "rich" else real(name)

    monkeypatch.setattr(notebook.importlib.metadata, "version", version)
    missing = notebook._missing_packages()
    assert [text.partition(">")[0] for text in missing] == ["rich", "loralib"]


def test_in_colab_missing_packages_are_installed(monkeypatch, capsys):
    colab(monkeypatch, None)
    commands = []
    monkeypatch.setattr(notebook, "_missing_packages", lambda: ["loralib>=0.1.2"])
    monkeypatch.setattr(notebook.subprocess, "run", lambda command, check: commands.append(command))
    notebook.prepare()
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", "loralib>=0.1.2"]]
    assert "PyTorch" in capsys.readouterr().out
