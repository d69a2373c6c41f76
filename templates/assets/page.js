/* Built from explorer/src by `make scripts`: change it there. */
"use strict";
(() => {
  var __defProp = Object.defineProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };

  // src/dom.ts
  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  function button(text, onClick, attributes = {}) {
    const element = el("button", { type: "button", ...attributes }, text);
    element.addEventListener("click", onClick);
    return element;
  }
  function entries(rows) {
    return el("dl", { class: "entries" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }
  function emptyPlot(height, alt) {
    const plot = el("div", { class: "plot", role: "img", "aria-label": alt });
    plot.style.minHeight = `${height}px`;
    return plot;
  }
  var region = el("p", { class: "visually-hidden", "aria-live": "polite" });
  function announce(text) {
    if (!region.isConnected) document.body.append(region);
    region.textContent = text;
  }

  // src/embed.ts
  function showOneFigure() {
    const id = figureInAddress();
    const figure = id ? document.getElementById(id) : null;
    if (!figure) return;
    document.documentElement.classList.add("one-figure");
    figure.classList.add("kept");
    for (let above = figure.parentElement; above && above.tagName !== "MAIN"; above = above.parentElement) above.classList.add("keeps");
    const title = document.querySelector("h1")?.textContent ?? "";
    figure.append(el("p", { class: "figure-source" }, "From ", el("a", { href: location.pathname, target: "_top" }, title), "."));
  }
  function figureInAddress() {
    return new URLSearchParams(location.hash.slice(1)).get("figure");
  }
  function embedding(figure) {
    const address = new URL(`#figure=${figure.id}`, location.href).href;
    const words = figure.querySelector("figcaption")?.textContent ?? "";
    const title = words.replace(/\s+/g, " ").trim().split(": ")[0]?.slice(0, 120) ?? "";
    const frame = el("iframe", { src: address, title, width: "100%", height: String(figure.offsetHeight + 80), loading: "lazy" });
    return frame.outerHTML;
  }

  // src/numbers.ts
  var numbers_exports = {};
  __export(numbers_exports, {
    decimal: () => decimal,
    pEquals: () => pEquals,
    pValue: () => pValue,
    points: () => points,
    pointsInterval: () => pointsInterval
  });
  var MINUS = "\u2212";
  function fixed(size, digits) {
    const exact = size.toFixed(60);
    const end = exact.indexOf(".") + 1 + digits;
    const below = exact.slice(0, digits ? end : end - 1);
    return /^50*$/.test(exact.slice(end)) && Number(below.at(-1)) % 2 === 0 ? below : size.toFixed(digits);
  }
  function points(share, digits = 1) {
    const text = fixed(Math.abs(share) * 100, digits);
    return share < 0 && Number(text) !== 0 ? MINUS + text : text;
  }
  function pointsInterval(low, high) {
    return `[${points(low)}, ${points(high)}]`;
  }
  function pValue(p) {
    if (p < 1e-3) return "< 0.001";
    return p > 0.999 ? "> 0.999" : fixed(p, 3);
  }
  function pEquals(p) {
    const text = pValue(p);
    return /^[<>]/.test(text) ? `p ${text}` : `p = ${text}`;
  }
  function decimal(value, digits = 2) {
    const text = fixed(Math.abs(value), digits);
    const [whole = "", fraction] = text.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
    return value < 0 && Number(text) !== 0 ? MINUS + grouped : grouped;
  }

  // src/plots.ts
  var COLOUR = /^var\((--[\w-]+)\)$/;
  var OPTIONS = { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: "reset" };
  var drawings = /* @__PURE__ */ new Map();
  function coloured(figure) {
    const style = getComputedStyle(document.documentElement);
    const walk = (value) => {
      if (typeof value === "string") {
        const name = COLOUR.exec(value);
        return name?.[1] ? style.getPropertyValue(name[1]).trim() : value;
      }
      if (Array.isArray(value)) return value.some((item) => typeof item !== "number") ? value.map(walk) : value;
      if (value === null || typeof value !== "object") return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
    };
    return walk(figure);
  }
  function plain(text) {
    return text.replace(/[<>&$]/g, (character) => `&#${character.charCodeAt(0)};`);
  }
  function baseLayout(height) {
    return {
      template: {},
      height,
      showlegend: false,
      dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "var(--sans)", color: "var(--ink)" },
      hoverlabel: { bgcolor: "var(--paper)", bordercolor: "var(--ink-soft)", align: "left", font: { color: "var(--ink)" } }
    };
  }
  function drawingOf(plot) {
    return drawings.get(plot);
  }
  async function draw(plot, drawing2) {
    drawings.set(plot, drawing2);
    let canvas = plot.querySelector(".plot-canvas");
    if (!canvas) {
      canvas = document.createElement("div");
      canvas.className = "plot-canvas";
      plot.append(canvas);
    }
    const { data, layout } = coloured(drawing2);
    await window.Plotly.react(canvas, data, layout, OPTIONS);
    plot.classList.add("plot-drawn");
    return canvas;
  }
  function redrawAll() {
    for (const [plot, drawing2] of drawings) void draw(plot, drawing2);
  }
  function followTheme() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
    const forPaper = (printing) => {
      document.documentElement.classList.toggle("printing", printing);
      redrawAll();
    };
    addEventListener("beforeprint", () => forPaper(true));
    addEventListener("afterprint", () => forPaper(false));
  }

  // src/state.ts
  var AXES = { x: "a", y: "effect", colour: "evidence" };
  function headName(data, head) {
    return `L${Math.floor(head / data.model.heads)}H${head % data.model.heads}`;
  }
  function headNamed(data, name) {
    const match = /^\s*L?(\d+)\s*[H.,]\s*(\d+)\s*$/i.exec(name);
    if (!match) return void 0;
    const [layer, head] = [Number(match[1]), Number(match[2])];
    return layer < data.model.layers && head < data.model.heads ? layer * data.model.heads + head : void 0;
  }
  function atFirst(data) {
    const ranks = data.contrasts[0]?.heads.rank ?? [];
    return { head: Math.max(0, ranks.indexOf(1)), pin: void 0, statement: data.explorer.examples[0]?.statement ?? 0, ...AXES };
  }
  function fromAddress(data) {
    const said = new URLSearchParams(location.hash.slice(1));
    const named = (key) => headNamed(data, said.get(key) ?? "");
    const statement = data.statements.findIndex(({ id }) => id === said.get("statement"));
    const first = atFirst(data);
    return {
      head: named("head") ?? first.head,
      pin: named("pin"),
      statement: statement < 0 ? first.statement : statement,
      x: said.get("x") ?? AXES.x,
      y: said.get("y") ?? AXES.y,
      colour: said.get("colour") ?? AXES.colour
    };
  }
  function addressNames(key) {
    return new URLSearchParams(location.hash.slice(1)).has(key);
  }
  var State = class {
    constructor(data) {
      this.data = data;
      this.view = fromAddress(data);
      addEventListener("popstate", () => {
        if (location.hash && !location.hash.includes("=")) return;
        this.view = fromAddress(data);
        this.tell();
      });
    }
    data;
    listeners = [];
    view;
    listen(listener) {
      this.listeners.push(listener);
      listener(this.view);
    }
    set(change) {
      this.view = { ...this.view, ...change };
      history.pushState(null, "", this.address());
      this.tell();
    }
    address() {
      const said = new URLSearchParams({ head: headName(this.data, this.view.head) });
      if (this.view.pin !== void 0) said.set("pin", headName(this.data, this.view.pin));
      const statement = this.data.statements[this.view.statement];
      if (statement) said.set("statement", statement.id);
      for (const key of ["x", "y", "colour"]) if (this.view[key] !== AXES[key]) said.set(key, this.view[key]);
      const figure = figureInAddress();
      if (figure) said.set("figure", figure);
      return `#${said}`;
    }
    tell() {
      for (const listener of this.listeners) listener(this.view);
    }
  };

  // src/map.ts
  var STEPS = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1]
  };
  function describe(data, { heads: heads2, a, b }, head) {
    const means = `${a.name} ${points(heads2.mean_a[head] ?? 0)}, ${b.name} ${points(heads2.mean_b[head] ?? 0)} points`;
    const [low, high, p] = [heads2.effect_low[head], heads2.effect_high[head], heads2.p_value[head]];
    if (low == null || high == null || p == null) return `${headName(data, head)}: ${means}; ${heads2.verdict[head]}`;
    const effect = `effect ${points(heads2.effect[head] ?? 0)} ${pointsInterval(low, high)}`;
    const adjusted = heads2.adjusted[data.tests.headline]?.[head] ?? p;
    return `${headName(data, head)}: ${means}; ${effect}; ${pEquals(p)}, adjusted ${pEquals(adjusted)}; ${heads2.verdict[head]}`;
  }
  function hoverText(data, contrast, head) {
    return plain(describe(data, contrast, head)).replaceAll("; ", "<br>");
  }
  function tellCells(drawing2, data, contrast) {
    const { layers, heads: heads2 } = data.model;
    const text = Array.from(
      { length: layers },
      (_, layer) => Array.from({ length: heads2 }, (_2, head) => hoverText(data, contrast, layer * heads2 + head))
    );
    for (const trace of drawing2.data) {
      if (trace.type === "heatmap") Object.assign(trace, { text, hovertemplate: "%{text}<extra></extra>" });
    }
  }
  function walkable(plot, canvas, data, contrast, state) {
    if (plot.classList.contains("walkable")) return;
    plot.classList.add("walkable");
    const drawn2 = canvas;
    const cursors = [0, 1].map(() => el("div", { class: "map-cursor" }));
    plot.append(...cursors);
    let at = state.view.head;
    const place = () => {
      const { xaxis, xaxis2, yaxis, yaxis2 } = drawn2._fullLayout;
      const [layer, head] = [Math.floor(at / data.model.heads), at % data.model.heads];
      const panels = [
        [xaxis, yaxis],
        [xaxis2, yaxis2]
      ];
      panels.forEach(([across, down], panel) => {
        const [left, right] = [across.l2p(head - 0.5), across.l2p(head + 0.5)];
        const [top, bottom] = [down.l2p(layer - 0.5), down.l2p(layer + 0.5)];
        Object.assign(cursors[panel].style, {
          left: `${across._offset + left}px`,
          top: `${down._offset + top}px`,
          width: `${right - left}px`,
          height: `${bottom - top}px`
        });
      });
    };
    const move = (head) => {
      at = head;
      place();
    };
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Map of heads. Arrow keys move, Enter opens a head, Escape goes back to the open one.");
    drawn2.on("plotly_afterplot", place);
    drawn2.on("plotly_click", ({ points: [point] }) => {
      if (point?.data.type === "heatmap") state.set({ head: point.y * data.model.heads + point.x });
    });
    canvas.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (event.key === "Enter") state.set({ head: at });
      else if (event.key === "Escape") move(state.view.head);
      else if (step) {
        const layer = Math.floor(at / data.model.heads) + step[0];
        const head = at % data.model.heads + step[1];
        if (layer < 0 || head < 0 || layer >= data.model.layers || head >= data.model.heads) return event.preventDefault();
        move(layer * data.model.heads + head);
      } else return;
      event.preventDefault();
      announce(describe(data, contrast, at));
    });
    state.listen(({ head }) => move(head));
  }

  // src/shading.ts
  var DARKEST = 45;
  function scaleOf(rows) {
    return Math.max(0.02, ...rows.flatMap((row) => row.slice(1)));
  }
  function shadedText(statement, row, onToken) {
    const words = statement.tokens.map((text, place) => {
      const word = el("span", { class: "token-word" }, text);
      word.classList.toggle("is-key", statement.keys.includes(place));
      if (onToken) {
        word.tabIndex = 0;
        word.addEventListener("pointerenter", () => onToken(place));
        word.addEventListener("focus", () => onToken(place));
      }
      return word;
    });
    const shade = ({ query, shares, top }) => words.forEach((word, place) => {
      word.classList.toggle("is-query", place === query);
      shadeWord(word, statement.tokens[place] ?? "", shares[place], top);
    });
    shade(row);
    return { element: el("p", { class: "shaded", dir: "auto" }, ...words), shade };
  }
  function shadeWord(word, text, share, top) {
    if (share === void 0) {
      word.style.background = "";
      word.removeAttribute("title");
      return;
    }
    const strength = Math.min(1, share / top) * DARKEST;
    word.style.background = `color-mix(in srgb, var(--shade) ${strength.toFixed(1)}%, transparent)`;
    word.title = `${text.trim() || "space"}: ${points(share)} points`;
  }

  // src/panel.ts
  var BINS = 24;
  var HARDEST = 3;
  var HEIGHT = 150;
  async function fillPanel(panel, shown, pinned) {
    const plot = emptyPlot(HEIGHT, `How the scores of ${headName(shown.data, shown.head)} are spread`);
    panel.replaceChildren(
      titleRow(shown, pinned),
      el("p", { class: "head-verdict" }, verdict(shown)),
      entries(numbers(shown)),
      plot,
      ...relations(shown),
      ...hardest(shown),
      ...example(shown)
    );
    await draw(plot, spread(shown));
  }
  function titleRow({ data, head, state }, pinned) {
    const name = headName(data, head);
    if (pinned) {
      return el("div", { class: "head-title" }, el("h3", {}, `${name}, pinned`), button("Unpin", () => state.set({ pin: void 0 })));
    }
    const finder = el("input", { class: "head-finder", value: name, "aria-label": "Head, for example L9H1", size: "7", spellcheck: "false" });
    finder.addEventListener("change", () => {
      const found = headNamed(data, finder.value);
      finder.setCustomValidity(found === void 0 ? `Layers are 0 to ${data.model.layers - 1}, heads 0 to ${data.model.heads - 1}.` : "");
      if (finder.reportValidity() && found !== void 0) state.set({ head: found });
    });
    finder.addEventListener("input", () => finder.setCustomValidity(""));
    return el("div", { class: "head-title" }, el("h3", { class: "head-name" }, name), finder, button("Pin to compare", () => state.set({ pin: head })));
  }
  function verdict({ contrast, head }) {
    return `${contrast.heads.verdict[head]}; rank ${contrast.heads.rank[head]} of ${contrast.heads.rank.length}`;
  }
  function numbers({ contrast, head }) {
    const { heads: heads2, a, b, design } = contrast;
    const rows = [
      [`mean in ${a.name} statements`, `${points(heads2.mean_a[head] ?? 0)} \xB1 ${points(heads2.sd_a[head] ?? 0)} points`],
      [`mean in ${b.name} statements`, `${points(heads2.mean_b[head] ?? 0)} \xB1 ${points(heads2.sd_b[head] ?? 0)} points`]
    ];
    const [low, high, standardized, p] = [heads2.effect_low[head], heads2.effect_high[head], heads2.standardized[head], heads2.p_value[head]];
    if (low != null && high != null) rows.push(["effect", `${points(heads2.effect[head] ?? 0)} ${pointsInterval(low, high)} points`]);
    if (standardized != null) rows.push([design === "paired" ? "d_z" : "g", decimal(standardized)]);
    if (p == null) return rows;
    rows.push(["p, uncorrected", pValue(p)]);
    for (const { method, name } of contrast.corrections) {
      const adjusted = heads2.adjusted[method]?.[head];
      if (method !== "none" && adjusted != null) rows.push([`adjusted p, ${name}`, pValue(adjusted)]);
    }
    return rows;
  }
  function counted(values, from, width) {
    const counts = new Array(BINS).fill(0);
    for (const value of values) counts[Math.min(BINS - 1, Math.max(0, Math.floor((value - from) / width)))] += 1;
    return counts;
  }
  function known(statements, piece2) {
    return statements.map((place) => piece2.scores.get(place) ?? Number.NaN).filter((score) => !Number.isNaN(score));
  }
  function differences({ contrast, piece: piece2 }) {
    return contrast.a.statements.map((statement, pair) => {
      const twin = contrast.b.statements[pair];
      const [a, b] = [piece2.scores.get(statement), twin === void 0 ? void 0 : piece2.scores.get(twin)];
      return { statement, value: a === void 0 || b === void 0 ? Number.NaN : a - b };
    }).filter(({ value }) => !Number.isNaN(value));
  }
  function bars(values, from, to, colour, name, axis = "") {
    const width = (to - from) / BINS || 1;
    return {
      type: "bar",
      x: counted(values, from, width).map((_, bin) => (from + (bin + 0.5) * width) * 100),
      y: counted(values, from, width),
      width: width * 100,
      xaxis: `x${axis}`,
      yaxis: `y${axis}`,
      marker: { color: colour },
      opacity: 0.6,
      hovertemplate: `${plain(name)}, about %{x:.1f} points: %{y}<extra></extra>`
    };
  }
  function spread(shown) {
    const { contrast, piece: piece2 } = shown;
    const [a, b] = [known(contrast.a.statements, piece2), known(contrast.b.statements, piece2)];
    const paired = contrast.design === "paired";
    const top = Math.max(1e-3, ...a, ...b);
    const apart = paired ? differences(shown).map(({ value }) => value) : [];
    const [least, most] = [Math.min(0, ...apart), Math.max(1e-3, ...apart)];
    const axis = { ticks: "", zeroline: false, showgrid: false, fixedrange: true, nticks: 5, tickfont: { size: 11, color: "var(--ink-soft)" } };
    const title = (text) => ({ text, font: { size: 11, color: "var(--ink-soft)" }, standoff: 4 });
    return {
      data: [
        bars(a, 0, top, "var(--set-a)", contrast.a.name),
        bars(b, 0, top, "var(--set-b)", contrast.b.name),
        ...paired ? [bars(apart, least, most, "var(--ink-soft)", "difference", "2")] : []
      ],
      layout: {
        ...baseLayout(HEIGHT),
        margin: { l: 26, r: 8, t: 8, b: 38 },
        barmode: "overlay",
        bargap: 0,
        xaxis: { ...axis, domain: [0, paired ? 0.46 : 1], title: title("score, points") },
        yaxis: axis,
        ...paired && {
          xaxis2: { ...axis, domain: [0.56, 1], anchor: "y2", zeroline: true, zerolinecolor: "var(--ink)", title: title("difference, points") },
          yaxis2: { ...axis, anchor: "x2" }
        }
      }
    };
  }
  function relations({ contrast, piece: piece2 }) {
    const found = piece2.relations[contrast.id] ?? [];
    if (found.length < 2) return [];
    const rows = found.map(({ relation, n, effect, low, high }) => {
      const interval = low === null || high === null ? "" : ` ${pointsInterval(low, high)}`;
      return [relation, `${points(effect)}${interval} (n = ${n})`];
    });
    return [el("h4", {}, "Effect by relation, points"), entries(rows)];
  }
  function statementButton({ data, state }, statement, value) {
    const open = button(data.statements[statement]?.text ?? "", () => {
      state.set({ statement });
      document.getElementById("read")?.scrollIntoView();
    }, { class: "statement-link", dir: "auto" });
    return el("li", {}, open, ` ${points(value)}`);
  }
  function hardest(shown) {
    const { contrast, piece: piece2 } = shown;
    const paired = contrast.design === "paired";
    const alone = [...contrast.a.statements, ...contrast.b.statements].map((statement) => ({ statement, value: piece2.scores.get(statement) ?? Number.NaN }));
    const sorted = (paired ? differences(shown) : alone.filter(({ value }) => !Number.isNaN(value))).sort((one, other) => other.value - one.value);
    const list = (chosen) => el("ul", { class: "hardest" }, ...chosen.map(({ statement, value }) => statementButton(shown, statement, value)));
    const what = paired ? "difference" : "score";
    return [
      el("h4", {}, `Largest and smallest ${what}, points`),
      list(sorted.slice(0, HARDEST)),
      list(sorted.slice(-HARDEST))
    ];
  }
  function example({ data, piece: piece2, head, contrast }) {
    const chosen = data.explorer.examples.find(({ statement: statement2 }) => contrast.a.statements.includes(statement2))?.statement;
    const statement = chosen === void 0 ? void 0 : data.statements[chosen];
    const row = chosen === void 0 ? void 0 : piece2.row(chosen);
    if (!statement || !row) return [];
    const text = shadedText(statement, { query: statement.query, shares: row, top: scaleOf([row]) });
    return [el("h4", {}, `What ${headName(data, head)} looks at from the framed token`), text.element];
  }

  // src/pieces.ts
  var SCORE_STEPS = 65535;
  var SHARE_STEPS = 255;
  function study() {
    return window.reportgenPieces?.study;
  }
  var loading = /* @__PURE__ */ new Map();
  async function piece(name) {
    const address = `data/${name}.js`;
    let loaded = loading.get(name);
    if (!loaded) {
      loaded = new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = () => resolve();
        script.onerror = () => reject(new Error(`${address} cannot be loaded`));
        document.head.append(script);
      });
      loading.set(name, loaded);
      loaded.catch(() => loading.delete(name));
    }
    await loaded;
    return window.reportgenPieces?.[name];
  }
  function bytes(base64) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  }
  function scoresOf(base64) {
    const packed = bytes(base64);
    const view = new DataView(packed.buffer);
    return Array.from({ length: packed.length / 2 }, (_, place) => view.getUint16(2 * place, true) / SCORE_STEPS);
  }
  function cut(base64, statements, cells) {
    const all = Array.from(bytes(base64), (step) => step / SHARE_STEPS);
    let at = 0;
    return new Map(statements.map((statement) => [statement, all.slice(at, at += cells(statement))]));
  }
  function unfolded(triangle) {
    const pattern = [];
    for (let at = 0; at < triangle.length; at += pattern.length) pattern.push(triangle.slice(at, at + pattern.length + 1));
    return pattern;
  }
  var heads = /* @__PURE__ */ new Map();
  async function headPiece(data, name) {
    const known2 = heads.get(name);
    if (known2) return known2;
    const packed = await piece(`heads/${name}`);
    const { statements, explorer } = data;
    const length = (place) => statements[place]?.tokens.length ?? 0;
    const rows = cut(packed.rows, explorer.rows, (place) => (statements[place]?.query ?? -1) + 1);
    const examples = explorer.examples.map(({ statement }) => statement);
    const patterns = cut(packed.patterns, examples, (place) => length(place) * (length(place) + 1) / 2);
    const scores = scoresOf(packed.scores);
    const pattern = (place) => {
      const triangle = patterns.get(place);
      return triangle && unfolded(triangle);
    };
    const head = {
      scores: new Map(explorer.scores.map((place, index) => [place, scores[index] ?? Number.NaN])),
      relations: packed.relations,
      row: (place) => rows.get(place) ?? pattern(place)?.[statements[place]?.query ?? -1],
      pattern
    };
    heads.set(name, head);
    return head;
  }
  async function statementScores(data, statement) {
    const { chunk } = data.explorer;
    const packed = await piece(`statements/${Math.floor(statement / chunk)}`);
    const all = data.model.layers * data.model.heads;
    const from = statement % chunk * all;
    return scoresOf(packed.scores).slice(from, from + all);
  }

  // src/matrices.ts
  var GREYS = [[0, "var(--evidence-low)"], [1, "var(--evidence-high)"]];
  var SETS = [[0, "var(--set-b)"], [0.5, "var(--zero)"], [1, "var(--set-a)"]];
  var HEIGHTS = { around: 130, least: 160, most: 560, token: 24 };
  function heightOf(tokens) {
    return HEIGHTS.around + Math.min(HEIGHTS.most, Math.max(HEIGHTS.least, tokens * HEIGHTS.token));
  }
  function patternMatrix(statement, pattern, height, top) {
    const title = statement.truth ? "true" : "false";
    const colour = statement.truth ? "var(--set-a)" : "var(--set-b)";
    return matrix(namesOf(statement), pattern, height, { scale: GREYS, from: 0, to: top, title, colour });
  }
  function differenceMatrix(statement, twin, patterns, height) {
    const [mine, other] = patterns;
    const difference = mine.map((row, query) => row.map((share, key) => share - (other[query]?.[key] ?? 0)));
    const top = Math.max(0.01, ...difference.flat().map(Math.abs));
    const names = namesOf(statement).map((name, place) => {
      const text = (twin.tokens[place] ?? "").trim();
      return text === statement.tokens[place]?.trim() ? name : `${name}<br>${plain(text)}`;
    });
    return matrix(names, difference, height, { scale: SETS, from: -top, to: top, title: "true \u2212 false", colour: "var(--ink)" });
  }
  function namesOf(statement) {
    return statement.tokens.map((text, place) => {
      const mark = place === statement.query ? "\u25B8 " : statement.keys.includes(place) ? "\u2022 " : "";
      return mark + plain(text.trim() || "\u2423");
    });
  }
  function matrix(names, shares, height, look) {
    const soft = { size: 11, color: "var(--ink-soft)" };
    const axis = { tickmode: "array", tickvals: names.map((_, place) => place), ticktext: names, ticks: "", showgrid: false, zeroline: false, fixedrange: true, tickfont: soft, automargin: true };
    const title = (text) => ({ text, font: soft, standoff: 4 });
    const inPoints = (share) => Math.round(share * 1e3) / 10;
    return {
      data: [
        {
          type: "heatmap",
          z: shares.map((row) => names.map((_, key) => key < row.length ? inPoints(row[key] ?? 0) : null)),
          colorscale: look.scale,
          zmin: 100 * look.from,
          zmax: 100 * look.to,
          xgap: 1,
          ygap: 1,
          showscale: false,
          hoverongaps: false,
          hovertemplate: "from %{y} to %{x}: %{z} points<extra></extra>"
        }
      ],
      layout: {
        ...baseLayout(height),
        margin: { l: 60, r: 8, t: 30, b: 60 },
        title: { text: look.title, x: 0, xanchor: "left", font: { size: 12, color: look.colour } },
        xaxis: { ...axis, range: [-0.5, names.length - 0.5], title: title("to") },
        yaxis: { ...axis, range: [names.length - 0.5, -0.5], title: title("from") }
      }
    };
  }

  // src/reading.ts
  var MATCHES = 60;
  var TOP_HEADS = 5;
  function folded(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }
  function twinOf(data, place) {
    const { pair, truth } = data.statements[place];
    const twin = data.statements.findIndex((other) => other.pair === pair && other.truth !== truth);
    return twin < 0 ? void 0 : twin;
  }
  var Reader = class {
    constructor(root, data, state) {
      this.data = data;
      this.state = state;
      this.search.addEventListener("input", () => this.fillList());
      this.list.addEventListener("change", () => state.set({ statement: Number(this.list.value) }));
      const step = (by) => () => {
        const next = state.view.statement + by;
        if (data.statements[next]) state.set({ statement: next });
      };
      const steps = [button("Previous", step(-1)), button("Next", step(1))];
      root.replaceChildren(el("div", { class: "reader-tools" }, this.search, this.list, ...steps), this.body);
      state.listen((view) => void this.show(view));
    }
    data;
    state;
    search = el("input", { type: "search", "aria-label": "Search the statements", placeholder: "Search the statements" });
    list = el("select", { "aria-label": "Statements", class: "statement-list" });
    body = el("div", { class: "reader-body" });
    turn = 0;
    fillList() {
      const words = folded(this.search.value).split(/\s+/);
      const chosen = this.state.view.statement;
      const matching = this.data.statements.map(({ text, truth }, place) => ({ place, label: `${truth ? "true" : "false"}: ${text}` })).filter(({ label }) => words.every((word) => folded(label).includes(word)));
      const shown = matching.slice(0, MATCHES);
      if (!shown.some(({ place }) => place === chosen)) {
        const { text, truth } = this.data.statements[chosen];
        shown.unshift({ place: chosen, label: `${truth ? "true" : "false"}: ${text}` });
      }
      const more = matching.length - MATCHES;
      const rest = more > 0 ? [el("option", { disabled: "" }, `and ${more} more: search for them`)] : [];
      this.list.replaceChildren(...shown.map(({ place, label }) => el("option", { value: String(place) }, label)), ...rest);
      this.list.value = String(chosen);
    }
    async show(view) {
      const turn = ++this.turn;
      this.fillList();
      const twin = twinOf(this.data, view.statement);
      const places = twin === void 0 ? [view.statement] : [view.statement, twin];
      const [piece2, ...scores] = await Promise.all([
        headPiece(this.data, headName(this.data, view.head)),
        ...places.map((place) => statementScores(this.data, place))
      ]);
      if (turn !== this.turn) return;
      this.body.replaceChildren(
        this.heading(view),
        ...this.texts(places, piece2),
        ...this.matrices(places, piece2),
        this.standingOut(scores)
      );
    }
    heading({ head }) {
      const link = el("a", { href: `#finding-${this.data.contrasts[0]?.id}` }, headName(this.data, head));
      return el("p", { class: "quiet" }, "Head ", link, " (choose another on the map or in a table). Key span underlined, query position framed; shading ends at the largest share apart from the first token's.");
    }
    texts(places, piece2) {
      const rows = places.flatMap((place) => piece2.row(place) ?? []);
      if (!rows.length) return [el("p", { class: "quiet" }, "Only the scores of this statement are kept, not its attention: see the rule above.")];
      const top = scaleOf(places.map((place) => piece2.row(place) ?? []));
      return places.map((place) => this.text(place, piece2, top));
    }
    text(place, piece2, top) {
      const statement = this.data.statements[place];
      const pattern = piece2.pattern(place);
      const label = el("p", { class: "reading-label" });
      const rowFrom = (query) => ({ query, shares: pattern?.[query] ?? piece2.row(place) ?? [], top });
      const show = (query) => {
        label.textContent = this.label(place, piece2, query);
        text.shade(rowFrom(query));
      };
      const text = shadedText(statement, rowFrom(statement.query), pattern && show);
      show(statement.query);
      const box = el("div", { class: `reading reading-${statement.truth ? "a" : "b"}` }, label, text.element);
      box.addEventListener("pointerleave", () => show(statement.query));
      return box;
    }
    label(place, piece2, query) {
      const statement = this.data.statements[place];
      const score = piece2.scores.get(place);
      const scored = score === void 0 ? "" : `, score ${points(score)} points`;
      const from = query === statement.query ? "" : `, from \u201C${statement.tokens[query]?.trim()}\u201D`;
      return `${statement.truth ? "true" : "false"}${scored}${from}`;
    }
    matrices(places, piece2) {
      const whole = places.map((place) => ({ statement: this.data.statements[place], pattern: piece2.pattern(place) ?? [] })).filter(({ pattern }) => pattern.length);
      if (!whole.length) return [];
      const height = heightOf(Math.max(...whole.map(({ pattern }) => pattern.length)));
      const top = scaleOf(whole.flatMap(({ pattern }) => pattern));
      const figures = whole.map(
        ({ statement, pattern }) => drawnSoon(`Attention of every token to every token before it in \u201C${statement.text}\u201D`, patternMatrix(statement, pattern, height, top))
      );
      const [mine, other] = [true, false].map((truth) => whole.find(({ statement }) => statement.truth === truth));
      if (mine && other && mine.pattern.length === other.pattern.length) {
        const drawing2 = differenceMatrix(mine.statement, other.statement, [mine.pattern, other.pattern], height);
        figures.push(drawnSoon("The true statement's attention minus its false twin's", drawing2));
      }
      return [el("div", { class: "matrices" }, ...figures)];
    }
    /** Which heads look most at the key span here, and in a pair where its two statements differ most. */
    standingOut(scores) {
      const [here, twin] = scores;
      const ranked = (values) => values.map((value, head) => ({ head, value })).sort((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, TOP_HEADS);
      const list = (title, chosen) => el("div", {}, el("h3", {}, title), el("ol", { class: "standing-out" }, ...chosen.map(({ head, value }) => el("li", {}, button(headName(this.data, head), () => this.state.set({ head })), ` ${points(value)}`))));
      const span = this.data.measure.key_span;
      const lists = [list(`Heads that look most at ${span} here, points`, ranked(here))];
      if (twin) lists.push(list("Largest differences within this pair, points", ranked(here.map((value, head) => value - (twin[head] ?? 0)))));
      return el("div", { class: "standing-out-lists" }, ...lists);
    }
  };
  function drawnSoon(alt, drawing2) {
    const plot = emptyPlot(drawing2.layout.height ?? 0, alt);
    requestAnimationFrame(() => void draw(plot, drawing2));
    return plot;
  }

  // src/scatter.ts
  var HEIGHT2 = 420;
  function metricsOf(data, { heads: heads2, a, b, design }) {
    const inPoints = (column) => (head) => (column[head] ?? Number.NaN) * 100;
    return {
      effect: { name: "effect, points", of: inPoints(heads2.effect) },
      size: { name: "size of the effect, points", of: (head) => Math.abs(heads2.effect[head] ?? Number.NaN) * 100 },
      evidence: { name: "evidence, \u2212log\u2081\u2080 p", of: (head) => -Math.log10(Math.max(heads2.p_value[head] ?? Number.NaN, 1e-300)) },
      standardized: { name: design === "paired" ? "d_z" : "g", of: (head) => heads2.standardized[head] },
      a: { name: `mean in ${a.name}, points`, of: inPoints(heads2.mean_a) },
      b: { name: `mean in ${b.name}, points`, of: inPoints(heads2.mean_b) },
      layer: { name: "layer", of: (head) => Math.floor(head / data.model.heads) },
      head: { name: "head", of: (head) => head % data.model.heads }
    };
  }
  function scatter(root, data, contrast, state) {
    const metrics = metricsOf(data, contrast);
    const chooser = (label, key) => {
      const select = el("select", {}, ...Object.entries(metrics).map(([id, { name }]) => el("option", { value: id }, name)));
      select.addEventListener("change", () => state.set({ [key]: select.value }));
      return { key, select, box: el("label", {}, `${label} `, select) };
    };
    const choosers = [chooser("Across", "x"), chooser("Up", "y"), chooser("Shade", "colour")];
    const plot = emptyPlot(HEIGHT2, "All heads as points; the table of every head holds the same numbers");
    const listed = el("p", { class: "quiet", "aria-live": "polite" }, "Draw around some heads to list them.");
    root.replaceChildren(el("div", { class: "scatter-tools" }, ...choosers.map(({ box }) => box)), plot, listed);
    const list = (heads2) => listed.replaceChildren(
      heads2.length ? `${heads2.length} of ${contrast.heads.rank.length} heads: ` : "Draw around some heads to list them.",
      ...heads2.flatMap((head) => [button(headName(data, head), () => state.set({ head })), " "])
    );
    let listening = false;
    const show = async (view) => {
      for (const { key, select } of choosers) select.value = metrics[view[key]] ? view[key] : "effect";
      const canvas = await draw(plot, drawing(data, contrast, metrics, view));
      if (listening) return;
      listening = true;
      canvas.on("plotly_click", (event) => {
        const head = event?.points[0]?.customdata;
        if (head !== void 0) state.set({ head });
      });
      canvas.on("plotly_selected", (event) => list((event?.points ?? []).map(({ customdata }) => customdata).filter((head) => head !== void 0)));
    };
    const watcher = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        watcher.disconnect();
        state.listen((view) => void show(view));
      },
      { rootMargin: "600px" }
    );
    watcher.observe(root);
  }
  function drawing(data, contrast, metrics, view) {
    const metric = (id) => metrics[id] ?? metrics.effect;
    const [x, y, colour] = [metric(view.x), metric(view.y), metric(view.colour)];
    const heads2 = contrast.heads.rank.map((_, head) => head);
    const { found } = contrast.heads;
    const axis = { ticks: "", zeroline: true, zerolinecolor: "var(--line)", gridcolor: "var(--grid)", tickfont: { size: 11, color: "var(--ink-soft)" } };
    const title = ({ name }) => ({ text: plain(name), font: { size: 12, color: "var(--ink-soft)" }, standoff: 6 });
    return {
      data: [
        {
          type: "scatter",
          mode: "markers",
          x: heads2.map(x.of),
          y: heads2.map(y.of),
          customdata: heads2,
          text: heads2.map((head) => hoverText(data, contrast, head)),
          hovertemplate: "%{text}<extra></extra>",
          marker: {
            size: 9,
            symbol: heads2.map((head) => found[head] ? "circle" : "circle-open"),
            color: heads2.map((head) => colour.of(head) ?? null),
            colorscale: [[0, "var(--shade-low)"], [1, "var(--evidence-high)"]],
            showscale: true,
            colorbar: { thickness: 8, outlinewidth: 0, len: 0.9, title: { text: plain(colour.name), side: "right", font: { size: 11 } }, tickfont: { size: 11, color: "var(--ink-soft)" } }
          }
        },
        {
          type: "scatter",
          mode: "markers",
          x: [x.of(view.head)],
          y: [y.of(view.head)],
          hoverinfo: "skip",
          marker: { size: 17, symbol: "circle-open", color: "var(--accent)", line: { width: 2 } }
        }
      ],
      layout: {
        ...baseLayout(HEIGHT2),
        margin: { l: 56, r: 8, t: 10, b: 48 },
        dragmode: "lasso",
        xaxis: { ...axis, title: title(x) },
        yaxis: { ...axis, title: title(y) }
      }
    };
  }

  // src/explorer.ts
  function followPanel(panel, data, contrast, state) {
    const columns = panel.closest(".side-by-side");
    let pinned;
    let turn = 0;
    const fill = async (target, head, isPinned, asked) => {
      const piece2 = await headPiece(data, headName(data, head));
      if (asked === turn) await fillPanel(target, { data, contrast, head, piece: piece2, state }, isPinned);
    };
    state.listen(({ head, pin }) => {
      const asked = ++turn;
      columns?.classList.toggle("has-pin", pin !== void 0);
      if (pin === void 0) pinned?.remove();
      else if (!pinned?.isConnected) {
        pinned = el("section", { class: "head-panel", "aria-label": "The pinned head" });
        columns?.append(pinned);
      }
      const failed = (error) => panel.append(el("p", { class: "quiet", role: "alert" }, String(error)));
      fill(panel, head, false, asked).catch(failed);
      if (pin !== void 0 && pinned) fill(pinned, pin, true, asked).catch(failed);
    });
  }
  function openFromTables(data, state) {
    document.querySelector("main")?.addEventListener("click", ({ target }) => {
      const cell = target instanceof Element ? target.closest("tbody th[scope=row]") : null;
      const head = cell ? headNamed(data, cell.textContent ?? "") : void 0;
      if (head !== void 0) state.set({ head });
    });
  }
  var NO_HOOKS = { prepare: () => {
  }, drawn: () => {
  } };
  function explore() {
    const data = study();
    if (!data) return NO_HOOKS;
    const state = new State(data);
    const byId = new Map(data.contrasts.map((contrast) => [contrast.id, contrast]));
    for (const panel of document.querySelectorAll(".head-panel")) {
      const contrast = byId.get(panel.dataset.contrast ?? "");
      if (contrast) followPanel(panel, data, contrast, state);
    }
    for (const place of document.querySelectorAll(".scatter")) {
      const contrast = byId.get(place.dataset.contrast ?? "");
      if (contrast) scatter(place, data, contrast, state);
    }
    const reader = document.querySelector(".reader");
    if (reader) new Reader(reader, data, state);
    openFromTables(data, state);
    const first = data.contrasts[0];
    if (first) state.listen(({ head }) => announce(describe(data, first, head)));
    if (figureInAddress()) scrollTo(0, 0);
    else if (addressNames("statement")) document.getElementById("read")?.scrollIntoView();
    else if (addressNames("head")) document.querySelector(".side-by-side")?.scrollIntoView();
    const mapped = (plot) => byId.get(plot.dataset.map ?? "");
    return {
      prepare: (plot, drawing2) => {
        const contrast = mapped(plot);
        if (contrast) tellCells(drawing2, data, contrast);
      },
      drawn: (plot, canvas) => {
        const contrast = mapped(plot);
        if (contrast) walkable(plot, canvas, data, contrast, state);
      }
    };
  }

  // src/clipboard.ts
  var SAID_FOR = 2e3;
  var labels = /* @__PURE__ */ new WeakMap();
  var timers = /* @__PURE__ */ new WeakMap();
  async function copyText(text, button2) {
    button2.setAttribute("aria-live", "polite");
    say(await written(text) ? "Copied" : "Not copied", button2);
  }
  async function written(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copySelected(text);
    }
  }
  function copySelected(text) {
    const focused = document.activeElement;
    const area = document.createElement("textarea");
    area.className = "visually-hidden";
    area.value = text;
    document.body.append(area);
    area.focus({ preventScroll: true });
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return copied;
  }
  function say(words, button2) {
    const label = labels.get(button2) ?? { text: button2.textContent ?? "", name: button2.getAttribute("aria-label") };
    labels.set(button2, label);
    button2.textContent = words;
    button2.removeAttribute("aria-label");
    clearTimeout(timers.get(button2));
    timers.set(button2, setTimeout(() => restore(button2, label), SAID_FOR));
  }
  function restore(button2, { text, name }) {
    labels.delete(button2);
    button2.removeAttribute("aria-live");
    button2.textContent = text;
    if (name !== null) button2.setAttribute("aria-label", name);
  }

  // src/figure_tools.ts
  var PAPER_WIDTH = 643;
  var PNG_SCALE = 3.125;
  var LONGEST_WAIT = 2e4;
  function enhanceFigures(root) {
    for (const figure of root.querySelectorAll("figure.float-figure:has(.plot):not(:has(.figure-tools))")) {
      addTools(figure);
    }
  }
  function addTools(figure) {
    const name = nameOf(figure);
    const tools = document.createElement("div");
    tools.className = "figure-tools";
    tools.append(
      tool("PNG", `PNG of ${name}`, () => void save(figure, "png")),
      tool("SVG", `SVG of ${name}`, () => void save(figure, "svg")),
      tool("Cite", `Cite ${name}`, (button2) => void copyText(citation(figure), button2)),
      tool("Embed", `Embed ${name}`, (button2) => void copyText(embedding(figure), button2))
    );
    figure.append(tools);
  }
  function tool(title, label, act) {
    const button2 = document.createElement("button");
    button2.type = "button";
    button2.textContent = title;
    button2.setAttribute("aria-label", label);
    button2.addEventListener("click", () => act(button2));
    return button2;
  }
  function textOf(element) {
    return (element?.textContent ?? "").replace(/\s+/g, " ").trim();
  }
  function nameOf(figure) {
    return textOf(figure.querySelector(".float-number")).replace(/\.$/, "") || "the figure";
  }
  function citation(figure) {
    const source = [textOf(document.querySelector("h1")), textOf(document.querySelector(".authors"))];
    const words = `${nameOf(figure)} in: ${source.filter(Boolean).join(", ")}.`;
    return location.protocol === "file:" ? words : `${words} ${location.origin}${location.pathname}#${figure.id}`;
  }
  async function save(figure, format) {
    const plot = figure.querySelector(".plot");
    if (!plot || !await drawn(plot)) return;
    const drawing2 = drawingOf(plot);
    if (!drawing2) return;
    const height = drawing2.layout.height ?? plot.clientHeight;
    const size = { format, width: PAPER_WIDTH, height, scale: format === "png" ? PNG_SCALE : 1 };
    const image = await window.Plotly.toImage(onPaper(drawing2), size);
    download(image, `${folderName()}-${figure.id}.${format}`);
  }
  async function drawn(plot) {
    if (!drawingOf(plot)) plot.scrollIntoView({ block: "nearest" });
    const end = performance.now() + LONGEST_WAIT;
    while (!plot.classList.contains("plot-drawn") && performance.now() < end) {
      await new Promise(requestAnimationFrame);
    }
    return plot.classList.contains("plot-drawn");
  }
  function onPaper(drawing2) {
    const { classList } = document.documentElement;
    const already = classList.contains("printing");
    classList.add("printing");
    const { data, layout } = coloured(drawing2);
    classList.toggle("printing", already);
    return { data, layout: { ...layout, paper_bgcolor: "#ffffff" } };
  }
  function folderName() {
    const folder = location.pathname.split("/").slice(0, -1).pop();
    return folder ? decodeURIComponent(folder) : "figure";
  }
  function download(address, name) {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  }

  // node_modules/sortable-tablesort/dist/sortable.js
  document.addEventListener("click", function(e) {
    try {
      var alt_sort_1 = e.shiftKey || e.altKey, element = e.target.closest("th"), tr = element.parentNode, thead = tr.parentNode, table_1 = thead.parentNode;
      if (thead.nodeName === "THEAD" && // sortable only triggered in `thead`
      table_1.classList.contains("sortable") && !element.classList.contains("no-sort")) {
        for (var nodes = tr.cells, i = 0; i < nodes.length; i++) nodes[i] !== element && nodes[i].removeAttribute("aria-sort");
        var direction = "descending";
        (element.getAttribute("aria-sort") === "descending" || table_1.classList.contains("asc") && element.getAttribute("aria-sort") !== "ascending") && (direction = "ascending"), element.setAttribute("aria-sort", direction), table_1.dataset.timer && clearTimeout(+table_1.dataset.timer), table_1.dataset.timer = setTimeout(function() {
          (function(table, alt_sort) {
            var th = table.tHead.querySelector("th[aria-sort]");
            if (th) {
              table.dispatchEvent(new Event("sort-start", { bubbles: true }));
              for (var th_row = table.tHead.children[0], reverse = th.getAttribute("aria-sort") === "ascending", sort_null_last = table.classList.contains("n-last"), compareFn = function(a, b, index) {
                var x = getValue(b.cells[index]), y = getValue(a.cells[index]);
                if (sort_null_last) {
                  if (x === "" && y !== "") return -1;
                  if (y === "" && x !== "") return 1;
                }
                var temp = +x - +y, bool = isNaN(temp) ? x.localeCompare(y) : temp;
                return bool === 0 && th_row.cells[index] && th_row.cells[index].hasAttribute("data-sort-tbr") ? compareFn(a, b, +th_row.cells[index].dataset.sortTbr) : reverse ? -bool : bool;
              }, i2 = 0; i2 < table.tBodies.length; i2++) {
                var org_tbody = table.tBodies[i2], rows = [].slice.call(org_tbody.rows, 0);
                rows.sort(function(a, b) {
                  var _a;
                  return compareFn(a, b, +((_a = th.dataset.sortCol) !== null && _a !== void 0 ? _a : th.cellIndex));
                });
                var clone_tbody = org_tbody.cloneNode();
                clone_tbody.append.apply(clone_tbody, rows), table.replaceChild(clone_tbody, org_tbody);
              }
              table.dispatchEvent(new Event("sort-end", { bubbles: true }));
            }
            function getValue(element2) {
              var _a;
              if (!element2) return "";
              if (alt_sort && element2.dataset.sortAlt !== void 0) return element2.dataset.sortAlt;
              if (element2.dataset.sort !== void 0) return element2.dataset.sort;
              var first_child = element2.firstChild;
              if (first_child) switch (first_child.nodeName) {
                case "TIME":
                  return first_child.dateTime;
                case "DATA":
                case "METER":
                case "PROGRESS":
                  return first_child.value;
                case "ABBR":
                  return first_child.title;
              }
              return ((_a = element2.textContent) !== null && _a !== void 0 ? _a : "").trim();
            }
          })(table_1, alt_sort_1);
        }, 1).toString();
      }
    } catch {
    }
  });

  // src/copy_formats.ts
  var titles = (table) => table.columns.map(({ title }) => title);
  function csv(table) {
    const quoted = (text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const cell = (text, column) => quoted(table.columns[column]?.number ? text.replaceAll("\u2212", "-") : text);
    const lines = [titles(table).map(quoted), ...table.rows.map((row) => row.map(cell))];
    return lines.map((line) => `${line.join(",")}
`).join("");
  }
  function markdown(table) {
    const escaped = (text) => text.replace(/[\\|*_`<]/g, "\\$&");
    const line = (cells) => `| ${cells.join(" | ")} |
`;
    const rule = table.columns.map(({ number }) => number ? "---:" : "---");
    const rows = table.rows.map((row) => line(row.map(escaped)));
    return line(titles(table).map(escaped)) + line(rule) + rows.join("");
  }
  var LATEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "\u2212": "$-$",
    "<": "$<$",
    ">": "$>$",
    "\xB1": "$\\pm$",
    "\xD7": "$\\times$",
    "\u2264": "$\\leq$",
    "\u2265": "$\\geq$",
    "\u03B1": "$\\alpha$",
    "\u03A3": "$\\Sigma$",
    "|": "\\textbar{}",
    "\u2192": "$\\rightarrow$",
    "\u2013": "--",
    "\u2014": "---"
  };
  function latexText(text) {
    return text.replace(/[\\~^−<>±×≤≥αΣ|→–—&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
  }
  function latexRow(cells) {
    const row = cells.map(latexText).join(" & ");
    return `${row.replace(/^[[*]/, "{$&}")} \\\\`;
  }
  function latex(table) {
    const alignment = table.columns.map(({ number }) => number ? "r" : "l").join("");
    const lines = [
      "% needs \\usepackage{booktabs}",
      "\\begin{table}",
      "\\centering",
      table.caption && `\\caption{${latexText(table.caption)}}`,
      table.label && `\\label{${table.label}}`,
      `\\begin{tabular}{${alignment}}`,
      "\\toprule",
      latexRow(titles(table)),
      "\\midrule",
      ...table.rows.map(latexRow),
      "\\bottomrule",
      "\\end{tabular}",
      "\\end{table}"
    ];
    return `${lines.filter(Boolean).join("\n")}
`;
  }

  // src/tables.ts
  var ROWS_TO_SORT = 3;
  var ROWS_TO_SEARCH = 8;
  var FORMATS = [
    ["CSV", csv],
    ["Markdown", markdown],
    ["LaTeX", latex]
  ];
  var timesNamed = /* @__PURE__ */ new Map();
  function enhanceTables(root) {
    for (const table of root.querySelectorAll("main table:not(.sortable)")) {
      if (bodyRows(table).length < ROWS_TO_SORT || !table.tHead) continue;
      makeSortable(table);
      if (!table.closest(".head-panel, .reader")) addTools2(table);
    }
  }
  function bodyRows(table) {
    return [...table.tBodies].flatMap((body) => [...body.rows]);
  }
  function textOf2(element) {
    return (element.textContent ?? "").replace(/\s+/g, " ").trim();
  }
  function makeSortable(table) {
    table.classList.add("sortable", "n-last");
    for (const row of bodyRows(table)) {
      for (const cell of row.cells) cell.dataset.sort ??= sortKey(cell);
    }
    for (const heading of headings(table)) addSortButton(table, heading);
  }
  function headings(table) {
    return [...table.tHead?.rows[0]?.cells ?? []];
  }
  function sortKey(cell) {
    const text = textOf2(cell);
    if (!cell.classList.contains("number")) return text.replace(/(?<![.\d])\d+/g, (digits) => digits.padStart(8, "0"));
    return /-?\d+(\.\d+)?/.exec(text.replaceAll("\u2212", "-").replaceAll(",", thousands))?.[0] ?? "";
  }
  function thousands(comma, at, text) {
    return /^\d{3}(?!\d)/.test(text.slice(at + 1)) ? "" : comma;
  }
  function addSortButton(table, heading) {
    const button2 = document.createElement("button");
    button2.type = "button";
    button2.className = "sort";
    button2.append(...heading.childNodes);
    button2.addEventListener("click", () => {
      table.classList.toggle("asc", !heading.classList.contains("number"));
    });
    heading.append(button2);
  }
  function addTools2(table) {
    const name = uniqueName(table);
    const tools = document.createElement("div");
    tools.className = "table-tools";
    if (bodyRows(table).length >= ROWS_TO_SEARCH) tools.append(...searchTools(table, name));
    tools.append(copyTools(table, name));
    (table.closest(".scroll") ?? table).before(tools);
  }
  function searchTools(table, name) {
    const label = document.createElement("label");
    const words = document.createElement("span");
    words.className = "visually-hidden";
    words.textContent = `Search ${name}`;
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "Search";
    label.append(words, input);
    const count = document.createElement("span");
    count.className = "row-count";
    count.setAttribute("aria-live", "polite");
    input.addEventListener("input", () => {
      count.textContent = search(table, input.value);
    });
    return [label, count];
  }
  function search(table, query) {
    const words = folded2(query).split(/\s+/).filter(Boolean);
    const rows = bodyRows(table);
    for (const row of rows) {
      const text = folded2([...row.cells].map(textOf2).join(" "));
      row.hidden = !words.every((word) => text.includes(word));
    }
    return words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
  }
  function folded2(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("\u2212", "-").toLowerCase();
  }
  function copyTools(table, name) {
    const group = document.createElement("span");
    group.className = "tool-group";
    group.append("Copy as");
    for (const [title, format] of FORMATS) {
      const button2 = document.createElement("button");
      button2.type = "button";
      button2.textContent = title;
      button2.setAttribute("aria-label", `${title} of ${name}`);
      button2.addEventListener("click", () => void copyText(format(asShown(table)), button2));
      group.append(button2);
    }
    return group;
  }
  function uniqueName(table) {
    const number = figureOf(table)?.querySelector(".float-number");
    const name = number ? textOf2(number).replace(/\.$/, "") : regionName(table) || "the table";
    const times = (timesNamed.get(name) ?? 0) + 1;
    timesNamed.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  }
  function figureOf(table) {
    return table.closest("figure");
  }
  function regionName(table) {
    return table.closest(".scroll")?.getAttribute("aria-label") ?? "";
  }
  function captionOf(table) {
    const caption = figureOf(table)?.querySelector("figcaption")?.cloneNode(true);
    caption?.querySelector(".float-number")?.remove();
    return caption ? textOf2(caption) : regionName(table);
  }
  function asShown(table) {
    return {
      columns: headings(table).map((cell) => ({ title: textOf2(cell), number: cell.classList.contains("number") })),
      rows: bodyRows(table).filter((row) => !row.hidden).map((row) => [...row.cells].map(textOf2)),
      caption: captionOf(table),
      label: figureOf(table)?.id ?? ""
    };
  }

  // src/page.ts
  function closeContentsOnPhones() {
    const contents = document.querySelector(".contents details");
    if (contents && !matchMedia("(min-width: 75rem)").matches) contents.open = false;
  }
  function drawFigures(hooks) {
    const drawOne = async (plot) => {
      const text = plot.querySelector("script")?.textContent;
      if (!text) return;
      const figure = JSON.parse(text);
      figure.layout.height = Number(plot.dataset.height);
      hooks.prepare(plot, figure);
      hooks.drawn(plot, await draw(plot, figure));
    };
    const watcher = new IntersectionObserver(
      (entries2) => {
        for (const { target, isIntersecting } of entries2) {
          if (!isIntersecting || !(target instanceof HTMLElement)) continue;
          watcher.unobserve(target);
          void drawOne(target);
        }
      },
      { rootMargin: "600px" }
    );
    const plots = document.querySelectorAll(".plot");
    for (const plot of plots) watcher.observe(plot);
    addEventListener("beforeprint", () => {
      watcher.disconnect();
      for (const plot of plots) if (!plot.classList.contains("plot-drawn")) void drawOne(plot);
    });
  }
  closeContentsOnPhones();
  showOneFigure();
  followTheme();
  drawFigures(explore());
  enhanceTables(document);
  enhanceFigures(document);
  Object.assign(window, { reportgen: { numbers: numbers_exports } });
})();
