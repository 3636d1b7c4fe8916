// Client page: its controls are part of the address (Back undoes a choice), and it remembers the list that
// one came from, so that previous and next follow the order one was working in.
(function () {
  "use strict";

  const LIST = "pad-list";
  const DEFAULTS = { view: "waterfall" };
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const query = () => new URLSearchParams(window.location.search);
  const here = () => document.getElementById("client-body");
  const firstFeature = () => {
    const panel = document.getElementById("client-position");
    return panel && panel.dataset.default;
  };
  let asked = null;

  // Writes one parameter of the address; a value that is there already adds no step to the history.
  function write(name, value, usual) {
    const parameters = query();
    if ((parameters.get(name) || usual) === value) return;
    parameters.set(name, value);
    window.history.pushState({}, "", `${window.location.pathname}?${parameters}`);
  }

  function list() {
    const kept = new URLSearchParams(window.sessionStorage.getItem(LIST) || "");
    return { queue: kept.get("queue"), sort: kept.get("sort") };
  }

  // A section that the address names is there once the file is drawn.
  function reach(hash) {
    const wanted = new MutationObserver(() => {
      const section = here() && document.getElementById(hash);
      if (section || !here()) wanted.disconnect();
      if (section) section.scrollIntoView();
    });
    wanted.observe(document.body, { childList: true, subtree: true });
  }

  function ask(file) {
    if (!file) return window.dash_clientside.no_update;
    if (window.location.hash.length > 1) reach(window.location.hash.slice(1));
    const parameters = query();
    asked = {
      client_id: file.client_id,
      feature: parameters.get("f"),
      view: parameters.get("view"),
      ...list(),
    };
    return asked;
  }

  function showView(view) {
    write("view", view, DEFAULTS.view);
    // A chart that was hidden has no width: it is drawn once it is seen.
    window.setTimeout(() => window.dash_clientside.charts.redraw(), 30);
    return ["waterfall", "features", "table"].map((name) => name !== view);
  }

  document.addEventListener("change", (event) => {
    if (event.target.id === "client-feature") write("f", event.target.value, firstFeature());
  });

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (window.location.pathname === "/" && event.target.closest("#main a.id")) {
      window.sessionStorage.setItem(LIST, window.location.search);
    }
    const reason = event.target.closest("a[data-feature]");
    if (reason && plain && here()) {
      event.preventDefault();
      write("f", reason.dataset.feature, firstFeature());
      setProps("client-feature", { value: reason.dataset.feature });
      document.getElementById("position").scrollIntoView();
      document.getElementById("client-feature").focus({ preventScroll: true });
    }
    const retry = event.target.closest("button[id*='\"retry\"']");
    if (retry && asked && retry.id.includes("client-")) setProps("client-asked", { data: { ...asked, again: Date.now() } });
  });

  window.addEventListener("popstate", () => {
    if (!here() || !firstFeature()) return;
    const parameters = query();
    setProps("client-feature", { value: parameters.get("f") || firstFeature() });
    setProps("client-view", { value: parameters.get("view") || DEFAULTS.view });
  });

  // The section being read is marked in the row of links.
  let waiting = false;
  window.addEventListener(
    "scroll",
    () => {
      if (waiting || !here()) return;
      waiting = true;
      window.requestAnimationFrame(() => {
        waiting = false;
        const links = Array.from(document.querySelectorAll(".anchors a"));
        const seen = links.filter((link) => {
          const section = document.querySelector(link.getAttribute("href"));
          return section && section.getBoundingClientRect().top < 140;
        });
        const current = seen[seen.length - 1] || links[0];
        for (const link of links) {
          if (link === current) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      });
    },
    { passive: true }
  );

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    client: { ask: ask, show_view: showView },
  });
})();
