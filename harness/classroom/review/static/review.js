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
  const chosen = boxes().filter((box) => box.checked).map((box) => Number(box.dataset.points));
  const sum = chosen.reduce((total, points) => total + points, number(byId("adjustment").value));
  const held = Math.min(Math.max(sum, 0), Number(form.dataset.max));
  byId("sum").querySelector("b").textContent = String(Math.round(held * 100) / 100);
}

const boxes = () => [...form.querySelectorAll("input[name=item]")];
const say = (text) => { byId("said").textContent = text; };

// ---- a draft of what isn't saved yet, for this window alone ----

const FIELDS = ["adjustment", "adjustment_reason", "comment"];

function keepDraft() {
  const draft = { version: form.elements.version.value, flag: byId("flag").checked };
  draft.items = boxes().filter((box) => box.checked).map((box) => box.value);
  for (const name of FIELDS) draft[name] = form.elements[name].value;
  sessionStorage.setItem(`draft ${form.dataset.draft}`, JSON.stringify(draft));
  byId("discard").hidden = false;
}

function restoreDraft() {
  const kept = sessionStorage.getItem(`draft ${form.dataset.draft}`);
  const sent = form.dataset.undone ? sessionStorage.getItem(`sent ${form.dataset.draft}`) : null;
  if (!kept && !sent) return;
  const draft = JSON.parse(kept ?? sent);
  for (const box of boxes()) box.checked = draft.items.includes(box.value);
  for (const name of FIELDS) form.elements[name].value = draft[name];
  byId("flag").checked = draft.flag;
  if (kept) form.elements.version.value = draft.version; // what somebody else has saved since is a conflict
  showSum();
  keepDraft();
  say("Your input isn't saved yet.");
}

function putIn(text) {
  const comment = byId("comment");
  comment.value = [comment.value.trim(), text].filter(Boolean).join("\n");
  keepDraft();
}

if (form) {
  let sure = Boolean(form.dataset.sure);
  let choosing = false; // the key s was pressed, and the number of a saved comment follows
  let sending = false;
  const snippets = [...form.querySelectorAll("[data-insert]")];
  const isEmpty = () => !boxes().some((box) => box.checked) && !number(byId("adjustment").value);
  if (form.dataset.unsaved) keepDraft(); else restoreDraft();
  form.addEventListener("input", () => { sure = Boolean(form.dataset.sure); say(""); showSum(); keepDraft(); });
  for (const button of snippets) {
    button.addEventListener("click", () => { putIn(button.dataset.insert); byId("comment").focus(); });
  }
  byId("discard").addEventListener("click", () => {
    for (const kind of ["draft", "sent"]) sessionStorage.removeItem(`${kind} ${form.dataset.draft}`);
    location.assign(form.getAttribute("action") + (form.elements.second ? "?second=1" : ""));
  });
  form.addEventListener("submit", (event) => {
    if (sending) return event.preventDefault(); // a key that is held down saves once
    if (["keep", "drop"].includes(event.submitter?.name)) return;
    if (isEmpty() && !sure) {
      event.preventDefault();
      sure = true;
      return say("Nothing is chosen. Press Enter once more to save 0 points.");
    }
    sending = true;
    keepDraft();
    sessionStorage.setItem(`sent ${form.dataset.draft}`, sessionStorage.getItem(`draft ${form.dataset.draft}`));
    sessionStorage.removeItem(`draft ${form.dataset.draft}`);
  });
  const act = {
    0: () => {
      for (const box of boxes()) box.checked = false;
      byId("adjustment").value = "";
      showSum();
      keepDraft();
      sure = true;
      say("No points. Enter saves 0 points.");
    },
    f: () => byId("flag").click(),
    c: () => byId("comment").focus(),
    a: () => byId("adjustment").focus(),
    s: () => {
      choosing = snippets.length > 0;
      say(choosing ? "Which saved comment? Press its number." : "There is no saved comment.");
      if (choosing) form.querySelector(".snippets").open = true;
    },
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
    if (event.key === "Enter" && target.matches("#mark input")) { event.preventDefault(); return act.Enter(); }
    if (writing || event.ctrlKey) return;
    if (event.key === "Enter" && target.matches("a, button, summary")) return; // it does what it says
    const chosen = choosing;
    if (event.key !== "Shift") choosing = false;
    if (chosen && /^[1-9]$/.test(event.key)) {
      event.preventDefault();
      const snippet = snippets[event.key - 1];
      if (snippet) putIn(snippet.dataset.insert);
      say(snippet ? "The comment was put in." : "There is no such saved comment.");
    } else if (/^[1-9]$/.test(event.key) && boxes()[event.key - 1]) {
      event.preventDefault();
      boxes()[event.key - 1].click();
    } else if (Object.hasOwn(act, event.key)) {
      event.preventDefault();
      act[event.key]();
    }
  });
  // After a click with the mouse the keys belong to the page again, so that Enter saves.
  document.addEventListener("click", (event) => {
    if (event.detail > 0) event.target.closest("summary, a, button")?.blur();
  });
  if (byId("error")) {
    const reasons = document.querySelectorAll("#mark [name=reason], #mark [name=adjustment_reason]");
    const needed = (one) => !one.value && (one.name === "reason" || number(byId("adjustment").value));
    [...reasons].find(needed)?.focus();
  }
  const panel = document.querySelector(".marking");
  const fit = () => { // the panel ends where the window ends, so that its last row is always seen
    panel.style.maxHeight = `${Math.max(innerHeight - Math.max(panel.getBoundingClientRect().top, 0) - 12, 240)}px`;
  };
  fit();
  for (const what of ["scroll", "resize"]) window.addEventListener(what, fit, { passive: true });
  if (matchMedia("(max-width: 46rem)").matches) document.querySelector(".fold").open = false;
}

const anyway = byId("all-the-same");
if (anyway) {
  const follow = () => { byId("publish").disabled = !anyway.checked; };
  anyway.addEventListener("change", follow);
  follow();
}

function openHash() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  target?.closest("details")?.setAttribute("open", "");
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
