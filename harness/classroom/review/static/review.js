// Keys of the marking page, the sum of the points as it stands, and the help. Everything works without it, by forms.
"use strict";

const form = document.getElementById("mark");
const help = document.getElementById("help");
const byId = (id) => document.getElementById(id);

function number(text) {
  const found = Number(text.replace(",", ".").replace("−", "-"));
  return Number.isFinite(found) ? found : 0;
}

function showSum() {
  const boxes = [...form.querySelectorAll("input[name=item]")];
  const chosen = boxes.filter((box) => box.checked).map((box) => Number(box.dataset.points));
  const adjustment = number(byId("adjustment").value);
  if (!touched && byId("sum").textContent.startsWith("–")) return;
  const sum = chosen.reduce((total, points) => total + points, adjustment);
  const held = Math.min(Math.max(sum, 0), Number(form.dataset.max));
  byId("sum").querySelector("b").textContent = String(Math.round(held * 100) / 100);
}

let touched = false;

if (form) {
  const boxes = [...form.querySelectorAll("input[name=item]")];
  form.addEventListener("input", () => { touched = true; showSum(); });
  for (const button of form.querySelectorAll("[data-insert]")) {
    button.addEventListener("click", () => {
      const comment = byId("comment");
      comment.value = [comment.value.trim(), button.dataset.insert].filter(Boolean).join("\n");
      comment.focus();
      touched = true;
    });
  }
  let sending = false;
  form.addEventListener("submit", (event) => {
    if (sending) event.preventDefault(); // a key that is held down saves once
    sending = true;
  });
  const act = {
    f: () => byId("flag").click(),
    c: () => byId("comment").focus(),
    a: () => byId("adjustment").focus(),
    n: () => byId("after").click(),
    p: () => byId("before").click(),
    u: () => byId("undo")?.click(),
    Enter: () => form.requestSubmit(byId("save")),
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const writing = target.matches("textarea, input:not([type=checkbox])");
    if (help.open || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && writing) return target.blur();
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); return act.Enter(); }
    if (writing || event.ctrlKey) return;
    if (event.key === "Enter" && target.matches("a, button, summary")) return; // it does what it says
    if (/^[1-9]$/.test(event.key) && boxes[event.key - 1]) {
      event.preventDefault();
      boxes[event.key - 1].click();
    } else if (Object.hasOwn(act, event.key)) {
      event.preventDefault();
      act[event.key]();
    }
  });
}

function openHash() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  target?.querySelector("details")?.setAttribute("open", "");
}
openHash();
window.addEventListener("hashchange", openHash);
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

for (const button of document.querySelectorAll("[data-help]")) button.addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !help.open && !event.target.matches("textarea, input:not([type=checkbox])")) {
    event.preventDefault();
    help.showModal();
  }
});
