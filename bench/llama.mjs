// Answers lines {prompts: [[token, …], …], count} with the seconds that llama.cpp took for them.
//     node llama.mjs FOLDER_WITH_NODE_MODULES MODEL.gguf THREADS
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";
import readline from "node:readline";

const [folder, file, threads] = process.argv.slice(2);
const entry = createRequire(pathToFileURL(`${folder}/`)).resolve("node-llama-cpp");
const {getLlama} = await import(pathToFileURL(entry));
const llama = await getLlama({gpu: false, build: "never", maxThreads: Number(threads), logLevel: "error"});
const model = await llama.loadModel({modelPath: file});
const context = await model.createContext({contextSize: 1024, threads: Number(threads), sequences: 8});
const sequences = Array.from({length: 8}, () => context.getSequence());

async function answer(sequence, prompt, count) {
  await sequence.clearHistory();
  let written = 0;
  for await (const token of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
    if (++written >= count) break;
  }
  return written;
}

console.log(JSON.stringify({ready: true}));
for await (const line of readline.createInterface({input: process.stdin})) {
  const {prompts, count} = JSON.parse(line);
  const before = process.cpuUsage(), start = process.hrtime.bigint();
  const written = await Promise.all(prompts.map((prompt, i) => answer(sequences[i], prompt, count)));
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({wall, processor: (used.user + used.system) / 1e6, written}));
}
process.exit(0);
