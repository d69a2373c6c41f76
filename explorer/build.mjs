// Builds the scripts that every page loads, into ../templates/assets:
//   plotly.js     the part of Plotly that the pages use, without the texts that describe its attributes
//   page.js       this folder's own modules and the table sorter, as one script: pages opened from a file may not
//                 load modules
//   search.js     what finds pages by their words; loaded when somebody searches
//   scripts.json  what was built from what: versions, licences, integrity, and the hash of these sources
//   licences.txt  the licences of everything inside

import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ASSETS = path.join(HERE, "..", "templates", "assets");

const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/.source;
const DESCRIPTION = new RegExp(
  String.raw`\bdescription:\s*(?:\[(?:\s*(?:${STRING}|[\w.]+(?:\([^()]*\))?|\+)\s*,?)*\s*\]\.join\(\s*['"]\s*['"]\s*\)|${STRING})(?=\s*[,}])`,
  "g",
);

const withoutDescriptions = {
  name: "without-descriptions",
  setup(builder) {
    builder.onLoad({ filter: /plotly\.js\/src\/.*\.js$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, "utf8")).replace(DESCRIPTION, "description: ''"),
      loader: "js",
    }));
  },
};

const common = { bundle: true, target: "es2022", metafile: true, logLevel: "warning", absWorkingDir: HERE };

const plotly = await build({
  ...common,
  entryPoints: ["src/plotly.cjs"],
  outfile: path.join(ASSETS, "plotly.js"),
  format: "iife",
  globalName: "Plotly",
  minify: true,
  legalComments: "none",
  banner: { js: "/* Part of plotly.js (MIT) with its dependencies; licences in licences.txt. Built by `make scripts`. */" },
  define: { global: "window", "define.amd": "false" },
  loader: { ".css": "empty" },
  plugins: [withoutDescriptions],
});

const page = await build({
  ...common,
  entryPoints: ["src/page.ts"],
  outfile: path.join(ASSETS, "page.js"),
  format: "iife",
  minify: true,
  legalComments: "inline",
  banner: { js: "/* Built from explorer/src by `make scripts`: change it there. */" },
});

const search = await build({
  ...common,
  entryPoints: ["src/search.ts"],
  outfile: path.join(ASSETS, "search.js"),
  format: "iife",
  minify: true,
  legalComments: "inline",
  banner: { js: "/* Built from explorer/src by `make scripts`, with MiniSearch (MIT): change it there. */" },
});

async function sourcesHash() {
  const files = ["build.mjs", "package-lock.json", "tsconfig.json"];
  for (const name of await readdir(path.join(HERE, "src"))) files.push(`src/${name}`);
  const hash = createHash("sha256");
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(path.join(HERE, file))).update("\0");
  return hash.digest("hex");
}

async function packages(...results) {
  const names = new Set();
  for (const result of results)
    for (const input of Object.keys(result.metafile.inputs)) {
      const inside = input.split("node_modules/").pop();
      if (inside !== input) names.add(inside.split("/").slice(0, inside.startsWith("@") ? 2 : 1).join("/"));
    }
  return [...names].sort();
}

async function licence(name) {
  const folder = path.join(HERE, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? (await readFile(path.join(folder, file), "utf8")).trim() : "";
  return { name, version, license: typeof license === "object" ? license.type : license, text };
}

const parts = await Promise.all((await packages(plotly, page, search)).map(licence));
const built = {};
for (const name of ["plotly.js", "page.js", "search.js"]) {
  const content = await readFile(path.join(ASSETS, name));
  built[name] = { bytes: content.length, integrity: `sha256-${createHash("sha256").update(content).digest("base64")}` };
}
const versions = parts.map(({ name, version, license }) => ({ name, version, licence: license }));
const record = { built, packages: versions, sources: await sourcesHash() };
await writeFile(path.join(ASSETS, "scripts.json"), `${JSON.stringify(record, null, 1)}\n`);
const texts = parts.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}`.trim());
await writeFile(path.join(ASSETS, "licences.txt"), `${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
for (const [name, { bytes }] of Object.entries(built)) console.log(`${name}: ${bytes.toLocaleString("en")} bytes`);
