// Draws the page's figures. A figure's data stand beside it as JSON, with colours named as CSS variables, so
// that one set of data serves the light and the dark page; they are looked up here, at each drawing.

const COLOUR = /^var\((--[\w-]+)\)$/;
const OPTIONS = { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: "reset" };

function withColours(value, style) {
  if (typeof value === "string") {
    const name = COLOUR.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }
  if (Array.isArray(value)) return value.map((item) => withColours(item, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withColours(item, style)]));
}

async function draw(plot) {
  const figure = JSON.parse(plot.querySelector("script").textContent);
  const { data, layout } = withColours(figure, getComputedStyle(document.documentElement));
  let canvas = plot.querySelector(".plot-canvas");
  if (!canvas) {
    canvas = document.createElement("div");
    canvas.className = "plot-canvas";
    plot.append(canvas);
  }
  layout.height = Number(plot.dataset.height);
  await window.Plotly.react(canvas, data, layout, OPTIONS);
  plot.classList.add("plot-drawn");
}

function closeContentsOnPhones() {
  const contents = document.querySelector(".contents details");
  if (contents && !matchMedia("(min-width: 75rem)").matches) contents.open = false;
}

closeContentsOnPhones();
const plots = [...document.querySelectorAll(".plot")];
const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries.filter(({ isIntersecting }) => isIntersecting)) {
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  },
  { rootMargin: "600px" },
);
plots.forEach((plot) => watcher.observe(plot));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  plots.filter((plot) => plot.classList.contains("plot-drawn")).forEach(draw);
});

// Paper is white whatever the screen is: the dark colours step aside while the page is printed.
function redrawForPaper(printing) {
  document.documentElement.classList.toggle("printing", printing);
  plots.forEach(draw);
}
window.addEventListener("beforeprint", () => redrawForPaper(true));
window.addEventListener("afterprint", () => redrawForPaper(false));
