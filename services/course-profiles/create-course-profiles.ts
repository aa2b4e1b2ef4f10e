// course-profiles: the start form, the check behind it, the binding admission and the end of a session, for the hub glue.
import express, { type RequestHandler, Router } from 'express';
import { endStoppedSession } from '../../src/database/admissions.ts';
import { databaseNow } from '../../src/database/database.ts';
import type { AdmissionDecision } from '../../src/domain/admission/admission.ts';
import { createInternalAuth } from '../../src/http/internal-auth.ts';
import { internalCallers } from '../../src/http/internal-callers.ts';
import { problemHandler } from '../../src/http/problem.ts';
import { currentRequestId } from '../../src/http/request-id.ts';
import { databaseReadiness } from '../../src/runtime/database-readiness.ts';
import { clusterReadiness, type Service, type ServiceEnvironment } from '../../src/runtime/service.ts';
import { admit } from './admit.ts';
import { type CourseProfilesMetrics, createCourseProfilesMetrics } from './course-profiles-metrics.ts';
import { loadOffers } from './load-offers.ts';
import { renderForm } from './render-form.ts';
import { admissionBody, checkBody, formQuery, parseRequest, sessionEndBody } from './requests.ts';

export function createCourseProfiles(environment: ServiceEnvironment): Service {
  const { config, secrets, db, logger } = environment;
  const counters = createCourseProfilesMetrics(environment.metrics);
  const allow = createInternalAuth(internalCallers(config, secrets));
  const router = Router();
  const json = express.json({ limit: '64kb' });
  router.get('/form', allow('form'), form(environment, counters));
  router.post('/checks', allow('check'), json, check(environment, counters));
  router.post('/admissions', allow('admit'), json, admission(environment, counters));
  router.post('/sessions/end', allow('end'), json, sessionEnd(environment, counters));
  router.use(problemHandler(logger));
  return {
    name: 'course-profiles',
    internalHandler: router,
    readiness: [databaseReadiness(db), ...clusterReadiness(environment.cluster)],
    start: async () => undefined,
    stop: async () => undefined,
  };
}

function form({ config, db, logger, cluster }: ServiceEnvironment, counters: CourseProfilesMetrics): RequestHandler {
  return async (req, res) => {
    const { user, server } = parseRequest(formQuery, req.query);
    const now = await databaseNow(db);
    const offers = await loadOffers(db, config, now, user, server);
    const page = await renderForm({ db, config, now, user, serverName: server, offers, cluster });
    counters.forms.inc({ outcome: page.outcome });
    logger.debug({ hub_username: user, outcome: page.outcome, request_id: currentRequestId() }, 'form rendered');
    res.set('Cache-Control', 'no-store').type('html').send(page.html);
  };
}

function check({ config, db, logger }: ServiceEnvironment, counters: CourseProfilesMetrics): RequestHandler {
  return async (req, res) => {
    const body = parseRequest(checkBody, req.body);
    const offers = await loadOffers(db, config, await databaseNow(db), body.user, body.server);
    const decision = offers.decide(body.course_profile);
    report(logger, counters, 'check', body, decision);
    res.json({ decision: decision.decision, reason: decision.reason, message: decision.message });
  };
}

function admission({ config, db, logger }: ServiceEnvironment, counters: CourseProfilesMetrics): RequestHandler {
  return async (req, res) => {
    const body = parseRequest(admissionBody, req.body);
    const { decision, session } = await admit(db, config, {
      requestId: body.request_id,
      user: body.user,
      serverName: body.server,
      requested: body.course_profile,
      placement: body.placement,
    });
    if (!session?.repeated) report(logger, counters, 'admission', body, decision, session?.id);
    res.json({
      decision: decision.decision,
      reason: decision.reason,
      message: decision.message,
      ...(session
        ? {
            session_id: session.id,
            ends_at: decision.decision === 'admit' ? decision.endsAt : null,
            settings: session.settings,
          }
        : {}),
    });
  };
}

function sessionEnd({ db, logger }: ServiceEnvironment, counters: CourseProfilesMetrics): RequestHandler {
  return async (req, res) => {
    const body = parseRequest(sessionEndBody, req.body);
    const ended = await endStoppedSession(db, body.user, body.server, body.session_id);
    counters.sessionsEnded.inc({ outcome: ended ? 'ended' : 'no_open_session' });
    if (ended)
      logger.info(
        { hub_username: body.user, session_id: ended.id, reason: ended.reason, request_id: currentRequestId() },
        'session ended',
      );
    res.json({ ended: ended !== null });
  };
}

/** Answer, log line and metric come from the same decision value. */
function report(
  logger: ServiceEnvironment['logger'],
  counters: CourseProfilesMetrics,
  stage: 'check' | 'admission',
  body: { readonly user: string; readonly server: string; readonly course_profile: string },
  { decision, reason }: AdmissionDecision,
  sessionId?: string,
): void {
  counters.decisions.inc({ stage, decision, reason });
  const fields = {
    stage,
    decision,
    reason,
    hub_username: body.user,
    server: body.server,
    course_profile: body.course_profile,
    session_id: sessionId,
    request_id: currentRequestId(),
  };
  logger.info(fields, 'admission decided');
}
