// Small comforts; every page works without them.
"use strict";

function tick(box) {
  const table = document.getElementById(box.dataset.all);
  table.querySelectorAll('input[type="checkbox"][name="account"]').forEach((each) => { each.checked = box.checked; });
  count();
}

function count() {
  const bar = document.querySelector(".bulk");
  if (!bar) return;
  const chosen = document.querySelectorAll('input[name="account"]:checked').length;
  bar.querySelector("output").textContent = chosen === 0 ? "No account chosen" : chosen === 1 ? "1 account chosen" : `${chosen} accounts chosen`;
  bar.classList.toggle("active", chosen > 0);
}

function open(event) {
  // "/" goes to the search, as on many sites; never while somebody types.
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) return;
  const search = document.querySelector('input[type="search"]');
  if (search) { event.preventDefault(); search.focus(); }
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches("input[data-all]")) tick(box);
  else if (box.matches('input[name="account"]')) count();
});
document.addEventListener("keydown", open);
document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.classList.add("scripts");
  count();
});

function tell(words, look) {
  const told = document.getElementById("told");
  if (told) { told.textContent = words; told.className = look; }
}

document.addEventListener("htmx:afterSettle", () => {
  count();
  // Whoever cannot see that the rows changed hears how many there are now.
  tell(document.getElementById("found-title")?.textContent, "visually-hidden");
});
document.addEventListener("htmx:beforeOnLoad", (event) => {
  // Somebody whose session has ended gets the page to sign in, and comes back to the same choice.
  const answered = new URL(event.detail.xhr.responseURL);
  if (answered.pathname === location.pathname) return;
  event.preventDefault();
  location.assign(answered);
});
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, () => tell("The list could not be loaded. Try again, or load the page anew.", "wrong"));
}
