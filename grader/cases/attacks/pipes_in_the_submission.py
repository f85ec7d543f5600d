# quantization: pipes where modules, packages and notes are looked for
# grade 1.1a 2.1a 6.1g
# loses 1.1a: hand in the file itself
# loses 6.1g

FIFOS = ["training.py", "depthwise.py", "notes", "requirements.txt", "README.md"]

tried("pipes in the submission")
