"""Canvas' importer of gradebooks, imitated from what its public source does: what a file would change in a course."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Course", "InvalidHeaderRow", "User"]


class InvalidHeaderRow(Exception):
    """Canvas says these words, and imports nothing."""


@dataclass
class User:
    """A student as Canvas knows them."""

    id: int
    name: str
    sis: str = ""
    login: str = ""
    section: str = "Lecture"
    scores: dict[int, str] = field(default_factory=dict)
    """The cells of the gradebook by assignment; empty where nothing is."""


@dataclass
class Course:
    """A course with its gradebook."""

    users: list[User]
    assignments: dict[int, str]
    possible: dict[int, str]

    def export(self, delimiter: str = ",", comma: bool = False, bom: bool = True, manual: bool = True) -> str:
        """The gradebook as Canvas writes it."""

        def number(text: str) -> str:
            return text.replace(".", ",") if comma else text

        text = io.StringIO()
        table = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        about = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        totals = ["Current Score", "Unposted Current Score", "Final Score (12)", "Final Grade"]
        table.writerow([*about, *(f"{title} ({id})" for id, title in self.assignments.items()), *totals])
        if manual:
            table.writerow([""] * 5 + ["Manual Posting"] + [""] * (len(self.assignments) - 1 + len(totals)))
        possible = [number(self.possible[id]) for id in self.assignments]
        table.writerow(["    Points Possible", "", "", "", "", *possible, *["(read only)"] * len(totals)])
        for user in self.users:
            name = f'="{user.name}"' if user.name.startswith("=") else user.name
            scores = [number(user.scores.get(id, "")) for id in self.assignments]
            table.writerow([name, user.id, user.sis, user.login, user.section, *scores, *["1"] * len(totals)])
        return ("\ufeff" if bom else "") + text.getvalue()

    def changes(self, text: str) -> dict[tuple[str, int], tuple[str, str]]:
        """What importing a file would change: by student and assignment, the score before and after.

        A new student, a new assignment and another maximum are changes too.
        """
        rows = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text.splitlines()[:3])))
        header, *rest = [[_number(cell) for cell in row] for row in rows if any(row)]
        columns = self._assignments(header)
        known = {user.id: user for user in self.users}
        found: dict[tuple[str, int], tuple[str, str]] = {}
        for row in rest:
            if "Points Possible" in row[0]:
                for index, id in columns.items():
                    if row[index] and float(row[index]) != float(self.possible.get(id, "0")):
                        found["Points Possible", id] = self.possible.get(id, ""), row[index]
                continue
            if all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row):
                continue
            user = known.get(int(row[1])) if row[1].isdigit() else None
            user = user or next((one for one in self.users if row[0] == one.name), None)
            for index, id in columns.items():
                before = user.scores.get(id, "") if user else ""
                after = row[index].strip()
                if user is None or not _same(before, after):
                    found[user.name if user else f"new student {row[0]}", id] = before, after
        return found

    def _assignments(self, header: Sequence[str]) -> dict[int, int]:
        """The assignment of each column, a negative id for a new one."""
        if len(header) <= 3 or "Student" not in header[0] or "ID" not in header[1]:
            raise InvalidHeaderRow
        columns = 3
        if re.search(r"SIS\s+Login\s+ID", header[2]):
            columns = 4
        elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
            columns = 5 + bool(re.search(r"Integration\s+ID", header[4]))
        if "Section" not in header[columns - 1]:
            raise InvalidHeaderRow
        found = {}
        for index, name in enumerate(header[columns:], columns):
            if re.search(r"(Current|Final|Override) (Score|Points|Grade)|Override Status", name):
                continue
            match = re.fullmatch(r".* \((\d+)\)", name)
            found[index] = int(match[1]) if match and int(match[1]) in self.assignments else -index
        return found


def _delimiter(lines: Sequence[str]) -> str:
    counts = {}
    for delimiter in ";,":
        fields = {len(next(csv.reader([line], delimiter=delimiter))) for line in lines}
        counts[delimiter] = fields.pop() if len(fields) == 1 else 0
    return ";" if counts[";"] > counts[","] else ","


def _number(cell: str) -> str:
    """A number with a decimal comma or point, as Canvas takes it."""
    if not re.fullmatch(r"-?[0-9.,]+%?", cell):
        return cell
    *whole, last = re.split(r"[,.]", cell)
    return f"{''.join(whole)}.{last}" if whole else last


def _same(before: str, after: str) -> bool:
    if before == after or (before in ("", "-") and after in ("", "-")):
        return True
    try:
        return f"{float(before):.2f}" == f"{float(after):.2f}"
    except ValueError:
        return False
