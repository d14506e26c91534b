// One HTML file: the script and the styles go into the page, and nothing is left beside it.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

/** The licences of the npm modules whose code is in a chunk, as one text. */
function licencesOf(chunk) {
  const folders = new Set();
  for (const [id, { renderedLength }] of Object.entries(chunk.modules)) {
    const inside = renderedLength > 0 && /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
    if (inside) folders.add(inside[1]);
  }
  const texts = new Map(); // many modules share a licence
  for (const folder of [...folders].sort()) {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} comes without a licence text`);
    const text = readFileSync(join(folder, file), "utf8").trim();
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
  }
  return [...texts].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n----\n\n");
}

/** Puts the built script and style sheet into the HTML in place of the tags that name them. */
function inlineEverything() {
  return {
    name: "kilonat-inline",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = bundle["index.html"];
      for (const [name, file] of Object.entries(bundle)) {
        if (file === page) continue;
        // Functions, since "$" has a meaning in a replacement text.
        if (file.type === "chunk") {
          const code = file.code.trim().replaceAll("</script", "<\\/script");
          page.source = page.source.replace(/<script type="module"[^>]*><\/script>/, () => "");
          const licences = licencesOf(file).replaceAll("<", "(").replaceAll(">", ")"); // of addresses
          page.source = page.source.replace("</body>", () => `<script type="text/plain" id="licences">${licences}</script>\n</body>`);
          page.source = page.source.replace(
            "</body>", () => `<script type="module">${code}</script>\n</body>`);
        } else {
          page.source = page.source.replace(
            /<link rel="stylesheet"[^>]*>/, () => `<style>${String(file.source).trim()}</style>`);
        }
        delete bundle[name];
      }
      page.fileName = "report.html";
    },
  };
}

export default defineConfig({
  base: "./",
  // Nothing from the machine that builds: neither its environment nor its browsers' list.
  envDir: false,
  css: { postcss: {} },
  build: {
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    reportCompressedSize: false,
    emptyOutDir: true,
    rollupOptions: { output: { inlineDynamicImports: true } },
  },
  plugins: [inlineEverything()],
});
