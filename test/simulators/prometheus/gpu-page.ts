// The page of the simulated GPUs: who has one, what it does, and a button for each thing that it could do. Works without JavaScript.
import { GPU_BEHAVIOURS, type SimulatedPod } from './gpu-history.ts';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export function gpuPage(pods: readonly SimulatedPod[]): string {
  const rows = pods.map(row).join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated GPUs</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8886 }
th[scope=row] { overflow-wrap: anywhere } form { display: flex; flex-wrap: wrap; gap: .3rem } button { font: inherit; padding: .2rem .7rem }
button[aria-pressed=true] { font-weight: bold; outline: 2px solid }
</style>
</head>
<body>
<h1>Simulated GPUs</h1>
<p>What Prometheus will say about the GPU of each server. <b>silent</b>: it says nothing, and nobody may be stopped for an idle GPU.</p>
${
  pods.length === 0
    ? '<p>No GPU yet: start a GPU server.</p>'
    : `<table>
<thead><tr><th scope="col">Server</th><th scope="col">GPUs</th><th scope="col">State</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>`
}
</body>
</html>
`;
}

function row(pod: SimulatedPod): string {
  const buttons = GPU_BEHAVIOURS.map(
    (state) => `<button name="state" value="${state}" aria-pressed="${state === pod.state}">${state}</button>`,
  ).join('');
  return `<tr><th scope="row">${escapeHtml(`${pod.namespace}/${pod.pod}`)}</th><td>${pod.gpus}</td><td><form method="post" action="/gpu">
<input type="hidden" name="namespace" value="${escapeHtml(pod.namespace)}"><input type="hidden" name="pod" value="${escapeHtml(pod.pod)}">${buttons}</form></td></tr>`;
}
