# quantization: modules that are links: to the solution, to /dev/zero, to themselves, to a folder
# grade 3.1a 1.1a 5.1a 6.1a 2.1a
# loses 3.1a: hand in the file itself
# loses 1.1a: hand in the file itself
# loses 5.1a: hand in the file itself
# loses 6.1a: hand in the file itself

LINKS = {
    "pruning.py": "$ROOT/grader/solution/pruning.py",
    "training.py": "/dev/zero",
    "transformer.py": "transformer.py",
    "depthwise.py": "$ROOT/grader/solution",
    "solution": "$ROOT/grader/solution",
    "shadow": "/etc/shadow",
    "root": "/",
    "report.json": "$REPORT",
}

tried("links in the submission")
