// What the frame does in the browser without asking the server: addresses, focus, keys, language and theme,
// the search's list, layers, and the messages for a lost connection or an ended session.
// Words never come from here: they are in the page, in the language in force.
(function () {
  "use strict";

  const YEAR = 365 * 24 * 3600;
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  function remember(name, value, seconds) {
    const secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; path=/; max-age=${seconds}; SameSite=Lax${secure}`;
  }

  function say(text) {
    setProps("live", { children: text });
  }

  // ---------- a short message at the bottom, for ten seconds or as long as it is read ----------
  let leaving = 0;
  function toast(text) {
    setProps("toast", { children: text });
    window.clearTimeout(leaving);
    leaving = window.setTimeout(function leave() {
      if (byId("toast").matches(":hover, :focus-within")) leaving = window.setTimeout(leave, 1000);
      else setProps("toast", { children: null });
    }, 10000);
  }

  // ---------- addresses ----------
  // Dash draws the page of an address when it hears this event (the same that dcc.Link sends).
  function open(href) {
    window.history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  let shown = window.location.pathname;

  function arrive() {
    if (window.location.pathname === shown) return;
    shown = window.location.pathname;
    root.dataset.path = shown;
    closeLayers();
    const main = byId("main");
    if (main) main.focus({ preventScroll: true });
  }
  window.addEventListener("_dashprivate_pushstate", arrive);
  window.addEventListener("popstate", arrive);

  // The page of a file belongs to the list that it came from.
  function markCurrent() {
    for (const line of document.querySelectorAll("a.nv")) {
      const href = line.getAttribute("href");
      const here = href === shown;
      const below = href === "/" && shown.startsWith("/client/");
      if (here || below) line.setAttribute("aria-current", here ? "page" : "true");
      else line.removeAttribute("aria-current");
    }
  }

  // ---------- language and theme ----------
  function speak(language) {
    remember("pad_language", language, YEAR);
    root.lang = language;
    // A page may have changed its query without a new drawing: Dash hears of it before it draws again.
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    setProps("language", { data: language });
  }

  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const systemTheme = () => (system.matches ? "dark" : "light");

  function paint(theme) {
    root.setAttribute("data-bs-theme", theme);
    setProps("theme", { data: theme });
  }

  function toggleTheme() {
    const theme = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    // Choosing what the system has means following it again.
    remember("pad_theme", theme, theme === systemTheme() ? 0 : YEAR);
    paint(theme);
  }

  system.addEventListener("change", () => {
    remember("pad_system_theme", systemTheme(), YEAR);
    if (!/(?:^|; )pad_theme=/.test(document.cookie)) paint(systemTheme());
  });

  // ---------- layers: native dialogs trap and give back the focus, Esc closes them ----------
  function openDialog(id) {
    closeLayers();
    const dialog = byId(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  function closeLayers() {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    for (const menu of document.querySelectorAll("details.user[open]")) menu.open = false;
    shutSearch();
  }

  // ---------- search ----------
  const field = () => byId("search");
  const options = () => Array.from(document.querySelectorAll("#search-results [role=option]"));
  const digits = (text) => text.replace(/[\s\u00a0\u202f]/g, "");

  function dressSearch() {
    const input = field();
    if (!input || input.getAttribute("role") === "combobox") return;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
  }

  function showResults() {
    const input = field();
    if (!input) return;
    const list = byId("search-results").querySelector("[role=listbox]");
    const open = Boolean(list) && !byId("find").classList.contains("shut");
    input.setAttribute("aria-expanded", String(open));
    if (list) input.setAttribute("aria-controls", list.id);
    else input.removeAttribute("aria-controls");
    choose(0);
  }

  function choose(place) {
    const found = options();
    found.forEach((option, index) => option.setAttribute("aria-selected", String(index === place)));
    if (found[place]) {
      field().setAttribute("aria-activedescendant", found[place].id);
      found[place].scrollIntoView({ block: "nearest" });
    } else field().removeAttribute("aria-activedescendant");
  }

  function shutSearch() {
    const box = byId("find");
    if (!box) return;
    box.classList.add("shut");
    field().setAttribute("aria-expanded", "false");
    field().removeAttribute("aria-activedescendant");
  }

  function leaveSearch() {
    shutSearch();
    setProps("search", { value: "" });
    setProps("search-results", { children: null });
  }

  // Enter opens the chosen line; while the list answers an older text, the number as it is typed.
  function openFound() {
    const typed = digits(field().value);
    const found = options();
    const list = byId("search-results").querySelector("[role=listbox]");
    const fresh = list && list.dataset.prefix === typed;
    const chosen = found.find((option) => option.getAttribute("aria-selected") === "true");
    if (fresh && chosen) open(chosen.getAttribute("href"));
    else if (/^\d{1,9}$/.test(typed)) open(`/client/${typed}`);
    else return;
    leaveSearch();
  }

  function searchKey(event) {
    const found = options();
    const place = found.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Enter") openFound();
    else if (event.key === "Escape") shutSearch();
    else if (event.key === "ArrowDown" && found.length) choose((place + 1) % found.length);
    else if (event.key === "ArrowUp" && found.length) choose((place - 1 + found.length) % found.length);
    else return;
    event.preventDefault();
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === "search") byId("find").classList.remove("shut");
  });
  document.addEventListener("focusin", (event) => {
    const box = byId("find");
    if (box && !box.contains(event.target)) shutSearch();
    else if (event.target.id === "search" && event.target.value) box.classList.remove("shut");
  });

  // ---------- keys ----------
  const inField = (target) => target.closest("input, select, textarea, [contenteditable=true]");
  const keysOff = () => byId("keys-off") && byId("keys-off").checked;

  function step(by) {
    // A page that knows its neighbours says so; else the rows of the page's list.
    const neighbour = document.querySelector(`#main [data-key=${by > 0 ? "j" : "k"}]`);
    if (neighbour) return neighbour.click();
    const rows = Array.from(document.querySelectorAll("#main table.rows tbody a.id"));
    if (!rows.length) return undefined;
    const place = rows.indexOf(document.activeElement);
    const next = rows[Math.min(Math.max(place + by, 0), rows.length - 1)];
    next.focus();
    return next.closest("tr").scrollIntoView({ block: "nearest" });
  }

  const SINGLE_KEYS = {
    "/": () => field() && field().focus(),
    "?": () => openDialog("keys"),
    j: () => step(1),
    k: () => step(-1),
  };

  document.addEventListener("keydown", (event) => {
    if (event.target.id === "search") return searchKey(event);
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.user[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
      return undefined;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || keysOff()) return undefined;
    if (document.querySelector("dialog[open]") || !(event.key in SINGLE_KEYS)) return undefined;
    event.preventDefault();
    return SINGLE_KEYS[event.key]();
  });

  // ---------- clicks ----------
  const plain = (event) =>
    event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

  const CLICKS = [
    ["a[data-nav]", (link, event) => {
      if (!plain(event)) return;
      event.preventDefault();
      open(link.getAttribute("href"));
      if (link.getAttribute("role") === "option") leaveSearch();
    }],
    ["[data-language]", (button) => speak(button.dataset.language)],
    ["#theme-toggle", toggleTheme],
    ["[data-print]", () => window.print()],
    ["[data-dialog]", (button) => openDialog(button.dataset.dialog)],
    ["[data-close]", (button) => button.closest("dialog").close()],
  ];

  document.addEventListener("click", (event) => {
    for (const [selector, act] of CLICKS) {
      const found = event.target.closest(selector);
      if (found) act(found, event);
    }
    if (event.target.nodeName === "DIALOG") event.target.close(); // the scrim
    for (const menu of document.querySelectorAll("details.user[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // ---------- connection, session, nothing to serve yet ----------
  function connected(yes) {
    const note = byId("offline");
    if (note) note.hidden = yes;
  }
  window.addEventListener("offline", () => connected(false));
  window.addEventListener("online", () => connected(true));

  const ask = window.fetch.bind(window);
  window.fetch = async function (resource, options) {
    const url = String(resource && resource.url ? resource.url : resource);
    if (!url.includes("_dash-")) return ask(resource, options);
    let answer;
    try {
      answer = await ask(resource, options);
    } catch (error) {
      connected(false);
      throw error;
    }
    connected(true);
    if (answer.status === 401 && window.location.pathname !== "/sign-in") {
      const here = window.location.pathname + window.location.search;
      window.location.assign(`/sign-in?ended=1&next=${encodeURIComponent(here)}`);
    }
    if (answer.status >= 500 && !document.querySelector("[data-wait-ready]")) {
      toast(byId("broken-words").textContent.replace("{code}", answer.headers.get("X-Request-Id") || "?"));
    }
    // The address answers with a page that says why.
    if (answer.status === 403 && options && String(options.body).includes("_pages_content")) {
      window.location.reload();
    }
    return answer;
  };

  window.setInterval(async () => {
    if (!document.querySelector("[data-wait-ready]")) return;
    const answer = await ask("/health/ready", { cache: "no-store" }).catch(() => null);
    if (answer && answer.ok) window.location.reload();
  }, 3000);

  // ---------- what Dash draws after us ----------
  // Dash makes new nodes when it draws a part again: the control that had the focus gets it back.
  const NAMES = ["id", "data-queue", "data-language", "data-page"];
  let held = null;

  document.addEventListener("focusin", (event) => {
    const name = NAMES.find((attribute) => event.target.hasAttribute(attribute));
    held = name ? { node: event.target, name, value: event.target.getAttribute(name) } : null;
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("button, a, input, select, summary")) held = null;
  });

  function giveBackFocus() {
    if (!held || held.node.isConnected || document.activeElement !== document.body) return;
    const same = document.querySelectorAll(`[${held.name}="${CSS.escape(held.value)}"]`);
    const shownAgain = Array.from(same).find((node) => node.checkVisibility());
    if (shownAgain) shownAgain.focus({ preventScroll: true });
  }

  let pending = false;
  function settle() {
    pending = false;
    dressSearch();
    markCurrent();
    giveBackFocus();
  }
  new MutationObserver((changes) => {
    if (changes.some((change) => change.target.id === "search-results")) showResults();
    if (!pending) {
      pending = true;
      window.requestAnimationFrame(settle);
    }
  }).observe(document.body, { childList: true, subtree: true });

  // The title changes once a new page is drawn: the moment to say where one is.
  new MutationObserver(() => {
    if (window.dash_clientside && window.dash_clientside.set_props && byId("live")) say(document.title);
  }).observe(document.querySelector("title"), { childList: true });
})();
