"""Ways to claim results of experiments that are not so: each changes real results in one place.

A forgery is a function with ``@forgery``: the number of a test that must fail, and what its message must contain.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from course import checkpoints
from course.checkpoints import Architecture
from course.datasets import FIXTURES, load
from course.trainer import evaluate

__all__ = ["FORGERIES", "TRACE", "edit", "edit_run", "forgery", "put"]

#: Where a pickle leaves its trace, if it is loaded.
TRACE = Path("/tmp/unpickled-by-the-grader")

Forgery = Callable[[Path], None]
FORGERIES: dict[str, tuple[str, Forgery, str]] = {}


def forgery(number: str, message: str) -> Callable[[Forgery], Forgery]:
    """A way to claim what is not so: the test that must fail, and what its message must contain."""

    def register(function: Forgery) -> Forgery:
        FORGERIES[function.__name__] = (number, function, message)
        return function

    return register


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite a record."""
    path = folder / "record.json"
    record = json.loads(path.read_text())
    change(record)
    path.unlink()
    path.write_text(json.dumps(record))


def edit_run(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    edit(folder, lambda record: change(next(run for run in record["runs"] if run["name"] == name)))


def put(folder: Path, name: str, state: dict[str, torch.Tensor], architecture: Architecture = "ConvNet") -> None:
    """Put other weights in the place of a run's, with a record that says what they really do."""
    path = folder / f"{name}.safetensors"
    path.unlink()
    save_file(state, path)
    correct = evaluate(checkpoints.load(path, architecture), load("cifar10", "test").halved()).correct

    def change(run: dict[str, Any]) -> None:
        claim = {"correct": correct, "total": 1000}
        run["checkpoint"].update(sha256=checkpoints.digest(path), test=claim, fixtures=claim)
        run["accuracies"][-1] = correct / 1000

    edit_run(folder, name, change)


@forgery("1.2e", "that can't be chance")
def a_better_accuracy(results: Path) -> None:
    def change(run: dict[str, Any]) -> None:
        run["checkpoint"]["test"]["correct"] = 930
        run["accuracies"][-1] = 0.93

    edit_run(results / "1.2", "multistep", change)


@forgery("1.2e", "the record says 930")
def a_better_accuracy_everywhere(results: Path) -> None:
    def change(run: dict[str, Any]) -> None:
        run["checkpoint"]["test"]["correct"] = run["checkpoint"]["fixtures"]["correct"] = 930
        run["accuracies"][-1] = 0.93

    edit_run(results / "1.2", "multistep", change)


@forgery("1.2e", "the curve ends at 93.0%")
def a_better_curve(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run["accuracies"].__setitem__(-1, 0.93))


@forgery("1.2e", "accuracy was not measured on the 1,000 test images")
def more_hits_than_images(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run["checkpoint"]["test"].update(correct=2000))


@forgery("1.2e", "test images in fixtures/, the record says")
def an_untrained_network(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    save_file(checkpoints.build("ConvNet").state_dict(), path)
    edit_run(results / "1.2", "multistep", lambda run: run["checkpoint"].update(sha256=checkpoints.digest(path)))


@forgery("1.2e", "is not the file that was recorded")
def other_weights_under_the_old_digest(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    state = load_file(path)
    path.unlink()
    save_file({name: value * 1.01 if value.ndim > 1 else value for name, value in state.items()}, path)


@forgery("1.2e", "have the same weights")
def the_other_schedules_weights(results: Path) -> None:
    put(results / "1.2", "multistep", load_file(results / "1.2/cosine-annealing.safetensors"))


@forgery("1.2f", "have the same weights")
def the_weights_of_five_epochs(results: Path) -> None:
    state = load_file(results / "1.1/rate-0.1.safetensors")
    noise = torch.Generator().manual_seed(1)
    for value in state.values():  # a little noise makes another file of it, and no other network
        if value.ndim > 1:
            value += 2e-5 * torch.randn(value.shape, generator=noise)
    put(results / "1.2", "cosine-annealing", state)


@forgery("1.2e", "the course's own network")
def the_network_of_fixtures(results: Path) -> None:
    put(results / "1.2", "multistep", load_file(FIXTURES / "convnet.safetensors"))


@forgery("1.2e", "holds numbers that are not finite")
def weights_that_are_nan(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    state = load_file(path)
    path.unlink()
    state["classifier.bias"][0] = float("nan")
    save_file(state, path)


@forgery("1.2e", "has shape")
def weights_of_another_shape(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    state = load_file(path)
    path.unlink()
    save_file({**state, "classifier.weight": torch.zeros(100, 256)}, path)


@forgery("1.2e", "has not the tensors of ConvNet")
def weights_of_another_network(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    shutil.copy(FIXTURES / "mnistnet.safetensors", path)


@forgery("1.2e", "is damaged, or no safetensors file")
def a_truncated_checkpoint(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


@forgery("1.2e", "is damaged, or no safetensors file")
def a_pickle(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    state = load_file(path)
    path.unlink()
    torch.save(state, path)


class Explodes:
    """Unpickling this would leave a trace."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(TRACE),)


@forgery("1.2e", "is damaged, or no safetensors file")
def a_pickle_that_runs_code(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    path.write_bytes(pickle.dumps(Explodes()))


@forgery("1.2e", "and the limit is")
def five_gigabytes(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    with path.open("wb") as file:
        file.truncate(5 * 10**9)


@forgery("1.2e", "and the limit is")
def a_record_of_five_gigabytes(results: Path) -> None:
    path = results / "1.2/record.json"
    path.unlink()
    with path.open("wb") as file:
        file.truncate(5 * 10**9)


@forgery("1.2e", "is missing or is not a regular file")
def a_link_as_checkpoint(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    path.symlink_to(results / "1.2/cosine-annealing.safetensors")


@forgery("1.2e", "is missing or is not a regular file")
def a_pipe_as_checkpoint(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    os.mkfifo(path)


@forgery("1.2e", "is missing or is not a regular file")
def a_pipe_as_record(results: Path) -> None:
    path = results / "1.2/record.json"
    path.unlink()
    os.mkfifo(path)


@forgery("1.2e", "its checkpoint should be multistep.safetensors")
def a_checkpoint_elsewhere(results: Path) -> None:
    elsewhere = "../1.1/rate-0.1.safetensors"
    edit_run(results / "1.2", "multistep", lambda run: run["checkpoint"].update(file=elsewhere))


@forgery("1.2e", "its checkpoint should be multistep.safetensors, with ConvNet in it")
def another_architecture(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run["checkpoint"].update(architecture="ResNet18"))


@forgery("1.2e", "has no checkpoint")
def no_checkpoint(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run.update(checkpoint=None))


@forgery("1.2e", "have no run 'multistep'")
def no_run(results: Path) -> None:
    edit(results / "1.2", lambda record: record["runs"].pop(0))


@forgery("1.2e", "epochs is 3, the handout's is 10")
def too_few_epochs(results: Path) -> None:
    def change(run: dict[str, Any]) -> None:
        run["settings"]["epochs"] = 3
        for name in ("accuracies", "rates", "seconds"):
            run[name] = run[name][-3:]

    edit_run(results / "1.2", "multistep", change)


@forgery("1.2e", "accuracies, expected 10 for 10 epochs")
def a_curve_of_too_few_epochs(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run.update(accuracies=run["accuracies"][-3:]))


@forgery("1.2e", "losses, expected 100 for 10 epochs")
def losses_of_another_batch_size(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run.update(losses=run["losses"][::2]))


@forgery("1.2e", "can't be read")
def an_infinite_loss(results: Path) -> None:
    path = results / "1.2/record.json"
    text = path.read_text().replace('"losses": [', '"losses": [NaN, ', 1)
    path.unlink()
    path.write_text(text)


@forgery("1.2e", "ones that are not finite")
def a_loss_beyond_all_numbers(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run["losses"].__setitem__(3, -1.0))


@forgery("1.2e", "is not a whole number of 1,000 images")
def an_accuracy_between_two_images(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run["accuracies"].__setitem__(2, 0.12345))


@forgery("1.2e", "schedule gives")
def another_schedule(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run.update(rates=[0.1] * 10))


@forgery("1.2e", "batch_size is 512")
def another_batch_size(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run["settings"].update(batch_size=512))


@forgery("1.2e", "training.py is not the file")
def other_code(results: Path) -> None:
    path = results.parent / "training.py"
    text = path.read_text()
    path.unlink()
    path.write_text(text + "\n# one line more\n")


@forgery("1.2e", "The record's test images are not those of fixtures/")
def other_images(results: Path) -> None:
    edit(results / "1.2", lambda record: record["data"].update(test_digest="0" * 64))


@forgery("1.2e", "the full profile's are 50,000 + 10,000")
def quick_results_called_full(results: Path) -> None:
    edit(results / "1.2", lambda record: record.update(profile="full"))


@forgery("1.2e", "the handout's is 100 in the full profile")
def quick_results_called_full_with_full_data(results: Path) -> None:
    def change(record: dict[str, Any]) -> None:
        record["profile"] = "full"
        record["data"].update(source="complete", training=50_000, test=10_000, size=32)

    edit(results / "1.2", change)


@forgery("1.2e", "profile is 'best', expected one of full, quick")
def an_unknown_profile(results: Path) -> None:
    edit(results / "1.2", lambda record: record.update(profile="best"))


@forgery("1.2e", "is that of part 1.1")
def another_parts_record(results: Path) -> None:
    (results / "1.2/record.json").unlink()
    shutil.copy(results / "1.1/record.json", results / "1.2/record.json")


@forgery("1.2e", "The results of part 1.2 are unfinished")
def an_unfinished_record(results: Path) -> None:
    edit(results / "1.2", lambda record: record.update(state="unfinished"))


@forgery("1.2e", "can't be read")
def no_json(results: Path) -> None:
    path = results / "1.2/record.json"
    path.unlink()
    path.write_bytes(b"\x80\x04\x95 no record")


@forgery("1.2e", "can't be read")
def a_deep_record(results: Path) -> None:
    path = results / "1.2/record.json"
    path.unlink()
    path.write_text("[" * 5_000_000)


@forgery("1.2e", "can't be read")
def numbers_as_texts(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run.update(losses=["1.0"] * 100))


@forgery("1.2e", "results/1.2 is a link")
def a_linked_part(results: Path) -> None:
    (results / "1.2").rename(results.parent / "elsewhere")
    (results / "1.2").symlink_to(results.parent / "elsewhere")


@forgery("3.3j", "five pruning steps leave")
def dense_weights_under_a_sparse_claim(results: Path) -> None:
    put(results / "3.3", "pruned", load_file(results / "3.2/unpruned.safetensors"))


@forgery("3.3j", "five pruning steps leave")
def single_weights_in_the_place_of_filters(results: Path) -> None:
    put(results / "3.3", "pruned", load_file(results / "3.4/pruned.safetensors"))


@forgery("3.4i", "have the same weights")
def filters_in_the_place_of_single_weights(results: Path) -> None:
    put(results / "3.4", "pruned", load_file(results / "3.3/pruned.safetensors"))


@forgery("3.4j", "five pruning steps leave")
def pruned_a_little_less(results: Path) -> None:
    state = load_file(results / "3.4/pruned.safetensors")
    weights = state["model.8.0.weight"]
    off = (weights == 0).nonzero()[:2000]
    weights[tuple(off.T)] = 1e-4
    put(results / "3.4", "pruned", state)


@forgery("3.3j", "after epoch 1 the record has")
def pruned_at_the_end_at_once(results: Path) -> None:
    edit_run(results / "3.3", "pruned", lambda run: run.update(zeros=[run["zeros"][-1]] * 10))


@forgery("3.3j", "record's last zeros are not those that the checkpoint has")
def other_zeros_than_the_checkpoints(results: Path) -> None:
    edit_run(results / "3.3", "pruned", lambda run: run["zeros"][-1].__setitem__(0, 1))


@forgery("4.2d", "net-freeze and pt-net have the same weights")
def one_fine_tuned_network_twice(results: Path) -> None:
    folder = results / "4.2"
    (folder / "net-freeze.safetensors").unlink()
    shutil.copy(folder / "pt-net.safetensors", folder / "net-freeze.safetensors")

    def change(record: dict[str, Any]) -> None:
        kept = {run["name"]: run for run in record["runs"]}
        kept["net-freeze"]["accuracies"] = kept["pt-net"]["accuracies"]
        kept["net-freeze"]["checkpoint"] = {**kept["pt-net"]["checkpoint"], "file": "net-freeze.safetensors"}

    edit(folder, change)


@forgery("6.2e", "the loss is")
def another_training_as_ones_own_layers(results: Path) -> None:
    edit_run(results / "6.2", "yours", lambda run: run.update(losses=[2.9, *run["losses"][1:]]))


@forgery("1.2e", "begins with a loss of 0")
def no_losses(results: Path) -> None:
    edit_run(results / "1.2", "multistep", lambda run: run.update(losses=[0.0] * 100))


@forgery("1.2e", "holds variances below 0")
def variances_below_zero(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    state = load_file(path)
    path.unlink()
    save_file({name: -v if name.endswith("running_var") else v for name, v in state.items()}, path)


@forgery("1.2e", "its header is too long")
def a_header_of_a_million_tensors(results: Path) -> None:
    path = results / "1.2/multistep.safetensors"
    path.unlink()
    path.write_bytes((5_000_000).to_bytes(8, "little") + b"{" + b" " * 5_000_000)


@forgery("1.2e", "training.py is not the file")
def no_code_at_all(results: Path) -> None:
    (results.parent / "training.py").unlink()
    edit(results / "1.2", lambda record: record["student"].update({"training.py": "nothing"}))


@forgery("4.2d", "says nothing of cifar10")
def quick_results_of_data_that_are_not_in_fixtures(results: Path) -> None:
    edit(results / "4.2", lambda record: record["data"].update(name="cinic10"))


@forgery("6.2d", "adam and 6.2/yours have the same weights")
def one_epoch_as_a_hundred(results: Path) -> None:
    put(results / "6.2", "adam", load_file(results / "6.2/yours.safetensors"), "DWConvNet")


@forgery("1.1c", "that can't be chance")
def three_better_accuracies(results: Path) -> None:
    def change(run: dict[str, Any]) -> None:
        run["checkpoint"]["test"]["correct"] = 930
        run["accuracies"][-1] = 0.93

    for rate in ("0.0001", "0.1", "1"):
        edit_run(results / "1.1", f"rate-{rate}", change)


@forgery("3.3i", "have the same weights")
def a_network_that_was_never_pruned(results: Path) -> None:
    put(results / "3.3", "pruned", load_file(results / "1.2/multistep.safetensors"))
