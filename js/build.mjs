// Bundles the views into the Python package.
//   node build.mjs            writes batchata_nb/widgets/static
//   node build.mjs --check    fails when what is written there differs from what would be built
//   node build.mjs --demo     serves demo.html on 127.0.0.1, without a kernel
import { readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "batchata_nb", "widgets", "static");
const LIMIT = 100 * 1024; // bytes of each script: it is synced with every widget

const options = {
  absWorkingDir: here,
  entryPoints: { dashboard: "src/dashboard.ts", overview: "src/overview.ts", result: "src/result.ts", views: "src/style/views.css" },
  outdir: target,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  minify: true,
  legalComments: "none",
  charset: "ascii",
  logLevel: "warning",
};

if (process.argv.includes("--demo")) {
  const context = await esbuild.context({
    ...options,
    entryPoints: { demo: "demo/main.ts" },
    outdir: join(here, "build"),
    minify: false,
  });
  const { port } = await context.serve({ host: "127.0.0.1", port: Number(process.env.PORT ?? 8377), servedir: here });
  console.log(`http://127.0.0.1:${port}/demo.html`);
} else {
  const check = process.argv.includes("--check");
  const { outputFiles } = await esbuild.build({ ...options, write: false });
  let bad = false;
  for (const file of outputFiles) {
    const name = relative(join(here, ".."), file.path);
    if (file.path.endsWith(".js") && file.contents.length > LIMIT) {
      console.error(`${name}: ${file.contents.length} bytes, more than ${LIMIT}`);
      bad = true;
    }
    if (check) {
      const there = await readFile(file.path).catch(() => null);
      if (!there?.equals(file.contents)) {
        console.error(`${name} is not what the sources build: run npm run build`);
        bad = true;
      }
    }
  }
  if (!bad && !check) {
    await esbuild.build(options);
    for (const file of outputFiles) {
      const size = (await stat(file.path)).size;
      console.log(`${relative(join(here, ".."), file.path)}  ${size} bytes${file.path.endsWith(".js") ? ` of at most ${LIMIT}` : ""}`);
    }
  }
  process.exitCode = bad ? 1 : 0;
}
