// A simulated Moodle 4.5 on a real socket: sign-in pages, the local_oauth plugin and the REST web services, checked against recordings of a live one.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import { redirect, type Simulation } from './exchange.ts';
import { createFaultDesk, type MoodleFaults, type SimulatorCall } from './faults.ts';
import { localOauth } from './local-oauth.ts';
import { loginPages } from './login-pages.ts';
import type { MoodleSite } from './model.ts';
import { createOauthState, type OauthState } from './oauth-state.ts';
import { createSessions } from './sessions.ts';
import { webService } from './web-service.ts';

export interface MoodleSimulatorOptions {
  readonly site: MoodleSite;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** The site's public address, without a path; default `http://<host>:<port>`. Requests for another Host are redirected to it. */
  readonly wwwroot?: string;
  readonly now?: () => Date;
}

export interface MoodleSimulator {
  readonly wwwroot: string;
  readonly port: number;
  /** May be read and changed at any time, best through site-changes.ts. */
  readonly site: MoodleSite;
  readonly faults: MoodleFaults;
  /** Every request since the start, in order, without values. */
  readonly calls: SimulatorCall[];
  /** The plugin's tables. */
  readonly oauth: OauthState;
  stop(): Promise<void>;
}

/** "The Host rule" of moodle.md 0: another Host gets a 303 to the same path at wwwroot, web services and token.php included. */
function hostRule(simulation: Simulation) {
  return (request: Request, response: Response, next: () => void): void => {
    if (request.headers.host === new URL(simulation.wwwroot).host) next();
    else redirect(response, simulation.wwwroot + request.originalUrl, 'text/html; charset=UTF-8');
  };
}

/** Starts the simulator; rejects when the address is taken. LTI is another router to add here (a later issue). */
export async function startMoodleSimulator(options: MoodleSimulatorOptions): Promise<MoodleSimulator> {
  const { site, host = '127.0.0.1', port = 0, now = () => new Date() } = options;
  const simulation: Simulation = { site, wwwroot: (options.wwwroot ?? '').replace(/\/$/, ''), now };
  if (simulation.wwwroot !== '' && new URL(simulation.wwwroot).pathname !== '/')
    throw new Error(`The simulated Moodle cannot live below a path: give a wwwroot like http://moodle.localhost:8090.`);
  const sessions = createSessions(site);
  const oauth = createOauthState();
  const desk = createFaultDesk(simulation);
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', false);
  app.use(hostRule(simulation));
  app.use(express.text({ type: () => true, limit: '5mb' }));
  app.use(desk.handle);
  app.use(webService(simulation));
  app.use(localOauth(simulation, sessions, oauth));
  app.use(loginPages(simulation, sessions));
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  if (simulation.wwwroot === '') simulation.wwwroot = `http://${host}:${address.port}`;
  return {
    wwwroot: simulation.wwwroot,
    port: address.port,
    site,
    faults: desk.faults,
    calls: desk.calls,
    oauth,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
