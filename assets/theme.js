// In the head, before the first paint: the theme in force, so that no page flashes in the other one.
// The system's choice goes into a cookie of its own, from which the server answers the next page right away.
(function () {
  "use strict";
  const root = document.documentElement;
  const chosen = /(?:^|; )pad_theme=(light|dark)(?:;|$)/.exec(document.cookie);
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.cookie = "pad_system_theme=" + system + "; path=/; SameSite=Lax";
  root.setAttribute("data-bs-theme", chosen ? chosen[1] : system);
  root.dataset.path = window.location.pathname;
})();
