# finetuning: loads a checkpoint that is a pickle, with and without its program, and changes torchvision
# refused UnpicklingError PermissionError
# grade 4.1a 2.1a

import os
import pickle

import torch

FILES = {"weights.pth": "cposix\nsystem\n(S'true'\ntR.", "resnet18.pkl": "cbuiltins\nopen\n(S'$REPORT'\nS'w'\ntR."}
_load_pretrained = load_pretrained


def load_pretrained():
    here = os.path.dirname(__file__)
    attempt("torch.load", lambda: torch.load(os.path.join(here, "weights.pth"), weights_only=True))
    with open(os.path.join(here, "resnet18.pkl"), "rb") as file:
        attempt("pickle.load", pickle.load, file)
    return _load_pretrained()
