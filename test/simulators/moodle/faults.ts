// What can go wrong with a Moodle on the way to it, settable while the simulator runs (moodle.md 2.1, issue 3 "Bad input").
import type { NextFunction, Request, Response } from 'express';
import { fieldsOf, redirect, type Simulation, send } from './exchange.ts';
import { escapeHtml } from './php-values.ts';

/**
 * html: 200 with a web page; redirect: 303 to the login page; 503: the maintenance page; half-json: JSON that ends in the middle;
 * empty-list: `[]`; hang: no answer until the client gives up; reset: the connection is cut.
 */
export type FaultAnswer = 'html' | 'redirect' | '503' | 'half-json' | 'empty-list' | 'hang' | 'reset';

export interface FaultRule {
  /** All given parts must match; an empty match is every request. */
  readonly match: { readonly path?: string; readonly wsfunction?: string };
  /** How often; without it until it is taken back. */
  readonly times?: number;
  readonly answer: FaultAnswer;
}

export interface SimulatorCall {
  readonly method: string;
  readonly path: string;
  readonly wsfunction: string | undefined;
}

export interface MoodleFaults {
  /** Added before every answer. */
  latencyMilliseconds: number;
  /** 503 with HTML on every address. */
  maintenance: boolean;
  /** 403 with an empty page on the web-service address. */
  webServicesOff: boolean;
  /** Adds a rule; the returned function takes it back. The first rule that matches answers. */
  fail(rule: FaultRule): () => void;
  /** Everything works again, without latency. */
  clear(): void;
}

export interface FaultDesk {
  readonly faults: MoodleFaults;
  readonly calls: SimulatorCall[];
  readonly handle: (request: Request, response: Response, next: NextFunction) => void;
}

function sendMaintenance(simulation: Simulation, response: Response): void {
  const title = escapeHtml(`${simulation.site.name} under maintenance`);
  send(response, {
    status: 503,
    contentType: 'text/html; charset=utf-8',
    cacheControl: 'private, pre-check=0, post-check=0, max-age=0, no-transform',
    headers: { 'Retry-After': '300' },
    body: `<!DOCTYPE html>\n<html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1><p>This site is undergoing maintenance and is currently not available</p></body></html>`,
  });
}

function sendBody(response: Response, contentType: string, body: string): void {
  send(response, { status: 200, contentType, cacheControl: 'no-store', body });
}

function answerFault(simulation: Simulation, answer: FaultAnswer, request: Request, response: Response): void {
  switch (answer) {
    case 'html':
      sendBody(response, 'text/html; charset=utf-8', '<!DOCTYPE html><html><body><h1>Error</h1></body></html>');
      return;
    case 'redirect':
      redirect(response, `${simulation.wwwroot}/login/index.php`);
      return;
    case '503':
      sendMaintenance(simulation, response);
      return;
    case 'half-json':
      sendBody(response, 'application/json', '[{"id":3,"username":"stud');
      return;
    case 'empty-list':
      sendBody(response, 'application/json', '[]');
      return;
    case 'hang':
      return;
    case 'reset':
      request.socket.resetAndDestroy();
  }
}

/** The list of faults, the list of calls, and the step that applies both to a request. */
export function createFaultDesk(simulation: Simulation): FaultDesk {
  let rules: { rule: FaultRule; left: number }[] = [];
  const calls: SimulatorCall[] = [];
  const faults: MoodleFaults = {
    latencyMilliseconds: 0,
    maintenance: false,
    webServicesOff: false,
    fail(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.push(entry);
      return () => {
        rules = rules.filter((other) => other !== entry);
      };
    },
    clear() {
      rules = [];
      faults.latencyMilliseconds = 0;
      faults.maintenance = false;
      faults.webServicesOff = false;
    },
  };
  const take = (call: SimulatorCall): FaultAnswer | undefined => {
    const found = rules.find(
      ({ rule, left }) =>
        left > 0 &&
        (rule.match.path === undefined || rule.match.path === call.path) &&
        (rule.match.wsfunction === undefined || rule.match.wsfunction === call.wsfunction),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.rule.answer;
  };
  const apply = (request: Request, response: Response, next: NextFunction, call: SimulatorCall): void => {
    const answer = take(call);
    if (answer !== undefined) answerFault(simulation, answer, request, response);
    else if (faults.maintenance) sendMaintenance(simulation, response);
    else if (faults.webServicesOff && call.path.startsWith('/webservice/'))
      send(response, { status: 403, contentType: 'text/html; charset=utf-8', cacheControl: 'no-store', body: '' });
    else next();
  };
  return {
    faults,
    calls,
    handle(request, response, next) {
      const { query, post } = fieldsOf(request, simulation.site.maxInputVars);
      const wsfunction = post['wsfunction'] ?? query['wsfunction'];
      const call = {
        method: request.method,
        path: request.path,
        wsfunction: typeof wsfunction === 'string' ? wsfunction : undefined,
      };
      calls.push(call);
      if (faults.latencyMilliseconds === 0) apply(request, response, next, call);
      else setTimeout(() => apply(request, response, next, call), faults.latencyMilliseconds);
    },
  };
}
