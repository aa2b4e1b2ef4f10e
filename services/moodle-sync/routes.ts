// The internal API of moodle-sync: a run over the site, a refresh of one person.
import { type RequestHandler, Router } from 'express';
import type { SiteRun } from '../../src/database/sync-runs.ts';
import { personId } from '../../src/domain/ids.ts';
import type { RequireOperation } from '../../src/http/internal-auth.ts';
import { Problem, problemHandler } from '../../src/http/problem.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { SiteRuns } from './site-runs.ts';
import type { PersonSync } from './sync-person.ts';

export function createSyncRoutes(allow: RequireOperation, runs: SiteRuns, persons: PersonSync, logger: Logger): Router {
  const router = Router();
  router.post('/sync', allow('sync-site'), syncSiteHandler(runs));
  router.post('/people/:id/sync', allow('sync-person'), syncPersonHandler(persons));
  router.use(problemHandler(logger));
  return router;
}

/** 202 `{"run": id}`; with `?wait=1` 200 and the run's summary when it is over. A run that is going on is joined. */
function syncSiteHandler(runs: SiteRuns): RequestHandler {
  return async (req, res) => {
    const { wait } = req.query;
    if (wait !== undefined && wait !== '1')
      throw new Problem(400, 'malformed_request', 'The parameter "wait" must be 1 or absent.');
    const run = runs.begin();
    if (wait === undefined) res.status(202).json({ run: await run.id });
    else res.json(toAnswer(await run.finished));
  };
}

const toAnswer = (run: SiteRun): Record<string, unknown> => ({
  run: run.id,
  outcome: run.outcome,
  started_at: run.startedAt,
  finished_at: run.finishedAt,
  summary: run.summary,
});

function syncPersonHandler(persons: PersonSync): RequestHandler {
  return async (req, res) => {
    const id = req.params['id'];
    if (typeof id !== 'string' || !/^[1-9]\d{0,17}$/.test(id))
      throw new Problem(400, 'malformed_request', 'The id of a person is a whole number: our own id, not a username.');
    const answer = await persons.refresh(personId(id));
    if (!answer) throw new Problem(404, 'unknown_person', `There is no person with the id ${id}.`);
    res.json(answer);
  };
}
