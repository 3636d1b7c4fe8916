// Charts: the server sends each figure twice (wide, narrow), with colours as names of tokens. Here the
// variant that fits the place is chosen and the names become the colours of the theme in force, so a
// change of theme or of width redraws what is visible without asking the server.
(function () {
  "use strict";

  const LOOK = "chart-look";

  function place(name) {
    return document.getElementById("plot-" + name);
  }

  function variant(plot) {
    const width = plot ? plot.clientWidth : window.innerWidth;
    return width && width < Number((plot && plot.dataset.narrowBelow) || 520) ? "narrow" : "wide";
  }

  function coloured(figure) {
    const style = getComputedStyle(document.documentElement);
    const text = JSON.stringify(figure).replace(/var\((--pd-[a-z0-9-]+)\)/g, (_, token) =>
      style.getPropertyValue(token).trim()
    );
    return JSON.parse(text);
  }

  function draw(figures, _look) {
    if (!figures) {
      return window.dash_clientside.no_update;
    }
    const name = window.dash_clientside.callback_context.outputs_list.id.name;
    const plot = place(name);
    if (plot && plot.offsetParent === null) {
      return window.dash_clientside.no_update; // hidden: no width to draw in yet
    }
    const chosen = variant(plot);
    if (plot) {
      plot.dataset.drawn = chosen;
      plot.style.minHeight = figures[chosen].layout.height + "px";
    }
    return coloured(figures[chosen]);
  }

  function redraw() {
    if (document.querySelector(".plot")) {
      window.dash_clientside.set_props(LOOK, { data: Date.now() });
    }
  }

  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const plots = Array.from(document.querySelectorAll(".plot"));
      if (plots.some((plot) => plot.dataset.drawn && plot.dataset.drawn !== variant(plot))) {
        redraw();
      }
    }, 150);
  });
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  window.dash_clientside = Object.assign({}, window.dash_clientside, { charts: { draw: draw, redraw: redraw } });
})();
