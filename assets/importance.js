// Importance page: level and feature are part of the address (Back undoes a choice); a bar or the link of its
// table row chooses a feature.
(function () {
  "use strict";

  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const query = () => new URLSearchParams(window.location.search);
  const here = () => document.getElementById("importance-ranking");

  function write(changes) {
    const parameters = query();
    for (const [name, value] of Object.entries(changes)) {
      if (value) parameters.set(name, value);
      else parameters.delete(name);
    }
    if (parameters.toString() === query().toString()) return;
    window.history.pushState({}, "", `${window.location.pathname}?${parameters}`);
  }

  function ask() {
    const parameters = query();
    return [parameters.get("level") || "code", parameters.get("f")];
  }

  function mark(row) {
    for (const link of document.querySelectorAll("a[data-importance]")) {
      if (link.dataset.row === row) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  function choose(feature, row) {
    write({ f: feature });
    mark(row);
    return feature;
  }

  function pick(click) {
    const custom = click && click.points && click.points[0] && click.points[0].customdata;
    return custom ? choose(custom[2], custom[0]) : window.dash_clientside.no_update;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-importance]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain) return;
    event.preventDefault();
    setProps("importance-feature", { data: choose(link.dataset.importance, link.dataset.row) });
  });

  document.addEventListener("change", (event) => {
    if (!here()) return;
    if (event.target.id === "importance-other") {
      write({ f: event.target.value });
      setProps("importance-feature", { data: event.target.value });
    }
    if (event.target.closest("#importance-level")) write({ level: event.target.value });
  });

  window.addEventListener("popstate", () => {
    if (!here()) return;
    const [level, feature] = ask();
    setProps("importance-level", { value: level });
    setProps("importance-feature", { data: feature });
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    importance: { ask: ask, pick: pick },
  });
})();
