// The worklist's view (queue, order, page) is part of the address: a control changes both, Back undoes a choice.
(function () {
  "use strict";

  const DEFAULTS = { queue: "all", sort: "oldest", page: 1 };

  function view() {
    const asked = new URLSearchParams(window.location.search);
    return {
      queue: asked.get("queue") || DEFAULTS.queue,
      sort: asked.get("sort") || DEFAULTS.sort,
      page: Number(asked.get("page")) || DEFAULTS.page,
    };
  }

  function show(next) {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(next)) {
      if (value !== DEFAULTS[name]) asked.set(name, value);
    }
    const query = asked.toString();
    window.history.pushState({}, "", window.location.pathname + (query ? `?${query}` : ""));
    window.dash_clientside.set_props("worklist-view", { data: next });
  }

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-queue]");
    if (chip) show({ ...view(), queue: chip.dataset.queue, page: 1 });
    const turn = event.target.closest("a[data-page]");
    if (turn && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      show({ ...view(), page: Number(turn.dataset.page) });
      document.getElementById("main").scrollIntoView();
    }
  });
  // Dash draws the page again only if it knew another query; the list follows the address in any case.
  window.addEventListener("popstate", () => {
    if (document.getElementById("worklist-body")) {
      window.dash_clientside.set_props("worklist-view", { data: view() });
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "worklist-sort") show({ ...view(), sort: event.target.value, page: 1 });
  });
})();
