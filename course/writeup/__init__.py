"""The write-up: the written answers and the results as a PDF, and the zip to hand in.

::

    answers.md --answers--> Answers --markdown, formulas--> nodes --document--> document.json
    results/   --records--> Records, figures --------------^           |
                                                         template.typ --typesetting--> PDF --packing--> zip

The document goes to the typesetter as data, and the one program that the typesetter runs is ``template.typ``. So
nothing that stands in an answer or a record is ever read as a command.
"""
