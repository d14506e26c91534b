// Finds what the tests of the page need, or says in one line why they are skipped.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");
export const WEB = join(ROOT, "web");

/** ctest's sign for a skipped test. */
export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

/** The modules that are installed are those of the lock file, whatever else npm notes beside them. */
function areInstalled() {
  const installed = join(WEB, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const { packages: have } = JSON.parse(readFileSync(installed));
  const { packages: want } = JSON.parse(readFileSync(join(WEB, "package-lock.json")));
  return Object.entries(want).every(([name, { version, optional }]) => name === "" || optional || have[name]?.version === version);
}

/** Installs web/node_modules from the lock file if they are not there; skips where npm cannot. */
export function needModules() {
  if (areInstalled()) return;
  const result = spawnSync("npm", ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund",
    "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"], { cwd: WEB, encoding: "utf8", timeout: 300000 });
  if (result.error) skip(`npm does not run here (${result.error.code})`);
  if (result.status !== 0) {
    // A lock file that does not fit package.json is our fault, not the network's.
    if (/EUSAGE|EINTEGRITY/.test(result.stderr)) throw new Error(result.stderr);
    skip(`npm ci could not install web/node_modules: ${result.stderr.trim().split("\n")[0]}`);
  }
}

/** Debian's Chromium or its like; KILONAT_CHROMIUM names another. */
export function needChromium() {
  const names = process.env.KILONAT_CHROMIUM ? [process.env.KILONAT_CHROMIUM]
    : (process.env.PATH ?? "").split(delimiter).flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)));
  for (const path of names) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next one
    }
  }
  return skip("no chromium on the PATH");
}

/** Modules of web/, which do not lie above this folder. */
export const webRequire = createRequire(join(WEB, "package.json"));
