/** GET /: what this is and where to begin, for somebody who opened the address in a browser. Loads nothing. */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { pagePolicy } from './security-headers.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
  pre { padding: 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: .5rem; }
  code, pre { font: .875rem/1.5 ui-monospace, monospace; }
  th { text-align: left; padding-right: 1.5rem; font-weight: 600; vertical-align: top; }
`;

/** Something to paste; a test keeps it in step with the schema. */
export const FIRST_QUERY = `{
  studies(first: 5) {
    nodes {
      studyInstanceUid
      findings(positive: true) { label probability threshold }
    }
  }
}`;

/** Something to paste; a test keeps it in step with the schema. */
export const FIRST_SUBSCRIPTION = `subscription {
  findingsCompleted {
    cursor
    study { studyInstanceUid }
    findings { label probability positive }
  }
}`;

const STYLE_SHA256 = createHash('sha256').update(STYLE).digest('base64');

function page(origin: string): string {
  const curl = `curl ${origin}/graphql -H "authorization: Bearer $CXR_GATEWAY_TOKEN" -H 'content-type: application/json' \\
  -d '{"query":"{ modelVersions { nodes { name version state digest } } }"}'`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>cxr-gateway</title><meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body>
<h1>cxr-gateway</h1>
<p>Chest films in as DICOM, findings out live.</p>
<table>
<tr><th>Send films</th><td><code>POST /dicomweb/studies</code> (STOW-RS), or the mutation <code>ingestInstances</code></td></tr>
<tr><th>Query</th><td><code>POST /graphql</code></td></tr>
<tr><th>Subscribe</th><td><code>ws</code> on <code>/graphql</code> (graphql-transport-ws)</td></tr>
<tr><th>State</th><td><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a></td></tr>
</table>
<h2>First request</h2><p>With an access token or an API key in <code>CXR_GATEWAY_TOKEN</code>.</p><pre>${escapeHtml(curl)}</pre>
<h2>First query</h2><pre>${escapeHtml(FIRST_QUERY)}</pre>
<h2>First subscription</h2><pre>${escapeHtml(FIRST_SUBSCRIPTION)}</pre>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Adds the route. */
export function addLandingPage(app: FastifyInstance): void {
  app.get('/', async (request, reply) =>
    reply
      .header('content-security-policy', pagePolicy(STYLE_SHA256))
      .header('cache-control', 'no-cache')
      .type('text/html; charset=utf-8')
      .send(page(`${request.protocol}://${request.host}`)),
  );
}
