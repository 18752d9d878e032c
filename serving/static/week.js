"use strict";
// Filters the list in place; without scripts the whole list stands there and the form stays hidden.
(() => {
  const form = document.querySelector("form.filters");
  if (!form) return;
  const accounts = [...document.querySelectorAll("tbody.account")];
  const capacity = document.querySelector("tbody.capacity");
  const apply = () => {
    const term = form.elements.search.value.trim().toLowerCase();
    const { value: owner } = form.elements.owner;
    const { value: band } = form.elements.band;
    let shown = 0;
    for (const account of accounts) {
      const { dataset } = account;
      account.hidden = !(dataset.search.includes(term) && (!owner || dataset.owner === owner) && (!band || dataset.band === band));
      shown += !account.hidden;
    }
    if (capacity) capacity.hidden = shown < accounts.length;
    form.querySelector("output").value = shown === accounts.length ? "" : `${shown} of ${accounts.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
})();
