// GET /auth/:uid, the last step before the client gets its code: what the library does not compare (its actions/authorization/resume.js).
import type { RequestHandler } from 'express';
import type { BridgeCookies } from './cookies.ts';
import type { PersonSwitch } from './person-switch.ts';
import { findProviderAccount } from './provider-session.ts';
import type { Interaction, Provider } from './provider-types.ts';
import { SigninRefusal } from './signin-refusal.ts';
import type { ReportSignin } from './signin-report.ts';

export interface ResumeGuardOptions {
  readonly provider: Provider;
  readonly cookies: BridgeCookies;
  readonly personSwitch: PersonSwitch;
  readonly report: ReportSignin;
}

/**
 * The library resumes what `ob_resume` names, whatever the path says; the browser is bound to the path's sign-in, so both must be the same.
 * And when two sign-ins of one browser end at once as different persons, the second one finds the first one's session:
 * the library would answer with a script that the CSP blocks, so the second takes the hop like any other switch of persons.
 */
export function createResumeGuard(options: ResumeGuardOptions): RequestHandler<{ uid: string }> {
  const { provider, cookies, personSwitch, report } = options;
  return async (req, res, next) => {
    const resume = cookies.readResume(req);
    if (resume !== null && resume !== req.params.uid)
      throw new SigninRefusal('other_browser', { detail: 'ob_resume names another sign-in than the address' });
    const interaction = resume === null ? undefined : await provider.Interaction.find(req.params.uid);
    const personId = interaction?.result?.login?.accountId;
    const account = personId === undefined ? null : await findProviderAccount(provider, req, res);
    if (!interaction || personId === undefined || account === null || account === personId) {
      next();
      return;
    }
    await interaction.destroy();
    report('switched_person', { person_id: personId, detail: 'another sign-in of this browser ended meanwhile' });
    await personSwitch.hop(req, res, personId, interaction as Interaction);
  };
}
