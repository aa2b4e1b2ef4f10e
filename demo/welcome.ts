// What a newcomer reads when the campus is ready.
import type { Campus } from './campus.ts';
import { DEMO_PASSWORD, DEMO_PEOPLE } from './people.ts';

export function printWelcome({ addresses, folder }: Campus): void {
  const hosts = [
    'hub.localhost',
    'bridge.localhost',
    ...DEMO_PEOPLE.slice(0, 4).map(({ login }) => `${login}.hub.localhost`),
  ];
  const rows = DEMO_PEOPLE.map(
    ({ login, shows }) => `    ${login.padEnd(12)}${/[^ -~]/.test(login) ? '' : '  '}${shows}`,
  );
  console.log(`
  The campus is ready. Open the hub and sign in:

    ${addresses.hub}

  Logins (password of everybody: ${DEMO_PASSWORD})
${rows.join('\n')}

  Make a server's GPU busy, idle or silent:   ${addresses.prometheus}/
    or: curl -d namespace=local -d pod=student1-- -d state=busy ${addresses.prometheus}/gpu
    A server with an idle GPU is stopped after 90 s and a grace of 30 s, whatever tabs are open.

  Metrics, health: http://127.0.0.1:${addresses.ports.ops}/metrics  /readyz
  Logs:            ${folder}/*.log

  Chromium, Chrome, Edge and Firefox know *.localhost by themselves. If your browser cannot find hub.localhost (Safari),
  add this line to /etc/hosts:
    127.0.0.1 ${hosts.join(' ')}

  Ctrl-C ends everything.
`);
}
