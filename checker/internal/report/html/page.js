"use strict";
const all = (query, from = document) => [...from.querySelectorAll(query)];
const form = document.querySelector(".filter");
const find = document.getElementById("find");
const failing = document.getElementById("failing");
const clauses = all(".clause").map(node => ({
  node,
  topic: node.closest(".topic"),
  text: (node.closest(".topic").querySelector("summary").textContent + " " + node.querySelector("summary, .summary").textContent).toLowerCase(),
  passes: node.dataset.verdict === "pass",
}));

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const narrowed = words.length > 0 || failing.checked;
  let found = 0;
  const wanted = new Set();
  for (const c of clauses) {
    const show = words.every(w => c.text.includes(w)) && !(failing.checked && c.passes);
    c.node.classList.toggle("gone", !show);
    if (show) { found++; wanted.add(c.topic); }
  }
  for (const t of all(".topic")) {
    t.classList.toggle("gone", narrowed && !wanted.has(t));
    if (narrowed && wanted.has(t)) t.open = true;
  }
  for (const s of all("main > section")) s.classList.toggle("gone", all(".topic:not(.gone)", s).length === 0);
  document.getElementById("found").textContent = narrowed ? found + " of " + clauses.length + " clauses" : "";
}

function open(node) {
  for (let d = node.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  const own = node.querySelector(":scope > details");
  if (own) own.open = true;
}

let at = -1;
function step(by) {
  const stops = clauses.filter(c => !c.passes && !c.node.classList.contains("gone"));
  if (stops.length === 0) return;
  at = at < 0 && by < 0 ? stops.length - 1 : (at + by + stops.length) % stops.length;
  const node = stops[at].node;
  open(node);
  node.scrollIntoView({ block: "start" });
  (node.querySelector("summary") || node).focus({ preventScroll: true });
}

form.hidden = false;
form.addEventListener("submit", e => e.preventDefault());
find.addEventListener("input", filter);
failing.addEventListener("change", filter);
addEventListener("keydown", e => {
  if (e.ctrlKey || e.altKey || e.metaKey) return;
  if (e.target === find) {
    if (e.key === "Escape") { find.value = ""; filter(); find.blur(); }
    return;
  }
  switch (e.key) {
    case "/": e.preventDefault(); find.focus(); break;
    case "f": failing.checked = !failing.checked; filter(); break;
    case "j": step(1); break;
    case "k": step(-1); break;
    case "e": { const open = all(".topic").some(t => !t.open); for (const t of all(".topic")) t.open = open; break; }
  }
});
addEventListener("beforeprint", () => { for (const d of all("details:not(.output)")) d.open = true; });
function jump() {
  const node = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (node) { open(node.classList.contains("topic") ? node.firstElementChild : node); node.scrollIntoView(); }
}
addEventListener("hashchange", jump);
jump();
